# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the agent's archive leaves out as written for type checkers: annotations, never a line."""

from __future__ import annotations

import json.decoder
import logging
import textwrap
from pathlib import Path

import pytest

from tasks.annotations import without_annotations
from tasks.paths import PACKAGE

CASES = {
    "parameters and results": (
        "def f(a: int, /, b: dict[str, int] = {1: 2}, *c: str, d: 'x', **e: C) -> D[int]: ...\n",
        "def f(a, /, b = {1: 2}, *c, d, **e): ...\n",
    ),
    "over several lines": (
        "def f(\n    a: dict[\n        str\n    ] = {},\n) -> tuple[\n    int\n]:\n    return a\n",
        "def f(\n    a\n\n = {},\n):\n\n\n    return a\n",
    ),
    "variables": (
        "X: Final = 1\ndef f(self):\n    x: int = X\n    self.x: int = x\n    y: int\n",
        "X = 1\ndef f(self):\n    x = X\n    self.x = x\n    y: None\n",
    ),
    "fields": (
        "class C(NamedTuple):\n    a: D[E]\n    b: int = 1\n\n    def f(self, c: int) -> A: ...\n",
        "class C(NamedTuple):\n    a: None\n    b: None = 1\n\n    def f(self, c): ...\n",
    ),
    "postponing": (
        "from __future__ import annotations\nimport re\n",
        "\nimport re\n",
    ),
    "letters of more than one byte": (
        "def f(a='ä', b: 'ö' = 'ü') -> 'ß': return 'é', a\n",
        "def f(a='ä', b = 'ü'): return 'é', a\n",
    ),
    "colons that are none": (
        "f = lambda a: {a: 1}[a:2]\nasync def g(a: int = {1: 2}[1]) -> int: ...\n",
        "f = lambda a: {a: 1}[a:2]\nasync def g(a = {1: 2}[1]): ...\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_annotations_go_and_lines_stay(case: str) -> None:
    """Each kind of annotation is blanked, or says None where it declares a name."""
    source, expected = CASES[case]
    assert without_annotations(source) == expected


@pytest.mark.parametrize(
    "path",
    [*sorted(PACKAGE.glob("*.py")), *map(Path, (json.decoder.__file__, logging.__file__))],
    ids=lambda path: path.name,
)
def test_every_module_keeps_its_program(path: Path) -> None:
    """The function's own check passes on all that the archive is made of, and on others' code."""
    source = path.read_text(encoding="utf-8")
    result = without_annotations(source, path.name)
    assert result.count("\n") == source.count("\n")
    assert " -> " not in textwrap.dedent(result) or '"' in result


def test_fields_still_make_a_named_tuple_and_a_dataclass() -> None:
    """The declarations that are left are enough for both."""
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from typing import NamedTuple\nclass A(NamedTuple):\n    a: Missing\n    b: int = 1\n"
        "@dataclass\nclass B:\n    a: Missing\n    b: int = 1\n"
    )
    names: dict[str, type] = {}
    exec(without_annotations(source), names)  # noqa: S102  # our own text
    assert tuple(names["A"](2)) == (2, 1)  # type: ignore[call-overload]
    assert vars(names["B"](2)) == {"a": 2, "b": 1}  # type: ignore[call-overload]
