# SPDX-License-Identifier: MIT OR Apache-2.0
"""One file, one idea, read in one sitting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.paths import BROWSER, PACKAGE, ROOT

ADAPTERS = {"browser.py", "worker.py"}


def _limits() -> dict[str, int]:
    """File, relative to the root -> the line count it stays under."""
    found = {path: 150 if path.name in ADAPTERS else 300 for path in PACKAGE.glob("*.py")}
    found |= dict.fromkeys((ROOT / "tasks").glob("*.py"), 300)
    found |= dict.fromkeys((BROWSER / "src").glob("*.ts"), 150)
    return {path.relative_to(ROOT).as_posix(): limit for path, limit in sorted(found.items())}


@pytest.mark.parametrize(("name", "limit"), _limits().items())
def test_a_file_is_short_enough_to_be_read_at_once(name: str, limit: int) -> None:
    """Agent modules stay under 300 lines, adapters under 150, TypeScript files under 150."""
    lines = (ROOT / Path(name)).read_text(encoding="utf-8").count("\n")
    assert lines < limit
