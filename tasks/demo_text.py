# SPDX-License-Identifier: MIT OR Apache-2.0
"""Text for a terminal: what may be written, how wide it is, in which characters and colours. Pure.

Sources: UAX #11 (East Asian width), ECMA-48 (SGR colours).
"""

from __future__ import annotations

import unicodedata
from typing import Final, NamedTuple

COLOURS: Final = {
    "root": "1",
    "edge": "95",
    "page": "36",
    "styles": "35",
    "scripts": "33",
    "fonts": "34",
    "images": "32",
    "fetches": "96",
    "others": "37",
    "error": "31",
    "soft": "2",
    "head": "1",
}


class Glyphs(NamedTuple):
    """The characters of one drawing style."""

    full: str
    left: str
    right: str
    shade: str
    tee: str
    corner: str
    pipe: str
    cross: str
    cut: str


UNICODE: Final = Glyphs("█", "▌", "▐", "░", "├─ ", "└─ ", "│  ", "✗ ", "…")
ASCII: Final = Glyphs("#", "#", "#", "-", "|- ", "`- ", "|  ", "x ", "~")


def clean(text: object) -> str:
    """Text that cannot steer a terminal: what is not printable becomes a dot."""
    return "".join(
        character if character.isprintable() else "\N{MIDDLE DOT}" for character in str(text)
    )


def duration(ns: float) -> str:
    """A duration as people say it: "0.4 ms", "41 ms", "1.25 s"."""
    ms = max(ns, 0) / 1e6
    if ms < 9.95:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 999.5 else f"{ms / 1e3:.2f} s"


def short_url(url: str, home: str) -> str:
    """A URL without its scheme, and without its host where that is `home`."""
    rest = clean(url).partition("://")[2] or clean(url)
    host, slash, path = rest.partition("/")
    return slash + path if host == home and slash else rest


def host_of(url: str) -> str:
    """The host and port of a URL, or ""."""
    return url.partition("://")[2].partition("/")[0]


def columns_of(text: str) -> int:
    """Columns that a text takes: two for wide East Asian characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def fit(text: str, columns: int, cut: str) -> str:
    """Shorten in the middle, where URLs say least."""
    if columns_of(text) <= columns:
        return text
    head, tail = text, text
    keep = max(columns - 1, 1)
    while head and columns_of(head) > keep // 3:
        head = head[:-1]
    while tail and columns_of(tail) > keep - columns_of(head):
        tail = tail[1:]
    return head + cut + tail


def paint(text: str, name: str, colour: bool) -> str:
    """The text in one of COLOURS, if colour is wanted at all."""
    return f"\033[{COLOURS[name]}m{text}\033[0m" if colour and text else text
