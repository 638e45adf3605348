# SPDX-License-Identifier: MIT OR Apache-2.0
"""What differs between resources, column by column: times, sizes, URLs, each as a span's fields.

Everything here maps a column to a list of bytes as long; what is left out is b"". A column is done
by calls that C repeats (`map`), and by comprehensions where there is arithmetic; a Python call for
each value would cost more than all else together. Values that are not as most are, whole
milliseconds say, are found in bulk and made again one by one.

    a value in Node, an empty loop taking 28 ns: comprehension 60, with rounding 120; `map` of a
    Struct's pack 125 for one field, 65 each for four; a Python call 250; a piece of a join 30
    (November 2026)

The bytes are those of `_phases` and `_key_values`: tests/property/test_columns.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress, repeat
from operator import eq, not_
from struct import Struct
from typing import Final

from ._entries import TimingEntry
from ._key_values import Key, keep, key_of
from ._packed import PackedEntries
from ._phases import BODY_SIZE, DECODED_SIZE, TIMES, TRANSFER_SIZE
from ._protobuf import double, utf8
from ._urls import MAX_URL_LENGTH, redact

_NAMES: Final = TimingEntry._fields
_START: Final = _NAMES.index("fetch_start")
_CONNECTED: Final = _NAMES.index("connect_end")
_MARKS: Final = ("?", "#", "@", ";", "%", "eyJ")
"""A URL that begins with "http" and has none of these needs no redaction; see `_urls.redact`."""
_LOW: Final = tuple([bytes((value | 0x80,)) for value in range(128)])
_HIGH: Final = tuple([bytes((value,)) for value in range(128)])

Column = list[bytes]

_openings: Final[dict[str, tuple[Column, Column]]] = {}
"""By key, the beginnings of integers of two and of three bytes: all but their other bytes."""


def urls(names: list[str], policy: str) -> list[Column]:
    """`url.full` of each, in two columns: what stands before the URL, and it."""
    joined = "\n".join(names)
    odd: set[int] = set()
    if joined[:4] != "http" or joined.count("\nhttp") != len(names) - 1:
        odd.update([row for row, name in enumerate(names) if name[:4] != "http"])
    for mark in _MARKS:
        if mark in joined:
            odd.update([row for row, name in enumerate(names) if mark in name])
    if len(joined) > MAX_URL_LENGTH:
        odd.update([row for row, name in enumerate(names) if len(name) > MAX_URL_LENGTH])
    if odd:
        names = names.copy()
        for row in odd:
            names[row] = redact(names[row], policy)
        joined = "\n".join(names)
    values = utf8(joined).split(b"\n")
    lengths = list(map(len, values))
    before_text_of = key_of("url.full").before_text_of
    before = {length: before_text_of(length) for length in set(lengths)}
    return [list(map(before.__getitem__, lengths)), values]


def times(batch: PackedEntries) -> list[Column]:
    """The phases; see `_phases.fetch_attributes` for what is left out where."""
    starts, ends = batch.column("fetch_start"), batch.column("response_end")
    lookups, connected = map(batch.column, ("domain_lookup_start", "connect_end"))
    # From memory: all is at that one moment. Otherwise a connection was there already, or is new.
    at_once = {row for row, same in enumerate(map(eq, starts, ends)) if same}
    fetched = [row for row in batch.rows if row not in at_once] if at_once else list(batch.rows)
    new = [
        row
        for row, (start, lookup, connect) in enumerate(zip(starts, lookups, connected, strict=True))
        if not start == lookup == connect
    ]
    if at_once:
        new = [row for row in new if row not in at_once]
    present = [(index, key) for index, key in TIMES if batch.has(_NAMES[index])]
    return [
        *_of_rows(batch, fetched, [field for field in present if field[0] < _START]),
        *_of_rows(batch, batch.rows, [field for field in present if field[0] == _START]),
        *_of_rows(batch, new, [field for field in present if _START < field[0] <= _CONNECTED]),
        *_of_rows(batch, fetched, [field for field in present if field[0] > _CONNECTED]),
    ]


def whole_us(times_ms: list[float]) -> list[float]:
    """Milliseconds, rounded to microseconds as `_phases` does it."""
    return [int(at_ms * 1000.0 + 0.5) / 1000 for at_ms in times_ms]


def _of_rows(
    batch: PackedEntries, rows: Sequence[int], fields: Iterable[tuple[int, str]]
) -> list[Column]:
    """The times of `fields` of some rows."""
    columns = []
    for index, key in fields:
        column = batch.column(_NAMES[index])
        if _NAMES[index] == "first_interim_response_start":
            deliveries = batch.texts("delivery_type")
            column = [
                0.0 if delivery == "cache" else at_ms
                for at_ms, delivery in zip(column, deliveries, strict=True)
            ]
        if len(rows) < len(batch):
            column = [column[row] for row in rows]
        columns.append((key, column if batch.rounded else whole_us(column)))
    if not columns or not rows:
        return []
    made = _runs(columns)
    return made if len(rows) == len(batch) else [_scattered(rows, made, len(batch))]


def _scattered(rows: Iterable[int], columns: list[Column], size: int) -> Column:
    """Columns of some rows as one of all, of `size` rows."""
    fields = [b""] * size
    for row, field in zip(rows, map(b"".join, zip(*columns, strict=True)), strict=True):
        fields[row] = field
    return fields


def _runs(columns: list[tuple[str, list[float]]]) -> list[Column]:
    """Columns of times as fields; those of doubles, nearly all, together where they adjoin."""
    made: list[Column] = []
    run: list[tuple[str, list[float]]] = []
    odd: set[int] = set()
    for key, column in columns:
        rows = _whole(column)
        if 4 * len(rows) > len(column):
            if run:
                made.append(_run(run, odd))
                run, odd = [], set()
            made.append(_fields(key, column))
        else:
            run.append((key, column))
            odd.update(rows)
    return [*made, _run(run, odd)] if run else made


def _whole(column: list[float]) -> list[int]:
    """The rows of whole numbers: the lowest byte of such a double is 0, of others rarely."""
    lowest = Struct(f"<{len(column)}d").pack(*column)[::8]
    if 0 not in lowest:
        return []
    rows = compress(range(len(column)), map(not_, lowest))
    return [row for row in rows if not column[row] % 1.0]


def _run(columns: list[tuple[str, list[float]]], odd: set[int]) -> Column:
    """Adjacent columns as one; rows of `odd` have whole numbers in them."""
    layout, arguments = "<", []
    for key, column in columns:
        before = key_of(key).before_double
        layout += f"{len(before)}sd"
        arguments += [repeat(before), column]
    fields = list(map(Struct(layout).pack, *arguments))
    if odd:
        rows = sorted(odd)
        parts = [_fields(key, [column[row] for row in rows]) for key, column in columns]
        for row, field in zip(rows, map(b"".join, zip(*parts, strict=True)), strict=True):
            fields[row] = field
    return fields


def _fields(key: str, column: list[float]) -> Column:
    """Times as fields, whatever they are: whole milliseconds as integers, 0 not at all."""
    known = key_of(key)
    before, integer, (two, _) = known.before_double, known.integer, _openings_of(known, key)
    return [
        before + double(ms)
        if ms % 1.0
        else two[number & 127] + _HIGH[number >> 7]
        if 127 < (number := int(ms)) < 16_384
        else ms and integer(number) or b""
        for ms in column
    ]


def sizes(batch: PackedEntries) -> list[Column]:
    """The sizes; see `_phases._put_sizes`."""
    names = ("encoded_body_size", "decoded_body_size", "transfer_size")
    encoded, decoded, sent = [list(map(int, batch.column(name))) for name in names]
    columns = [
        _integer_fields(BODY_SIZE, encoded),
        _integer_fields(DECODED_SIZE, decoded),
        _integer_fields(TRANSFER_SIZE, sent),
    ]
    if not all(encoded):
        for row in [row for row, size in enumerate(encoded) if not size]:
            columns[0][row] = b""
            if not decoded[row] and not sent[row]:
                columns[2][row] = b""
    for row in [row for row, same in enumerate(map(eq, encoded, decoded)) if same]:
        columns[1][row] = b""
    return columns


def _integer_fields(key: str, column: list[int]) -> Column:
    known = key_of(key)
    integer = known.integer
    two, three = _openings_of(known, key)
    return [
        two[number & 127] + _HIGH[number >> 7]
        if 127 < number < 16_384
        else three[number & 127] + _LOW[number >> 7 & 127] + _HIGH[number >> 14]
        if 16_383 < number < 2_097_152
        else integer(number)
        for number in column
    ]


def _openings_of(known: Key, key: str) -> tuple[Column, Column]:
    found = _openings.get(key)
    if found is None:
        two, three = known.before_integer_of(2), known.before_integer_of(3)
        made = [two + low for low in _LOW], [three + low for low in _LOW]
        found = keep(_openings, key, made)
    return found
