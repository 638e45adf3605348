# SPDX-License-Identifier: MIT OR Apache-2.0
"""The phases inside a span: DNS, connect, TLS, waiting, download, and a document's processing.

They are read from either of the two shapes in use, and come out the same:

    attributes  browser.resource_timing.* | browser.navigation_timing.*   (ms, DOMHighResTimeStamp
                relative to the page's time origin; fetch_start is the span's start)
    events      fetchStart, domainLookupStart, ... as instrumentation-document-load emits them

| phase       | from                           | to                                              |
|-------------|--------------------------------|-------------------------------------------------|
| queued      | fetch_start                    | the first of the phases dns to download         |
| redirect    | redirect_start                 | redirect_end                                    |
| dns         | domain_lookup_start            | domain_lookup_end                               |
| connect     | connect_start                  | secure_connection_start, else connect_end       |
| tls         | secure_connection_start        | connect_end                                     |
| waiting     | request_start                  | response_start                                  |
| download    | response_start                 | response_end                                    |
| parse       | response_end                   | dom_interactive                                 |
| scripts     | dom_interactive                | dom_content_loaded_event_start                  |
| ready       | dom_content_loaded_event_start | dom_content_loaded_event_end                    |
| resources   | dom_content_loaded_event_end   | dom_complete                                    |
| load        | load_event_start               | load_event_end                                  |

Zero, negative and absent times mean "did not happen" (Resource Timing 4.3) and give no phase.
Everything is clipped to the span. Source: Resource Timing Level 2, Navigation Timing Level 2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
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


def phases(span: SpanRecord) -> list[Phase]:
    """Find the phases of a span, in time order, each longer than zero."""
    points = _from_attributes(span["attributes"]) or _from_events(span)
    duration = max(0, span["end_unix_nano"] - span["start_unix_nano"])
    found: list[Phase] = []
    for name, starts, ends in _INTERVALS:
        start = _first(points, starts)
        end = _first(points, ends)
        if start is None or end is None:
            continue
        start, end = max(start, 0), min(end, duration)
        if start < end:
            found.append(Phase(name, start, end))
    # On a reused connection the browser reports the DNS and connect times as fetch_start, so the
    # wait for a free connection shows only as the gap before the first phase that took time.
    first = min((phase.start_ns for phase in found if phase.name in _NETWORK), default=0)
    begin = max(points.get("fetch_start", first), 0)
    if begin < first:
        found.append(Phase("queued", begin, first))
    return sorted(found, key=lambda phase: phase.start_ns)


def marks(span: SpanRecord) -> list[Mark]:
    """Find the instants worth a tick: every event that is not the edge of a phase."""
    return [
        Mark(event["name"], event["time_unix_nano"] - span["start_unix_nano"])
        for event in span["events"]
        if _snake_case(event["name"]) not in _POINTS
    ]


def _first(points: Mapping[str, int], names: tuple[str, ...]) -> int | None:
    return next((points[name] for name in names if name in points), None)


def _from_attributes(attributes: Mapping[str, Any]) -> dict[str, int]:
    for prefix in _PREFIXES:
        origin = attributes.get(prefix + "fetch_start")
        if isinstance(origin, bool) or not isinstance(origin, int | float):
            continue
        if not 0 <= origin < math.inf:
            continue
        points = {"fetch_start": 0}
        for name in _POINTS:
            value = _milliseconds(attributes.get(prefix + name))
            if value is not None:
                points[name] = round((value - origin) * 1e6)
        return points
    return {}


def _milliseconds(value: Any) -> float | None:
    """Return a usable time, else None: a bool, text, NaN, zero or a negative is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < math.inf else None


def _from_events(span: SpanRecord) -> dict[str, int]:
    points: dict[str, int] = {}
    for event in span["events"]:
        name = _snake_case(event["name"])
        if name in _POINTS:
            points.setdefault(name, event["time_unix_nano"] - span["start_unix_nano"])
    return points


def _snake_case(name: str) -> str:
    return _CAPITAL.sub("_", name).lower()
