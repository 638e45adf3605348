# SPDX-License-Identifier: MIT OR Apache-2.0
"""Percent-encoding, shared by baggage and by `key=value` options.

`urllib.parse` would do, but importing it costs 55-64 ms in Pyodide (November 2026), a hundred times
these lines.

Source: RFC 3986, section 2.1; W3C Baggage, "value".
"""

from __future__ import annotations

from typing import Final

from ._records import pattern

_ENCODED: Final = pattern(r"(?:%[0-9A-Fa-f]{2})+")


def percent_decode(text: str) -> str:
    """Decode `%XX` runs as UTF-8; bytes that are none become U+FFFD, a stray `%` stays as it is."""
    return _ENCODED.sub(
        lambda run: bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "replace"), text
    )
