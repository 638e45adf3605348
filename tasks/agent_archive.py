# SPDX-License-Identifier: MIT OR Apache-2.0
"""edgetrace-agent.zip: what the script tag's runtime runs of the agent, as small as it gets.

The library is the wheel. Of it the runtime reaches a part, which loses what only people and type
checkers read and is compressed as one text; every line keeps its number:

    agent/edgetrace/*.py -> inline -> shake -> without_annotations -> strip -> bz2 -> modules.bz2
    tasks/bootstrap.py -----------------------> without_annotations -> strip -> __init__.py

bz2 makes 8 % less of it than zopfli's deflate (November 2026), is in every Pyodide, and is loaded
by a bare loadPyodide(); zstd and xz would make no less, and are not in every Pyodide.
"""

from __future__ import annotations

import bz2
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tasks.annotations import without_annotations
from tasks.archive import zip_bytes
from tasks.console import BuildError
from tasks.inline import inline
from tasks.paths import PACKAGE, ROOT
from tasks.shake import shake
from tasks.strip import strip

ROOTS: Final = (
    "browser.serve",
    "_serve.WorkerRuntime.entries",
    "_serve.WorkerRuntime.receive",
)
"""What browser/src/python.ts and hand.ts call."""
BOOTSTRAP: Final = ROOT / "tasks" / "bootstrap.py"
NOT_THERE: Final = {"__init__", "testing", "pytest_plugin"}
"""Modules that the archive has another of, or that only a host runs."""


def agent_zip() -> bytes:
    """The archive, for `sys.path`; the same bytes from the same sources."""
    return zip_bytes(
        {
            "edgetrace/__init__.py": small(BOOTSTRAP.read_text(encoding="utf-8")).encode(),
            "edgetrace/modules.bz2": packed(modules()),
        }
    )


def modules(package: Path = PACKAGE) -> dict[str, str]:
    """File name -> text of each module that the runtime reaches, with its lines where they are.

    Raises:
        BuildError: A module is not Python.
    """
    sources = {
        path.stem: path.read_text(encoding="utf-8")
        for path in package.glob("*.py")
        if path.stem not in NOT_THERE
    }
    try:
        reached = shake(inline(sources), ROOTS)
        return {f"{name}.py": small(text, name) for name, text in reached.items()}
    except SyntaxError as exc:
        raise BuildError(f"{exc.filename}.py:{exc.lineno}: {exc.msg}") from exc


def small(source: str, name: str = "<source>") -> str:
    """The same program without what only people and type checkers read, line for line."""
    return strip(without_annotations(source, name), name)


def packed(files: Mapping[str, str]) -> bytes:
    """All files as `bootstrap.py` reads them: name, line break, text, joined by NUL."""
    return bz2.compress("\0".join([f"{name}\n{files[name]}" for name in sorted(files)]).encode())
