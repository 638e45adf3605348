# SPDX-License-Identifier: MIT OR Apache-2.0
"""The gateway's package as a whole: no JavaScript, nothing that Pyodide would have to load."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tasks.paths import ROOT
from tests.architecture.test_imports import FREE

PACKAGE = ROOT / "worker" / "edgetrace_gateway"
MODULES = sorted(PACKAGE.glob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level names that a module imports from outside its package."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).partition(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_what_is_loaded_anyway_is_imported(path: Path) -> None:
    """The agent, and of the standard library what a bare loadPyodide() brings."""
    assert imported(path) <= FREE | {"edgetrace"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_short_enough_to_be_read_at_once(path: Path) -> None:
    """Under 300 lines."""
    assert path.read_text(encoding="utf-8").count("\n") < 300
