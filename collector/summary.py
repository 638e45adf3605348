# SPDX-License-Identifier: MIT OR Apache-2.0
"""The rows of the list of traces: kept up to date as spans arrive, so that the list is one read.

Functions over a connection inside a transaction of the store's; they hold no state.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TypedDict

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.places import Place, places

# The root of a page load. Source: @opentelemetry/instrumentation-document-load.
_PAGE_SPAN = "documentLoad"
# What a root span is about, best first: a page's address, or the path of a server's request.
_URL_KEYS = ("url.full", "http.url", "url.path", "http.target")


class TraceSummary(TypedDict):
    """One row of the list of traces.

    `services` are in the order in which they come into the trace, each with where it ran; `page`
    tells whether a page was loaded in it.
    """

    trace_id: str
    root_name: str
    root_url: str
    service: str
    services: dict[str, Place]
    page: bool
    start_unix_nano: int
    duration_ns: int
    span_count: int
    error_count: int


def summaries(connection: sqlite3.Connection, limit: int) -> list[TraceSummary]:
    """List traces, newest start first."""
    rows = connection.execute(
        "SELECT lower(hex(trace_id)) AS trace_id, root_name, root_url, service, services, page,"
        " start_unix_nano, max(end_unix_nano - start_unix_nano, 0) AS duration_ns,"
        " span_count, error_count"
        " FROM traces ORDER BY start_unix_nano DESC, trace_id LIMIT ?",
        (limit,),
    )
    return [
        {**dict(row), "services": json.loads(row["services"]), "page": bool(row["page"])}  # type: ignore[typeddict-item]
        for row in rows
    ]


def summarise(connection: sqlite3.Connection, trace_id: bytes) -> None:
    """Recompute a trace's row: its root is the earliest span whose parent is not stored."""
    root = connection.execute(
        "SELECT s.name, s.span, o.service FROM spans s JOIN sources o ON o.id = s.source_id"
        " WHERE s.trace_id = :id ORDER BY"
        " s.parent_span_id != x'',"
        " EXISTS (SELECT 1 FROM spans p WHERE p.trace_id = :id"
        "         AND p.span_id = s.parent_span_id),"
        " s.start_unix_nano LIMIT 1",
        {"id": trace_id},
    ).fetchone()
    # A page load that joined a server's trace is known by the page's address.
    page = connection.execute(
        "SELECT span FROM spans WHERE trace_id = ? AND name = ? LIMIT 1", (trace_id, _PAGE_SPAN)
    ).fetchone()
    url = (_url(page["span"]) if page else "") or _url(root["span"])
    connection.execute(
        "INSERT OR REPLACE INTO traces SELECT ?, ?, ?, ?, ?, ?,"
        " min(start_unix_nano), max(end_unix_nano), count(*), sum(error)"
        " FROM spans WHERE trace_id = ?",
        (
            trace_id,
            root["name"],
            url,
            root["service"],
            json.dumps(_services(connection, trace_id, root["service"])),
            page is not None,
            trace_id,
        ),
    )


def _services(connection: sqlite3.Connection, trace_id: bytes, first: str) -> dict[str, Place]:
    """Where each service of a trace ran; the root's first, then by start."""
    rows = connection.execute(
        "SELECT o.service, o.scope, min(s.start_unix_nano) AS start"
        " FROM spans s JOIN sources o ON o.id = s.source_id"
        " WHERE s.trace_id = ? GROUP BY o.id ORDER BY o.service != ?, start, o.id",
        (trace_id, first),
    )
    return places(
        (row["service"], InstrumentationScope.FromString(row["scope"] or b"").name) for row in rows
    )


def prune(connection: sqlite3.Connection, spans: int) -> int:
    """Delete the oldest traces, whole, until at least so many spans are gone.

    Returns:
        The number of spans deleted; fewer than asked for if only the newest trace is left, which
        is never deleted.
    """
    removed = 0
    oldest = connection.execute(
        "SELECT trace_id, span_count FROM traces ORDER BY start_unix_nano"
    ).fetchall()
    for row in oldest[:-1]:
        connection.execute("DELETE FROM spans WHERE trace_id = ?", (row["trace_id"],))
        connection.execute("DELETE FROM traces WHERE trace_id = ?", (row["trace_id"],))
        removed += int(row["span_count"])
        if removed >= spans:
            break
    return removed


def _url(span: bytes) -> str:
    found = {
        pair.key: pair.value.string_value
        for pair in Span.FromString(span).attributes
        if pair.key in _URL_KEYS
    }
    return next((found[key] for key in _URL_KEYS if found.get(key)), "")
