# SPDX-License-Identifier: MIT OR Apache-2.0
"""Performance entries as plain data: how they come in, and how what is wrong with them is mended.

Two ways in, one `TimingEntry` out. The loader packs a batch into one block of float64 and one
string, which crosses into Python for 0.7-1.3 us an entry (JSON: 10-23, Node, November 2026); a page
that runs its own Pyodide and the gateway have what `PerformanceEntry.toJSON()` gave.

    numbers   float64 little-endian, row-major, one row of `NUMBERS` for each entry
    text      one line for each of `STRINGS`, entry after entry, joined by "\\n"

Neither is trusted: any bytes and any JSON give entries and a count of the rows that gave none.
Knows no trace, no span and no wall time.

Source: W3C Resource Timing, Navigation Timing Level 2, Paint Timing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import IntEnum
from struct import Struct
from typing import Any, Final

from ._camel import camel_case
from ._records import NamedTuple
from ._server_timing import format_server_timing

MAX_MS: Final = 1e11
"""Times and counts from here on are absurd: three years of a page's life."""
MAX_BYTES: Final = 2.0**53
"""Sizes from here on are no exact numbers in JavaScript."""


class Kind(IntEnum):
    """What a `TimingEntry` tells of."""

    RESOURCE = 0
    NAVIGATION = 1
    PAINT = 2
    RESTORE = 3


class TimingEntry(NamedTuple):
    """One performance entry: its numbers, then its strings, in the order in which the loader packs
    them and by their names in the browser, in snake_case.

    Times are DOMHighResTimeStamps: milliseconds since the page's time origin; 0 is "did not happen,
    or must not be known". Sizes are bytes. A restore from the back/forward cache (`Kind.RESTORE`)
    has the `pageshow` event as `start_time` and the first frame after it as `response_end`.
    """

    kind: float = 0.0
    start_time: float = 0.0
    duration: float = 0.0
    worker_start: float = 0.0
    redirect_start: float = 0.0
    redirect_end: float = 0.0
    fetch_start: float = 0.0
    domain_lookup_start: float = 0.0
    domain_lookup_end: float = 0.0
    connect_start: float = 0.0
    secure_connection_start: float = 0.0
    connect_end: float = 0.0
    request_start: float = 0.0
    first_interim_response_start: float = 0.0
    response_start: float = 0.0
    response_end: float = 0.0
    transfer_size: float = 0.0
    encoded_body_size: float = 0.0
    decoded_body_size: float = 0.0
    response_status: float = 0.0
    unload_event_start: float = 0.0
    unload_event_end: float = 0.0
    dom_interactive: float = 0.0
    dom_content_loaded_event_start: float = 0.0
    dom_content_loaded_event_end: float = 0.0
    dom_complete: float = 0.0
    load_event_start: float = 0.0
    load_event_end: float = 0.0
    redirect_count: float = 0.0
    activation_start: float = 0.0
    name: str = ""
    initiator_type: str = ""
    next_hop_protocol: str = ""
    render_blocking_status: str = ""
    delivery_type: str = ""
    content_type: str = ""
    type: str = ""
    server_timing: str = ""


_NAMES: Final = tuple([camel_case(name) for name in TimingEntry._fields])
NUMBERS: Final = _NAMES[: TimingEntry._fields.index("name")]
STRINGS: Final = _NAMES[len(NUMBERS) :]
_ROW: Final = Struct(f"<{len(NUMBERS)}d")


def unpack_entries(
    numbers: bytes | bytearray | memoryview[Any], text: str
) -> tuple[list[TimingEntry], int]:
    """Read a batch as the loader packs it.

    Args:
        numbers: The bytes of the Float64Array, or a view of it in any format.
        text: The strings.

    Returns:
        The entries, not yet mended, and how many rows were incomplete in either argument.
    """
    block, lines, rows, malformed = split_batch(numbers, text)
    return unpack_rows(block, lines, range(rows)), malformed


def split_batch(
    numbers: bytes | bytearray | memoryview[Any], text: str
) -> tuple[bytes, list[str], int, int]:
    """Cut a batch to its complete rows: block, lines, how many, and how many were not."""
    try:
        block = memoryview(numbers).tobytes()
    except TypeError:
        block = b""
    lines = text.split("\n") if isinstance(text, str) and text else []
    width = len(STRINGS)
    rows = min(len(block) // _ROW.size, len(lines) // width)
    claimed = max(-(-len(block) // _ROW.size), -(-len(lines) // width))
    return block[: rows * _ROW.size], lines[: rows * width], rows, claimed - rows


def unpack_rows(block: bytes, lines: list[str], rows: Iterable[int]) -> list[TimingEntry]:
    """Some rows of a batch as entries."""
    unpack, make, width = _ROW.unpack_from, TimingEntry._make, len(STRINGS)
    return [
        make((*unpack(block, row * _ROW.size), *lines[row * width : (row + 1) * width]))
        for row in rows
    ]


_KINDS: Final = {
    "resource": Kind.RESOURCE,
    "navigation": Kind.NAVIGATION,
    "paint": Kind.PAINT,
    "restore": Kind.RESTORE,
    "back-forward-cache-restoration": Kind.RESTORE,
}


def entries_from_json(items: object) -> tuple[list[TimingEntry], int]:
    """Read what `PerformanceEntry.toJSON()` gave, as a list of dicts.

    Returns:
        The entries, not yet mended, and how many items were no entry of a known type.
    """
    if not isinstance(items, list | tuple):
        return [], 1
    entries = []
    for item in items:
        kind = item.get("entryType") if isinstance(item, dict) else None
        if not isinstance(kind, str) or kind not in _KINDS:
            continue
        timings = item.get("serverTiming")
        values = (
            float(_KINDS[kind]),
            *[_number(item.get(name, 0)) for name in NUMBERS[1:]],
            *[_string(item.get(name)) for name in STRINGS[:-1]],
            timings if isinstance(timings, str) else format_server_timing(timings),
        )
        entries.append(TimingEntry._make(values))
    return entries, len(items) - len(entries)


def _number(value: object) -> float:
    """A float; what is none becomes NaN, for `mend` to count."""
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def mend(entry: TimingEntry) -> tuple[TimingEntry, bool]:
    """Set what cannot be true to 0, or to "".

    Args:
        entry: Its fields may be of any type and any value.

    Returns:
        An entry of finite numbers from 0 on and of strings, and whether anything had to be set.
    """
    numbers: tuple[float, ...] = entry[: len(NUMBERS)]  # type: ignore[assignment]
    strings: tuple[str, ...] = entry[len(NUMBERS) :]  # type: ignore[assignment]
    try:
        # A NaN or an infinity anywhere makes the sum one; only then can min and max be trusted.
        if math.isfinite(sum(numbers)) and min(numbers) >= 0.0 and max(numbers) < MAX_MS:
            "".join(strings)
            return entry, False
    except (TypeError, OverflowError):
        pass
    mended = [_mended(name, value) for name, value in zip(NUMBERS, numbers, strict=True)]
    clean = TimingEntry._make((*mended, *map(_string, strings)))
    return clean, clean != entry


def _mended(name: str, value: object) -> float:
    number = _number(value)
    limit = MAX_BYTES if name.endswith("Size") else MAX_MS
    return number if 0.0 <= number < limit else 0.0
