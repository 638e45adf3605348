# SPDX-License-Identifier: MIT OR Apache-2.0
"""The phases inside a span: DNS, connect, TLS, waiting, download, and a document's processing.

They are read from either of the two shapes in use, and come out the same:

    attributes  browser.resource_timing.* | browser.navigation_timing.*   (ms, DOMHighResTimeStamp
                relative to the page's time origin, which is the span's start minus fetch_start)
    events      fetchStart, domainLookupStart, ... as instrumentation-document-load emits them

| phase       | from                           | to                                              |
|-------------|--------------------------------|-------------------------------------------------|
| queued      | fetch_start, or a phase's end   | the next of the phases dns to download          |
| redirect    | redirect_start                 | redirect_end                                    |
| dns         | domain_lookup_start            | domain_lookup_end                               |
| connect     | connect_start                  | secure_connection_start, else connect_end       |
| tls         | secure_connection_start        | connect_end                                     |
| waiting     | request_start                  | response_start                                  |
| download    | response_start                 | response_end, else the fetch's end              |
| parse       | response_end                   | dom_interactive                                 |
| scripts     | dom_interactive                | dom_content_loaded_event_start                  |
| ready       | dom_content_loaded_event_start | dom_content_loaded_event_end                    |
| resources   | dom_content_loaded_event_end   | dom_complete                                    |
| load        | load_event_start               | load_event_end                                  |

Zero, negative and absent times mean "did not happen" (Resource Timing 4.3) and give no phase.
Everything is clipped to the span. Source: Resource Timing Level 2, Navigation Timing Level 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from collector.records import SpanRecord

_PREFIXES = ("browser.resource_timing.", "browser.navigation_timing.")
_INTERVALS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("redirect", ("redirect_start",), ("redirect_end",)),
    ("dns", ("domain_lookup_start",), ("domain_lookup_end",)),
    ("connect", ("connect_start",), ("secure_connection_start", "connect_end")),
    ("tls", ("secure_connection_start",), ("connect_end",)),
    ("waiting", ("request_start",), ("response_start",)),
    ("download", ("response_start",), ("response_end",)),
    ("parse", ("response_end",), ("dom_interactive",)),
    ("scripts", ("dom_interactive",), ("dom_content_loaded_event_start",)),
    ("ready", ("dom_content_loaded_event_start",), ("dom_content_loaded_event_end",)),
    ("resources", ("dom_content_loaded_event_end",), ("dom_complete",)),
    ("load", ("load_event_start",), ("load_event_end",)),
)
_NETWORK = ("dns", "connect", "tls", "waiting", "download")
_POINTS = frozenset(name for _, start, end in _INTERVALS for name in (*start, *end)) | {
    "fetch_start",
    "unload_event_start",
    "unload_event_end",
}
_FETCHES = ("documentFetch", "resourceFetch")
_PAINTS = {
    "browser.paint_timing.first_paint": "firstPaint",
    "browser.paint_timing.first_contentful_paint": "firstContentfulPaint",
}
# A century: a page's clock that says more is not believed, and sums stay far from 64 bits.
_MAX_MS = 100 * 366 * 86_400_000.0
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Phase(NamedTuple):
    """A named stretch of a span, in nanoseconds from the span's start."""

    name: str
    start_ns: int
    end_ns: int


class Mark(NamedTuple):
    """A named instant, in nanoseconds from the span's start; may lie outside the span."""

    name: str
    at_ns: int


def phases(span: SpanRecord, children: Sequence[SpanRecord] = ()) -> list[Phase]:
    """Find the phases of a span, in time order, each longer than zero.

    Args:
        span: Any span.
        children: Its children; of a documentLoad, its documentFetch tells when the time origin was
            and what happened before the document could be parsed.
    """
    document = next((child for child in children if child["name"] == "documentFetch"), None)
    points = _points(span, document)
    if document is not None:
        points = _points(document) | points
    start_unix_nano = span["start_unix_nano"]
    duration = max(0, span["end_unix_nano"] - start_unix_nano)
    found: list[Phase] = []
    for name, starts, ends in _INTERVALS:
        start = _first(points, starts)
        end = _first(points, ends)
        if start is None or end is None:
            continue
        start = max(start - start_unix_nano, 0)
        end = min(end - start_unix_nano, duration)
        if start < end:
            found.append(Phase(name, start, end))
    begin = points.get("fetch_start")
    if begin is not None:
        found += _queued(max(begin - start_unix_nano, 0), found)
    return sorted(found, key=lambda phase: phase.start_ns)


def _queued(begin: int, found: Sequence[Phase]) -> list[Phase]:
    """Name the gaps before and between the network's phases.

    On a reused connection the browser reports the DNS and connect times as fetch_start, or a
    sender leaves them out: the wait for a free connection is only to be seen as a gap.
    """
    gaps: list[Phase] = []
    for phase in sorted(
        (phase for phase in found if phase.name in _NETWORK), key=lambda phase: phase.start_ns
    ):
        if begin < phase.start_ns:
            gaps.append(Phase("queued", begin, phase.start_ns))
        begin = max(begin, phase.end_ns)
    return gaps


def marks(span: SpanRecord, children: Sequence[SpanRecord] = ()) -> list[Mark]:
    """Find the instants worth a tick: paints, and every event that is not the edge of a phase."""
    found = [
        Mark(event["name"], event["time_unix_nano"] - span["start_unix_nano"])
        for event in span["events"]
        if _snake_case(event["name"]) not in _POINTS
    ]
    document = next((child for child in children if child["name"] == "documentFetch"), None)
    origin = _time_origin(span, document)
    for key, name in _PAINTS.items():
        value = _milliseconds(span["attributes"].get(key))
        if value is not None and origin is not None:
            found.append(Mark(name, origin + round(value * 1e6) - span["start_unix_nano"]))
    return found


def _first(points: Mapping[str, int], names: tuple[str, ...]) -> int | None:
    return next((points[name] for name in names if name in points), None)


def _points(span: SpanRecord, document: SpanRecord | None = None) -> dict[str, int]:
    """Return the known points of a span by name, in unix nanoseconds."""
    points: dict[str, int] = {}
    origin = _time_origin(span, document)
    if origin is not None:
        for prefix in _PREFIXES:
            for name in _POINTS:
                value = _milliseconds(span["attributes"].get(prefix + name))
                if value is not None:
                    points[name] = origin + round(value * 1e6)
        if points and _fetch_start_ms(span) == 0:
            points["fetch_start"] = origin
        if points and span["name"] in _FETCHES:
            points.setdefault("response_end", span["end_unix_nano"])
    if not points:
        for event in span["events"]:
            name = _snake_case(event["name"])
            if name in _POINTS:
                points.setdefault(name, event["time_unix_nano"])
    return points


def _time_origin(span: SpanRecord, document: SpanRecord | None = None) -> int | None:
    """Find the page's time origin in unix nanoseconds, as exactly as spans tell it.

    A fetch starts with its span; a page load ends with its load event.
    """
    for each in (span, document):
        fetch_start = _fetch_start_ms(each) if each is not None else None
        if each is not None and fetch_start is not None:
            return each["start_unix_nano"] - round(fetch_start * 1e6)
    load = _milliseconds(span["attributes"].get("browser.navigation_timing.load_event_end"))
    return None if load is None else span["end_unix_nano"] - round(load * 1e6)


def _fetch_start_ms(span: SpanRecord) -> float | None:
    """Return the fetch's start; unlike the other times it may be 0, the time origin itself."""
    for prefix in _PREFIXES:
        value = span["attributes"].get(prefix + "fetch_start")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value) if 0 <= value < _MAX_MS else None
    return None


def _milliseconds(value: Any) -> float | None:
    """Return a usable time, else None: a bool, text, NaN, zero or a negative is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < _MAX_MS else None


def _snake_case(name: str) -> str:
    return _CAPITAL.sub("_", name).lower()
