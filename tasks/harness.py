# SPDX-License-Identifier: MIT OR Apache-2.0
"""The folder that pytest-pyodide serves: dist/pyodide as built, plus wheels that only tests need.

`run_in_pyodide` loads pytest and tblib by name inside Pyodide, and tests of our wheel by micropip
need micropip; npm's pyodide carries none of them. What is ours is linked, so the tests run the
bundle itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tasks import lockfile
from tasks.compressed import CODINGS
from tasks.console import step
from tasks.paths import CACHE, DIST, PYODIDE, WHEELS
from tasks.stamps import STAMP, digest, put_stamp, stamped

FOLDER = CACHE / "pyodide-dist"


def ensure() -> None:
    """Bring .cache/pyodide-dist up to date with dist/pyodide and requirements-pyodide.txt."""
    expected = digest(DIST / "manifest.json", WHEELS / STAMP, Path(__file__))
    if stamped(FOLDER, expected):
        return
    with step("adding the tests' wheels to a copy of Pyodide's lock file"):
        work = CACHE / "pyodide-dist.new"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        wheels = sorted(WHEELS.glob("*.whl"))
        others = {".json", *CODINGS.values()}  # the table is ours to write, and goes as it is
        bundled = [path for path in (DIST / "pyodide").iterdir() if path.suffix not in others]
        for path in [*wheels, *bundled]:
            (work / path.name).symlink_to(os.path.relpath(path, work))
        # pytest-pyodide's Node driver wants CommonJS, and a link would make npm's folder its home.
        shutil.copyfile(PYODIDE / "pyodide.js", work / "pyodide.js")
        table = (DIST / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8")
        locked = lockfile.with_entries(table, lockfile.entries(wheels))
        (work / "pyodide-lock.json").write_text(locked, encoding="utf-8")
        put_stamp(work, expected)
        shutil.rmtree(FOLDER, ignore_errors=True)
        work.rename(FOLDER)
