# SPDX-License-Identifier: MIT OR Apache-2.0
"""`name.br` and `name.gz` beside the files of the bundle, for servers that hand them out as they
are.

At their best, brotli and gzip take far longer than a request may; a server that compresses by
itself does worse, or does not know .zip or .wasm as worth it. Both are made once per content, and
kept in .cache/compressed by its SHA-256: Pyodide's megabytes take half a minute.

Source: RFC 7932 (brotli), RFC 1952 (gzip).
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from tasks.console import run
from tasks.node import tool_environ
from tasks.paths import CACHE, ROOT, VENV_BIN

KEPT: Final = CACHE / "compressed"
MIN_BYTES: Final = 1_024
"""Smaller files fit into a packet or two either way."""
MIN_GAIN: Final = 0.1
"""Of a file's size; archives of compressed files gain less, and are not tried twice."""
CODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""Content-Encoding -> ending, the better first."""
REFUSED: Final = {"q=0", "q=0.0", "q=0.00", "q=0.000"}
"""RFC 9110, "Quality Values"."""


def write(folder: Path) -> None:
    """Put the compressed files beside all files under ``folder`` that gain by it."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stat().st_size >= MIN_BYTES
    ]
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = {path: KEPT / hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    _make({kept[path]: path for path in files})
    for path, base in kept.items():
        for ending in CODINGS.values():
            made = base.with_name(base.name + ending)
            if made.exists() and made.stat().st_size <= path.stat().st_size * (1 - MIN_GAIN):
                shutil.copyfile(made, path.with_name(path.name + ending))


def _make(wanted: dict[Path, Path]) -> None:
    """Fill the cache: name in it, without ending -> contents."""
    words: list[Path] = []
    for base, path in wanted.items():
        packed = base.with_name(base.name + ".gz")
        if not packed.exists():
            _put(packed, gzip.compress(path.read_bytes(), 9, mtime=0))
        gains = packed.stat().st_size <= path.stat().st_size * (1 - MIN_GAIN)
        if gains and not base.with_name(base.name + ".br").exists():
            words += [path, base.with_name(f"{base.name}.{os.getpid()}")]
    if words:
        command = [VENV_BIN / "node", ROOT / "tasks" / "brotli.mjs", *words]
        run(command, what="brotli", environ=tool_environ(), timeout_s=600)
    for made in words[1::2]:
        made.rename(made.with_suffix(".br"))


def _put(path: Path, contents: bytes) -> None:
    """Write a file at once or not at all."""
    work = path.with_name(f"{path.name}.{os.getpid()}")
    work.write_bytes(contents)
    work.rename(path)


def encoded(path: Path, accept: str) -> tuple[Path, str]:
    """The file to answer with, and its Content-Encoding, "" for the file itself.

    Args:
        path: Of a file of the bundle.
        accept: The request's Accept-Encoding; a coding with q=0 is refused, other weights are not
            looked at.
    """
    offers = [offer.partition(";") for offer in accept.lower().split(",")]
    taken = {name.strip() for name, _, rest in offers if rest.replace(" ", "") not in REFUSED}
    for coding, ending in CODINGS.items():
        other = path.with_name(path.name + ending)
        if coding in taken and other.is_file():
            return other, coding
    return path, ""
