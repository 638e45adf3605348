# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bytes that may reach a visitor: limits from pyproject.toml `[tool.edgetrace.budget]`, sizes from
dist/manifest.json.

`bundle` prints the comparison, tests/architecture/test_budget.py fails on it.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Final, NamedTuple

from tasks.paths import ROOT

START: Final = (
    "agent.js",
    "edgetrace-worker.js",
    "edgetrace-bytecode.zip",
    "edgetrace-stdlib.zip",
    "pyodide/pyodide.mjs",
    "pyodide/pyodide.asm.mjs",
    "pyodide/pyodide.asm.wasm",
)
"""What a first page view downloads."""
UNITS: Final = {"bytes": "B", "gzip_bytes": "B gzip", "br_bytes": "B brotli"}


class Line(NamedTuple):
    """One limit and how much of it is used, in bytes. `measure` is one of `UNITS`."""

    what: str
    measure: str
    used: int
    limit: int

    @property
    def kept(self) -> bool:
        """Whether the size is within its limit."""
        return self.used <= self.limit

    def __str__(self) -> str:
        state = f"{self.used / self.limit:4.0%} of" if self.kept else "OVER"
        return f"{self.what:22} {self.used:9,} {UNITS[self.measure]:8}  {state} {self.limit:,}"


def limits() -> dict[str, dict[str, int]]:
    """What -> measure -> bytes; the entry `total` holds the files named beside it, together."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, dict[str, int]] = project["tool"]["edgetrace"]["budget"]
    return table


def compare(dist: Path) -> list[Line]:
    """Every limit against the bundle in ``dist``, the total last."""
    files = json.loads((dist / "manifest.json").read_text(encoding="utf-8"))["files"]
    table = limits()
    total = table.pop("total")
    lines = [
        Line(name, measure, files[name][measure], limit)
        for name, entry in table.items()
        for measure, limit in entry.items()
    ]
    for measure, limit in total.items():
        lines.append(Line("together", measure, sum(files[name][measure] for name in table), limit))
    return lines


def start(dist: Path) -> Line:
    """All that a first page view downloads, as brotli, from a server that has it."""
    files = json.loads((dist / "manifest.json").read_text(encoding="utf-8"))["files"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    limit: int = project["tool"]["edgetrace"]["start_budget"]["br_bytes"]
    used = sum(files[name].get("br_bytes", files[name]["bytes"]) for name in START)
    return Line("first page view", "br_bytes", used, limit)
