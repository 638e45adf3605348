# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a visitor downloads stays small: pyproject.toml's limits against the built bundle."""

from __future__ import annotations

import pytest

from tasks import budget
from tasks.paths import DIST


@pytest.mark.parametrize("what", [*sorted(budget.limits().keys() - {"total"}), "together"])
def test_the_bundle_keeps_its_byte_budget(what: str) -> None:
    """No file, nor all together, is over its limit; raising a limit is a commit of its own."""
    assert (DIST / "manifest.json").exists(), "there is no bundle; run: python3 build.py bundle"
    over = [str(line) for line in budget.compare(DIST) if line.what == what and not line.kept]
    assert not over


def test_a_first_page_view_keeps_its_byte_budget() -> None:
    """Loader, worker, Pyodide and its bytecode as brotli are within their limit."""
    line = budget.start(DIST)
    assert line.kept, str(line)
