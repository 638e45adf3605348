# SPDX-License-Identifier: MIT OR Apache-2.0
"""Is a page load's trace complete? Pure: the browser's own account against the spans that came.

    SERVER  at the edge, the root
    ├─ CLIENT  the gateway's request to the origin
    └─ documentLoad
       ├─ documentFetch
       └─ resourceFetch   each one that the browser knows of

The browser's own `performance.getEntriesByType` is the measure, so nothing that the agent leaves
out can go unnoticed. Spans are the collector's records (`collector.records.SpanRecord`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

Span = Mapping[str, Any]

EDGE_SERVICE: Final = "shop-edge"
PAGE_SERVICE: Final = "shop"

# What the browser says in ms with tenths of a microsecond must not be off by more. A wrong anchor
# of wall time or a lost fraction shows as whole milliseconds.
TOLERANCE_MS: Final = 1.0
_NAMED: Final = 3
# OTLP, enum Span.SpanKind.
_SERVER: Final = 2
_CLIENT: Final = 3


class Entry(NamedTuple):
    """One resource as the browser reports it; times in unix ms, status 0 where it is hidden."""

    url: str
    start_unix_ms: float
    end_unix_ms: float
    status: int = 0


class PageLoad(NamedTuple):
    """One page view as the browser reports it."""

    url: str
    resources: tuple[Entry, ...]


def problems(page: PageLoad, spans: Sequence[Span]) -> list[str]:
    """Say what the trace of a page load lacks or has wrong.

    Args:
        page: The browser's account.
        spans: Every span the collector holds, of whatever trace.

    Returns:
        Phrases for "the trace of /x: …"; empty if the trace is complete and right.
    """
    roots = [s for s in spans if s["name"] == "documentLoad" and _url(s) == page.url]
    if len(roots) != 1:
        return ["no documentLoad span" if not roots else f"{len(roots)} documentLoad spans"]
    root = roots[0]
    trace = [span for span in spans if span["trace_id"] == root["trace_id"]]
    found: list[str] = []
    fetches = [span for span in trace if span["name"] == "documentFetch"]
    if len(fetches) != 1:
        found.append(f"{len(fetches)} documentFetch spans instead of 1")
    resources = [span for span in trace if span["name"] == "resourceFetch"]
    expected = Counter(entry.url for entry in page.resources)
    arrived = Counter(_url(span) for span in resources)
    if lacking := expected - arrived:
        found.append(f"{lacking.total()} of {expected.total()} resources missing: {_some(lacking)}")
    if extra := arrived - expected:
        found.append(f"{extra.total()} resources too many: {_some(extra)}")
    found += _edge(root, trace)
    strays = [s for s in (*fetches, *resources) if s["parent_span_id"] != root["span_id"]]
    if strays:
        found.append(f"{len(strays)} spans are not children of documentLoad")
    found += _off(page, resources)
    return found


def _edge(load: Span, trace: Sequence[Span]) -> list[str]:
    """What is not right with the edge's part of a page load's trace."""
    if not load["parent_span_id"]:
        return ["documentLoad is not part of the edge's trace"]
    if load["service"] != PAGE_SERVICE:
        return [f"the page's service is {load['service']} instead of {PAGE_SERVICE}"]
    edge = [span for span in trace if span["service"] == EDGE_SERVICE]
    servers = [span for span in edge if span["kind"] == _SERVER]
    if len(servers) != 1:
        return [f"{len(servers)} SERVER spans of the edge instead of 1"]
    server = servers[0]
    found: list[str] = []
    if server["parent_span_id"]:
        found.append("the edge's SERVER span has a parent")
    if load["parent_span_id"] != server["span_id"]:
        found.append("documentLoad is not a child of the edge's SERVER span")
    clients = [span for span in edge if span["kind"] == _CLIENT]
    if [span["parent_span_id"] for span in clients] != [server["span_id"]]:
        found.append(
            "no CLIENT span for the edge's request to the origin"
            if not clients
            else f"{len(clients)} CLIENT spans at the edge, not 1 below its SERVER span"
        )
    return found


def _off(page: PageLoad, resources: Sequence[Span]) -> list[str]:
    """Times and statuses that differ, for resources that are in both accounts once per load."""
    spans: dict[str, list[Span]] = {}
    for span in sorted(resources, key=lambda span: span["start_unix_nano"]):
        spans.setdefault(_url(span), []).append(span)
    late: list[str] = []
    wrong: list[str] = []
    for entry in sorted(page.resources, key=lambda entry: entry.start_unix_ms):
        if not spans.get(entry.url):
            continue
        span = spans[entry.url].pop(0)
        times = (
            (span["start_unix_nano"], entry.start_unix_ms),
            (span["end_unix_nano"], entry.end_unix_ms),
        )
        if any(abs(nano / 1e6 - ms) > TOLERANCE_MS for nano, ms in times):
            late.append(entry.url)
        status = span["attributes"].get("http.response.status_code", 0)
        if entry.status and status != entry.status:
            wrong.append(f"{entry.url} ({status} instead of {entry.status})")
    found = []
    if late:
        found.append(f"{len(late)} times off by over {TOLERANCE_MS:g} ms: {_some(Counter(late))}")
    if wrong:
        found.append(f"{len(wrong)} wrong statuses: {_some(Counter(wrong))}")
    return found


def _url(span: Span) -> str:
    return str(span["attributes"].get("url.full", ""))


def _some(urls: Counter[str]) -> str:
    names = list(urls)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
