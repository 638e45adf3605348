# SPDX-License-Identifier: MIT OR Apache-2.0
"""The package loads a public name's module when the name is first used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import edgetrace

SOURCE = Path(edgetrace.__file__).read_text(encoding="utf-8")


def test_names_that_type_checkers_see_are_those_that_are_loaded() -> None:
    """The imports under TYPE_CHECKING and the table of homes are the same names and modules."""
    imported = {
        (node.module, alias.name)
        for block in ast.parse(SOURCE).body
        if isinstance(block, ast.If)
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == {
        (module, name) for module, names in edgetrace._HOMES.items() for name in names.split()
    }


def test_import_loads_nothing_but_the_version() -> None:
    """A bare import leaves the other modules alone."""
    program = "import sys, edgetrace; print(*sorted(m for m in sys.modules if 'edgetrace.' in m))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(Path(edgetrace.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["edgetrace._version"]


def test_unknown_names_are_attribute_errors() -> None:
    """A name that is not public fails as an attribute of any module does."""
    with pytest.raises(AttributeError, match="no attribute 'trace'"):
        edgetrace.trace  # noqa: B018  # the access is the test


def test_dir_lists_public_names() -> None:
    """dir() shows names that have not been used yet."""
    assert set(edgetrace.__all__) <= set(dir(edgetrace))
