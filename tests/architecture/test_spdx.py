# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every source file says under which licence it may be used, in one line a machine can read."""

from __future__ import annotations

import subprocess

from tasks.paths import ROOT

SUFFIXES = {".py", ".pyi", ".ts", ".mjs", ".js", ".css", ".sh"}
LINE = "SPDX-License-Identifier: MIT OR Apache-2.0"


def test_every_source_file_has_its_licence_line() -> None:
    """The line stands among the first three of every source file that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    without = [
        path.relative_to(ROOT).as_posix()
        for path in paths
        if path.suffix in SUFFIXES
        and path.exists()
        and LINE not in "".join(path.read_text(encoding="utf-8").splitlines(True)[:3])
    ]
    assert not without, f"add `{LINE}` to: {without}"
