# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bytes of a standalone upload, gzipped, and their limits: pyproject's `worker_budget`.

Apart from `budget`, whose files reach a visitor: these reach the platform, once per deployment, and
each isolate's start pays for them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from tasks.archive import gzip_size
from tasks.budget import Line
from tasks.paths import ROOT
from tasks.standalone import upload


def compare(folder: Path) -> list[Line]:
    """Every limit against the upload in ``folder``; `total` is of all its files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, dict[str, int]] = project["tool"]["edgetrace"]["worker_budget"]
    sizes = {path.name: gzip_size(path.read_bytes()) for path in upload(folder)}
    sizes["total"] = sum(sizes.values())
    return [
        Line(name, measure, sizes[name], limit)
        for name, entry in table.items()
        for measure, limit in entry.items()
    ]
