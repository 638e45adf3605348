# SPDX-License-Identifier: MIT OR Apache-2.0
"""The public names are a promise: adding one is a decision, losing one a breaking change."""

from __future__ import annotations

from pathlib import Path

import edgetrace

SNAPSHOT = Path(__file__).with_name("public_api.txt")


def test_the_public_names_are_those_of_the_snapshot() -> None:
    """edgetrace.__all__ is public_api.txt, sorted, line by line; change both or none."""
    assert sorted(edgetrace.__all__) == SNAPSHOT.read_text(encoding="utf-8").split()


def test_every_public_name_is_there_and_documented() -> None:
    """Each name of __all__ resolves, and what can carry a docstring has one."""
    undocumented = [
        name
        for name in edgetrace.__all__
        if callable(getattr(edgetrace, name)) and not getattr(edgetrace, name).__doc__
    ]
    assert not undocumented
