# SPDX-License-Identifier: MIT OR Apache-2.0
"""dist/manifest.json: per file its bytes, its bytes gzipped, its SHA-256 and its SRI integrity
value; and for each that has a `.br` beside it, that one's bytes.

`integrity` goes into `<script integrity="…">`, `sha256` is what release notes and lock files quote.
Holds no time.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Final

from tasks.archive import gzip_size
from tasks.compressed import CODINGS

FORMS: Final = frozenset(CODINGS.values())


def describe(contents: bytes) -> dict[str, int | str]:
    """One file's line in the manifest."""
    return {
        "bytes": len(contents),
        "gzip_bytes": gzip_size(contents),
        "sha256": hashlib.sha256(contents).hexdigest(),
        "integrity": "sha384-" + base64.b64encode(hashlib.sha384(contents).digest()).decode(),
    }


def render(folder: Path, version: str, pyodide_version: str) -> str:
    """The manifest of every file under ``folder`` but itself, sorted by path.

    What is another's compressed form is no file of its own.
    """
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "manifest.json" and path.suffix not in FORMS:
            entry = files[path.relative_to(folder).as_posix()] = describe(path.read_bytes())
            packed = path.with_name(path.name + CODINGS["br"])
            if packed.exists():
                entry["br_bytes"] = packed.stat().st_size
    head = {"version": version, "pyodide": pyodide_version, "files": files}
    return json.dumps(head, indent=1) + "\n"
