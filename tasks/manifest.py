# SPDX-License-Identifier: MIT OR Apache-2.0
"""dist/manifest.json: per file its bytes, its bytes gzipped, its SHA-256 and its SRI integrity
value.

`integrity` goes into `<script integrity="…">`, `sha256` is what release notes and lock files quote.
Holds no time.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from tasks.archive import gzip_size


def describe(contents: bytes) -> dict[str, int | str]:
    """One file's line in the manifest."""
    return {
        "bytes": len(contents),
        "gzip_bytes": gzip_size(contents),
        "sha256": hashlib.sha256(contents).hexdigest(),
        "integrity": "sha384-" + base64.b64encode(hashlib.sha384(contents).digest()).decode(),
    }


def render(folder: Path, version: str, pyodide_version: str) -> str:
    """The manifest of every file under ``folder`` but itself, sorted by path."""
    files = {
        path.relative_to(folder).as_posix(): describe(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
    head = {"version": version, "pyodide": pyodide_version, "files": files}
    return json.dumps(head, indent=1) + "\n"
