# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/security.md promises nothing without a test, and each test that it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tasks.paths import ROOT

PAGE = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


@cache
def functions(path: Path) -> set[str]:
    """The functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def rows() -> list[str]:
    """The rows of the tables with a column of tests."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    found, inside = [], False
    for line in lines:
        if line.startswith("|") and line.endswith("| Test |"):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            found.append(line)
    return found


def test_every_threat_has_a_test() -> None:
    """Each row of the threat model names one at least."""
    assert len(rows()) >= 30
    assert [row for row in rows() if not NAMED.search(row)] == []


def test_every_named_test_is_there() -> None:
    """File and function, below tests/."""
    named = NAMED.findall(PAGE.read_text(encoding="utf-8"))
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / "tests" / file).is_file() or name not in functions(ROOT / "tests" / file)
    ]
    assert missing == []


def test_the_policy_says_how_to_report() -> None:
    """SECURITY.md stands where people and platforms look for it, and leads to the threat model."""
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for word in ("Report", "Supported versions", "docs/security.md"):
        assert word in policy
