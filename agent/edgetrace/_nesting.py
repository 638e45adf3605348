# SPDX-License-Identifier: MIT OR Apache-2.0
"""How deep a JSON text goes, told before it is parsed.

Python's parser recurses once per level and, on a host, raises RecursionError in time. In Pyodide
the JavaScript stack ends first, and the interpreter with it: 6 kB of "[" would take down an isolate
and all that it is serving. So what comes from strangers is measured first, without recursion and in
time that goes with its length.

Source: Pyodide 314.0.7 on Node 24 parses 4,000 levels and dies of 6,000 (November 2026); RFC 8259,
sections 7 and 9.
"""

from __future__ import annotations

import json
from typing import Any, Final

MAX_NESTING: Final = 128
"""Levels that are parsed. OTLP/JSON needs two for each of the 64 that protobuf allows."""

_OPEN, _CLOSE = b"[]"
_BRACKETS: Final = bytes(
    _OPEN if byte in b"[{" else _CLOSE if byte in b"]}" else byte for byte in range(256)
)
_OTHERS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")


def parse_json(text: str | bytes) -> Any:
    """Parse JSON of at most `MAX_NESTING` levels.

    Raises:
        ValueError: It is none, or deeper.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if is_nested_over(data):
        raise ValueError("nested too deeply")
    return json.loads(text)


def is_nested_over(text: bytes, most: int = MAX_NESTING) -> bool:
    """Whether a JSON text has more than `most` levels, or brackets that do not pair up.

    Args:
        text: UTF-8. Of what is no JSON, the part before the first mistake counts: as far as that a
            parser would follow it.
        most: Levels, from 0.
    """
    if b"\\" in text:  # escaped backslashes, then escaped quotes: runs are paired from their left
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(text.split(b'"')[::2])
    brackets = outside.translate(_BRACKETS, _OTHERS)
    if b"[" * (most + 1) in brackets:
        return True
    for _ in range(most):
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"")  # the innermost level
    return brackets != b""
