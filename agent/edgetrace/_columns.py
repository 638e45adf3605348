# SPDX-License-Identifier: MIT OR Apache-2.0
"""A packed batch's resources to encoded spans, column by column: a tenth of what one by one costs.

Interpreted Python costs per step, so here a step is made for a column, not for a field. What
`_phases` and `_otlp` would do for each entry is done once for all entries alike in it:

    columns      one strided slice of the block each; a column of zeros is left out
    shape        status and strings: they decide all attributes but URL, times and sizes, so the
                 plain path makes those of one span of each shape, and its bytes are kept
    fields       `_column_fields`: one list for each column, of whole attributes or b""
    spans        zip and join, in the order in which the plain path has them
    ids          drawn in the order of the rows, whoever encodes which, so that a view's are its own

    200 entries in Node, an empty loop taking 28 ns: 51 us an entry before there were columns and
    memories of keys, 31 one by one with them, 10 like this (November 2026)

The bytes are the plain path's, for any batch: a property test says so. Whatever is not common goes
there: other kinds, no URL, no start or no end, Server-Timing, times in the future, numbers that
`mend` would look at, phases that are no attributes, limits.

Source: docs/architecture.md, "One way"; the loader's packing is in `_entries`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import repeat
from operator import le
from struct import Struct
from typing import Any, Final

from ._column_fields import sizes, times, urls
from ._entries import TimingEntry
from ._key_values import keep, key_of
from ._otlp import encode_span, framed_all
from ._packed import PackedEntries
from ._page import PageView
from ._phases import TRANSFER_SIZE
from ._timing import Frame, resource_span
from ._types import SpanContext, SpanData

__all__ = ["PackedEntries", "PackedPageView", "encode"]

_MIN_ATTRIBUTES: Final = 32
"""A resource has fewer."""
_ID: Final = b"\xff" * 8
_SHAPE: Final = (
    *("initiator_type", "next_hop_protocol", "render_blocking_status", "delivery_type"),
    "content_type",
)

_shapes: Final[dict[int, dict[tuple[Any, ...], tuple[bytes, bytes]]]] = {}
"""By trace flags, then by status and strings."""
_bares: Final[dict[SpanContext, bytes]] = {}
"""By root, a span of nothing in particular: a page's batches are many and small."""


class PackedPageView(PageView):
    """A page view whose packed batches go through columns."""

    def __init__(self, take: Callable[[Any], object], *args: Any) -> None:
        """Begin; `take` takes a list of encoded spans, `args` are those of `PageView`."""
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
        kinds = entries.column("kind") if common else [1.0] * len(entries)
        odd = sorted([row for row in set(entries.rows).difference(common) if not kinds[row]])
        # What is no resource may be the navigation, which decides the trace.
        first = [row for row, kind in enumerate(kinds) if kind]
        spans = super().add(entries.entries(first), origin_unix_ms, now_unix_nano)
        ids: list[bytes] = []
        found = None
        if self._frame and self.sampled and self._origin_unix_nano is not None:
            frame = self._at(self._frame, self._origin_unix_nano)
            found = encode(entries.only(common), frame, partial(self._draw, common, odd, ids))
        if found is None:
            odd = sorted(odd + common)
        else:
            self.counters["entries"] += len(common)
            self._count(len(common), *found[1:])
            self._take(found[0])
        if odd:
            own = self._new_span_id
            if ids:
                self._new_span_id = iter(ids).__next__
            spans += super().add(entries.entries(odd), origin_unix_ms, now_unix_nano)
            self._new_span_id = own
        return spans

    def _draw(self, common: list[int], odd: list[int], ids_of_odd: list[bytes]) -> list[bytes]:
        """Ids for resources, in the order of their rows, whoever encodes which."""
        count = len(common) + len(odd)
        if self._new_span_ids:
            ids = self._new_span_ids(count)
        else:
            ids = [self._new_span_id() for _ in range(count)]
        if not odd:
            return ids
        by_row = dict(zip(sorted(common + odd), ids, strict=True))
        ids_of_odd += [by_row[row] for row in odd]
        return [by_row[row] for row in common]


def encode(
    batch: PackedEntries, frame: Frame, draw: Callable[[], list[bytes]]
) -> tuple[list[bytes], int, int] | None:
    """Encode common resources.

    Args:
        batch: Of common resources only.
        frame: What they share.
        draw: Gives their ids, when they are sure to be needed.

    Returns:
        The spans, as `encode_span` gives them, their first start and their last end; None where
        they have to go the plain way.
    """
    limits = frame.limits
    if limits.attributes < _MIN_ATTRIBUTES or limits.value_length is not None or not len(batch):
        return None
    starts, ends = _unix_nano(batch, "fetch_start", frame), _unix_nano(batch, "response_end", frame)
    # To the nearest microsecond, so nanoseconds may be half of one later.
    if frame.phases != "attributes" or max(max(starts), max(ends)) + 1000 > frame.now_unix_nano:
        return None
    if not all(map(le, starts, ends)):
        ends = list(map(max, starts, ends))
    before, after = zip(*_shapes_of(batch, frame), strict=True)
    columns = [
        _heads(frame, starts, ends, draw()),
        *urls(batch.texts("name"), frame.url_query),
        before,
        *times(batch),
        *sizes(batch),
        after,
    ]
    return framed_all(list(map(b"".join, zip(*columns, strict=True)))), min(starts), max(ends)


def _unix_nano(batch: PackedEntries, name: str, frame: Frame) -> list[int]:
    origin = frame.origin_unix_nano
    return [origin + int(at_ms * 1000.0 + 0.5) * 1000 for at_ms in batch.column(name)]


def _heads(frame: Frame, starts: list[int], ends: list[int], ids: list[bytes]) -> list[bytes]:
    """All of a span before its attributes: only its id and its times are its own."""
    bare = _bare(frame)
    # From its end: flags in 6 bytes, the end in 8 after its key, the start in 8.
    before, between, key = bare[:20], bare[28:-23], bare[-15:-14]
    pack = Struct(f"<20s8s{len(between)}sQcQ").pack
    return list(map(pack, repeat(before), ids, repeat(between), starts, repeat(key), ends))


def _bare(frame: Frame) -> bytes:
    return _bares.get(frame.root) or keep(_bares, frame.root, _template(frame, TimingEntry()))


def _template(frame: Frame, entry: TimingEntry) -> bytes:
    """A span of `entry`, made the plain way, without what is before its message."""
    span = resource_span(entry, _ID, frame)
    encoded = encode_span(span._replace(start_unix_nano=1, end_unix_nano=1))
    return encoded[encoded.index(frame.root.trace_id) - 2 :]


def _shapes_of(batch: PackedEntries, frame: Frame) -> list[tuple[bytes, bytes]]:
    """What of each span its status and strings decide: before the times, and after the sizes."""
    texts = [batch.texts(name) for name in _SHAPE]
    flags = frame.root.trace_flags
    known = _shapes.get(flags)
    if known is None:
        known = keep(_shapes, flags, {})
    get = known.get
    return [
        get(facts) or keep(known, facts, _shape(frame, *facts))
        for facts in zip(batch.column("response_status"), *texts, strict=True)
    ]


def _shape(frame: Frame, status: float, *texts: str) -> tuple[bytes, bytes]:
    known: Any = dict(zip(_SHAPE, texts, strict=True))
    entry = TimingEntry(response_status=status, transfer_size=1.0, **known)
    bare = len(_bare(frame)) - 6
    before, _, after = _template(frame, entry)[bare:].rpartition(key_of(TRANSFER_SIZE).integer(1))
    return before, after
