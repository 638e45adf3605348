# SPDX-License-Identifier: MIT OR Apache-2.0
"""Navigation and Resource Timing entries in, spans out: pure, one entry at a time.

Spans are named as `@opentelemetry/instrumentation-document-load` names them, so that existing
dashboards work. All are INTERNAL, as there: CLIENT would promise a request method, and no entry
tells it. `_phases` says what they carry.

    documentLoad         fetchStart .. loadEventEnd   the view's root, child of the server's span
    |-- documentFetch    fetchStart .. responseEnd
    `-- resourceFetch    fetchStart .. responseEnd    one for each resource

A page that comes back from the back/forward cache fetches nothing: documentLoad alone, from
`pageshow` to the first frame after it.

Times are origin + entry, added as integers: one float64 of nanoseconds since 1970 is good to 256 ns
only, and one of milliseconds to 0.2 us before and after the addition, so each is rounded to
microseconds by itself. No boundary lies in the future and no end before its start; no event lies
outside [start, now].

Sources: W3C Resource Timing, Navigation Timing Level 2; instrumentation-document-load 0.69.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ._attributes import clean_attributes
from ._entries import (
    NUMBERS,
    STRINGS,
    Kind,
    TimingEntry,
    entries_from_json,
    mend,
    unpack_entries,
)
from ._join import server_context
from ._limits import SpanLimits
from ._phases import (
    FETCH_EVENTS,
    LOAD_EVENTS,
    PAINTS,
    events,
    fetch_attributes,
    last_known_ms,
    load_attributes,
)
from ._records import NamedTuple
from ._types import (
    Attributes,
    AttributeValue,
    Event,
    Link,
    SpanContext,
    SpanData,
    SpanKind,
    Status,
    StatusCode,
)

__all__ = [
    "NUMBERS",
    "STRINGS",
    "Frame",
    "Kind",
    "TimingEntry",
    "document_spans",
    "entries_from_json",
    "make_span",
    "mend",
    "resource_span",
    "unix_nano",
    "unpack_entries",
]

_ERROR: Final = Status(StatusCode.ERROR)
_UNSET: Final = Status()


class Frame(NamedTuple):
    """What the spans of one batch share.

    Attributes:
        root: The documentLoad span's context.
        parent: The server's span, or None.
        origin_unix_nano: The page's time origin.
        now_unix_nano: No span ends later.
        phases: "attributes", "events" or "off".
        url_query: "redact", "keep" or "drop".
        limits: How much a span may hold.
    """

    root: SpanContext
    parent: SpanContext | None
    origin_unix_nano: int
    now_unix_nano: int
    phases: str = "attributes"
    url_query: str = "redact"
    limits: SpanLimits = SpanLimits()

    def at(self, entry_ms: float) -> int:
        """The wall time of a moment in ms since the origin, not later than now."""
        return min(self.origin_unix_nano + int(entry_ms * 1000.0 + 0.5) * 1000, self.now_unix_nano)


def unix_nano(unix_ms: float) -> int:
    """Milliseconds since 1970, finite and from 0 on, as nanoseconds, in whole microseconds."""
    return int(unix_ms * 1000.0 + 0.5) * 1000


def resource_span(entry: TimingEntry, span_id: bytes, frame: Frame) -> SpanData:
    """Turn a resource's entry into its resourceFetch.

    The server's span, where Server-Timing names it, is linked: it has a trace of its own if the
    page sent no traceparent. That of a cached response belongs to the visit that filled the cache.

    Args:
        entry: Mended.
        span_id: The new span's, 8 bytes.
        frame: What it shares with the others.
    """
    server = None if entry.delivery_type == "cache" else server_context(entry)
    return _fetch("resourceFetch", entry, span_id, frame, (Link(server),) if server else ())


def document_spans(
    entry: TimingEntry,
    fetch_span_id: bytes,
    frame: Frame,
    page: Attributes,
    paints: Mapping[str, float],
    links: Sequence[Link] = (),
    last_unix_nano: int = 0,
) -> list[SpanData]:
    """Turn a navigation's entry, or a restore's, into documentLoad and documentFetch.

    Args:
        entry: Mended.
        fetch_span_id: The documentFetch span's, 8 bytes.
        frame: What they share with the others.
        page: The page view's own attributes, clean; they stand before the entry's.
        paints: First paints, in ms since the origin, by their entries' names.
        links: The documentLoad span's.
        last_unix_nano: The last time known of the page: a load that was left ends here, or at the
            entry's own last moment.
    """
    restored = entry.kind == Kind.RESTORE
    start_ms = entry.start_time if restored else entry.fetch_start or entry.start_time
    end_ms = entry.response_end if restored else entry.load_event_end
    if end_ms:
        end = frame.at(end_ms)
    else:
        end = max(frame.at(last_known_ms(entry)), min(last_unix_nano, frame.now_unix_nano))
    moments: list[tuple[str, float]] = []
    if frame.phases == "events" and not restored:
        moments = events(entry, LOAD_EVENTS)
        moments += [(PAINTS[name][0], at_ms) for name, at_ms in paints.items()]
    attributes = load_attributes(entry, frame.phases, frame.url_query, paints)
    attributes.update(page)
    bounds = frame.at(start_ms), end
    load = make_span(
        "documentLoad", frame.root, frame.parent, bounds, attributes, moments, links, frame
    )
    if restored:
        return [load]
    return [load, _fetch("documentFetch", entry, fetch_span_id, frame, ())]


def _fetch(
    name: str, entry: TimingEntry, span_id: bytes, frame: Frame, links: Sequence[Link]
) -> SpanData:
    end_ms = entry.response_end
    if not end_ms:  # it failed, in some browsers, or was left before its end
        end_ms = max(entry.response_start, entry.request_start, entry.connect_end)
        if entry.kind == Kind.RESOURCE:
            end_ms = max(end_ms, entry.start_time + entry.duration)
    return make_span(
        name,
        frame.root._replace(span_id=span_id),
        frame.root,
        (frame.at(entry.fetch_start or entry.start_time), frame.at(end_ms)),
        fetch_attributes(entry, frame.phases, frame.url_query),
        events(entry, FETCH_EVENTS) if frame.phases == "events" else (),
        links,
        frame,
    )


def make_span(
    name: str,
    context: SpanContext,
    parent: SpanContext | None,
    bounds: tuple[int, int],
    attributes: dict[str, AttributeValue],
    moments: Iterable[tuple[str, float]],
    links: Sequence[Link],
    frame: Frame,
) -> SpanData:
    """Put a span together within the limits."""
    start, end = bounds
    status = _ERROR if "error.type" in attributes else _UNSET
    happened = [
        Event(event, frame.at(at_ms)) for event, at_ms in moments if frame.at(at_ms) >= start
    ]
    limits = frame.limits
    dropped = max(0, len(attributes) - limits.attributes)
    if dropped or limits.value_length is not None:
        attributes = clean_attributes(attributes, limits.attributes, limits.value_length)[0]
    return SpanData(
        context,
        parent,
        name,
        SpanKind.INTERNAL,
        start,
        max(start, end),
        attributes,
        happened[: limits.events],
        links[: limits.links],
        status,
        dropped,
        max(0, len(happened) - limits.events),
        max(0, len(links) - limits.links),
    )
