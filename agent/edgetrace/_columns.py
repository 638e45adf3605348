# SPDX-License-Identifier: MIT OR Apache-2.0
"""A packed batch's resources to encoded spans, column by column: a tenth of what one by one costs.

Interpreted Python costs per step, so here a step is made for a column, not for a field. What
`_phases` and `_otlp` would do for each entry is done once for all entries alike in it:

    columns      one strided slice of the block each; a column of zeros is left out
    shape        status and strings: they decide all attributes but URL, times and sizes, so the
                 plain path makes those of one span of each shape, and its bytes are kept
    fields       one list for each column: of a time, its whole attribute or b""
    spans        zip and join, in the order in which the plain path has them

    200 entries in Node, an empty loop taking 28 ns: 51 us an entry before there were columns and
    memories of keys, 31 one by one with them, 16 like this (November 2026)

The bytes are the plain path's, for any batch: a property test says so. Whatever is not common goes
there: other kinds, no URL, no start or no end, Server-Timing, times in the future, numbers that
`mend` would look at, phases that are no attributes, limits.

Source: docs/architecture.md, "One way"; the loader's packing is in `_entries`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import Any, Final

from ._entries import NUMBERS, STRINGS, TimingEntry, split_batch, unpack_rows
from ._key_values import keep, key_of
from ._otlp import encode_span, framed
from ._page import PageView
from ._phases import BODY_SIZE, DECODED_SIZE, TIMES, TRANSFER_SIZE
from ._protobuf import double
from ._timing import Frame, resource_span
from ._types import SpanData
from ._urls import redact

_WIDTH: Final = len(NUMBERS)
_TAME: Final = bytes(range(0x42))
"""The highest bytes of doubles from 0 to 2**33: for `mend` there is nothing to do."""
_MIN_ATTRIBUTES: Final = 32
"""A resource has fewer."""
_AT: Final = {name: index for index, name in enumerate(TimingEntry._fields)}
_CONNECTION: Final = range(_AT["domain_lookup_start"], _AT["connect_end"] + 1)
_ID: Final = b"\xff" * 8

_shapes: Final[dict[tuple[object, ...], tuple[bytes, bytes]]] = {}
"""By status, strings and trace flags, what stands before the times and after the sizes."""


class PackedEntries:
    """A batch as the loader packs it, unpacked only as far as it has to be."""

    def __init__(self, numbers: bytes | bytearray | memoryview[Any], text: str) -> None:
        """Keep it; `malformed` is how many rows are incomplete in either argument."""
        self.block, self.lines, rows, self.malformed = split_batch(numbers, text)
        self.rows = range(rows)

    def __len__(self) -> int:
        """How many rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[TimingEntry]:
        """All of them as entries, not yet mended."""
        return iter(self.entries(self.rows))

    def entries(self, rows: Iterable[int]) -> list[TimingEntry]:
        """Some of them."""
        return unpack_rows(self.block, self.lines, rows)

    def column(self, name: str) -> list[float]:
        """One number of each row."""
        numbers: Any = memoryview(self.block).cast("d")
        column: list[float] = numbers[_AT[name] :: _WIDTH].tolist()
        return column

    def texts(self, name: str) -> list[str]:
        """One string of each row."""
        return self.lines[_AT[name] - _WIDTH :: len(STRINGS)]

    def common(self) -> list[int]:
        """The rows that columns can do, in order."""
        if self.block[7::8].translate(None, _TAME):
            return []
        facts = zip(
            self.column("kind"),
            self.column("fetch_start"),
            self.column("response_end"),
            self.texts("name"),
            self.texts("server_timing"),
            strict=True,
        )
        return [
            row
            for row, (kind, start, end, name, timing) in enumerate(facts)
            if start and end and name and not timing and not kind
        ]

    def only(self, rows: list[int]) -> PackedEntries:
        """A batch of these rows."""
        if len(rows) == len(self):
            return self
        size, width = 8 * _WIDTH, len(STRINGS)
        some = PackedEntries(b"", "")
        some.block = b"".join([self.block[row * size : (row + 1) * size] for row in rows])
        some.lines = [line for row in rows for line in self.lines[row * width : (row + 1) * width]]
        some.rows = range(len(rows))
        return some


class PackedPageView(PageView):
    """A page view whose packed batches go through columns."""

    def __init__(self, take: Callable[[Any], None], *args: Any) -> None:
        """Begin; `take` takes each encoded span, `args` are those of `PageView`."""
        super().__init__(*args)
        self._take = take

    def add(
        self,
        entries: Iterable[TimingEntry],
        origin_unix_ms: float,
        now_unix_nano: int,
    ) -> list[SpanData]:
        """See `PageView`; the spans of common resources are not returned but taken."""
        if not isinstance(entries, PackedEntries):
            return super().add(entries, origin_unix_ms, now_unix_nano)
        common = entries.common()
        # What is not common may be the navigation, which decides the trace.
        others = sorted(set(entries.rows).difference(common))
        spans = super().add(entries.entries(others), origin_unix_ms, now_unix_nano)
        found = None
        if self._frame and self.sampled and self._origin_unix_nano is not None:
            frame = self._at(self._frame, self._origin_unix_nano)
            found = encode(entries.only(common), frame, self._new_span_id)
        if found is None:
            return spans + super().add(entries.entries(common), origin_unix_ms, now_unix_nano)
        self.counters["entries"] += len(common)
        self._count(len(common), *found[1:])
        for span in found[0]:
            self._take(span)
        return spans


def encode(
    batch: PackedEntries, frame: Frame, new_span_id: Callable[[], bytes]
) -> tuple[list[bytes], int, int] | None:
    """Encode common resources.

    Returns:
        The spans, as `encode_span` gives them, their first start and their last end; None where
        they have to go the plain way.
    """
    limits = frame.limits
    if limits.attributes < _MIN_ATTRIBUTES or limits.value_length is not None or not len(batch):
        return None
    fetch, response = _us(batch.column("fetch_start")), _us(batch.column("response_end"))
    origin = frame.origin_unix_nano
    last = origin + (max(*fetch, *response) + 1) * 1000
    if frame.phases != "attributes" or last > frame.now_unix_nano:
        return None
    starts = [origin + us * 1000 for us in fetch]
    ends = [origin + us * 1000 for us in map(max, fetch, response)]
    shapes = _shapes_of(batch, frame)
    url = key_of("url.full")
    columns = [
        _heads(frame, starts, ends, new_span_id),
        [url.text(redact(name, frame.url_query)) for name in batch.texts("name")],
        [before for before, _ in shapes],
        *_times(batch),
        *_sizes(batch),
        [after for _, after in shapes],
    ]
    return [framed(b"".join(span)) for span in zip(*columns, strict=True)], min(starts), max(ends)


def _us(column: list[float]) -> list[int]:
    return [int(at_ms * 1000.0 + 0.5) for at_ms in column]


def _heads(
    frame: Frame, starts: list[int], ends: list[int], new_span_id: Callable[[], bytes]
) -> list[bytes]:
    """All of a span before its attributes: only its id and its times are its own."""
    bare = _template(frame, TimingEntry())
    # From its end: flags in 6 bytes, the end in 8 after its key, the start in 8.
    before, between, key = bare[:20], bare[28:-23], bare[-15:-14]
    pack = Struct(f"<20s8s{len(between)}sQcQ").pack
    return [
        pack(before, new_span_id(), between, start, key, end)
        for start, end in zip(starts, ends, strict=True)
    ]


def _template(frame: Frame, entry: TimingEntry) -> bytes:
    """A span of `entry`, made the plain way, without what is before its message."""
    span = resource_span(entry, _ID, frame)
    encoded = encode_span(span._replace(start_unix_nano=1, end_unix_nano=1))
    return encoded[encoded.index(frame.root.trace_id) - 2 :]


def _shapes_of(batch: PackedEntries, frame: Frame) -> list[tuple[bytes, bytes]]:
    names = ("initiator_type", "next_hop_protocol", "render_blocking_status", "delivery_type")
    texts = [batch.texts(name) for name in (*names, "content_type")]
    flags = frame.root.trace_flags
    return [
        _shapes.get((flags, *facts)) or keep(_shapes, (flags, *facts), _shape(frame, *facts))
        for facts in zip(batch.column("response_status"), *texts, strict=True)
    ]


def _shape(frame: Frame, status: float, *texts: str) -> tuple[bytes, bytes]:
    """What of a span its status and strings decide."""
    initiator, protocol, blocking, delivery, content = texts
    entry = TimingEntry(
        response_status=status,
        initiator_type=initiator,
        next_hop_protocol=protocol,
        render_blocking_status=blocking,
        delivery_type=delivery,
        content_type=content,
        transfer_size=1.0,
    )
    bare = len(_template(frame, TimingEntry())) - 6
    before, _, after = _template(frame, entry)[bare:].rpartition(key_of(TRANSFER_SIZE).integer(1))
    return before, after


def _times(batch: PackedEntries) -> list[list[bytes]]:
    """The phases; see `fetch_attributes` for what is left out where."""
    starts, lookups = batch.column("fetch_start"), batch.column("domain_lookup_start")
    facts = zip(
        starts, batch.column("response_end"), lookups, batch.column("connect_end"), strict=True
    )
    at_once, reused = [], []
    for start, end, lookup, connected in facts:
        at_once.append(start == end)
        reused.append(start == end or start == lookup == connected)
    interim = [
        hidden or delivery == "cache"
        for hidden, delivery in zip(at_once, batch.texts("delivery_type"), strict=True)
    ]
    columns = []
    for index, key in TIMES:
        name = TimingEntry._fields[index]
        column = batch.column(name)
        if not any(column):
            continue
        hidden = at_once
        if index in _CONNECTION:
            hidden = reused
        elif name == "first_interim_response_start":
            hidden = interim
        if name != "fetch_start" and any(hidden):
            column = [0.0 if hide else at_ms for at_ms, hide in zip(column, hidden, strict=True)]
        known = key_of(key)
        before, integers, integer = known.before_double, known.integers, known.integer
        columns.append(
            [
                (before + double(us / 1000))
                if us % 1000
                else us and (integers.get(us // 1000) or integer(us // 1000)) or b""
                for us in _us(column)
            ]
        )
    return columns


def _sizes(batch: PackedEntries) -> list[list[bytes]]:
    """The sizes; see `_phases._put_sizes`."""
    names = ("encoded_body_size", "decoded_body_size", "transfer_size")
    encoded, decoded, transferred = (list(map(int, batch.column(name))) for name in names)
    body, other, sent = map(key_of, (BODY_SIZE, DECODED_SIZE, TRANSFER_SIZE))
    return [
        [body.integer(e) if e else b"" for e in encoded],
        [other.integer(d) if d != e else b"" for e, d in zip(encoded, decoded, strict=True)],
        [
            sent.integer(t) if t or e or d else b""
            for e, d, t in zip(encoded, decoded, transferred, strict=True)
        ],
    ]
