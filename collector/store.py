# SPDX-License-Identifier: MIT OR Apache-2.0
"""Keeps spans in SQLite and answers questions about them; safe to use from any thread.

Law: a span is identified by (trace_id, span_id); the first one received stays, later ones are
counted as duplicates and dropped, so that a sender may retry. Every change bumps `changes`.
Must not know HTTP.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypedDict, TypeVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector.changes import Changes
from collector.records import (
    SpanRecord,
    resource_record,
    scope_record,
    service_of,
    span_record,
)
from collector.schema import MEMORY, open_database
from collector.summary import TraceSummary, prune, summaries, summarise

# About 0.7 kB per stored span: 350 MB. Beyond it the oldest tenth of the spans goes, whole traces
# at a time, so that a collector that is never stopped does not fill the disk.
MAX_SPANS = 500_000
_SQLITE_MAX_INTEGER = 2**63 - 1
_MAX_REQUEST_ROWS = 10_000

_T = TypeVar("_T")


class Added(NamedTuple):
    """What became of a request's spans."""

    stored: int
    duplicates: int


class RequestRecord(TypedDict):
    """One POST /v1/traces; sizes in bytes, times in unix nanoseconds."""

    received_unix_nano: int
    status: int
    encoding: str
    content_encoding: str
    origin: str
    bytes: int
    decoded_bytes: int
    spans: int
    duplicates: int
    rejected: int
    error: str


class Store:
    """The spans of one database."""

    def __init__(self, database: str = MEMORY, max_spans: int = MAX_SPANS) -> None:
        self.changes = Changes()
        self._lock = threading.RLock()
        self._connection = open_database(database)
        self._connection.row_factory = sqlite3.Row
        self._max_spans = max_spans
        self._span_count = int(self._one("SELECT count(*) FROM spans")[0])

    # -- writing -----------------------------------------------------------------------------

    def add(self, request: ExportTraceServiceRequest) -> Added:
        """Store the spans of a request in one transaction.

        Args:
            request: Its spans have valid ids (see decode.take_out_invalid).

        Raises:
            sqlite3.Error: Nothing was stored (disk full, file locked or damaged).
        """
        seen = stored = 0
        touched: set[bytes] = set()
        with self._transaction() as connection:
            for resource_spans in request.resource_spans:
                for scope_spans in resource_spans.scope_spans:
                    source_id = self._source_id(resource_spans, scope_spans)
                    for span in scope_spans.spans:
                        seen += 1
                        if _insert(connection, source_id, span):
                            stored += 1
                            touched.add(span.trace_id)
            for trace_id in touched:
                summarise(connection, trace_id)
            self._span_count += stored
            if self._span_count > self._max_spans:
                excess = self._span_count - self._max_spans
                self._span_count -= prune(connection, excess + self._max_spans // 10)
        if stored:
            self.changes.bump()
        return Added(stored, seen - stored)

    def note_request(self, record: RequestRecord) -> None:
        """Keep one line about a request, refused ones included; the newest 10,000 stay."""
        names = ", ".join(record)
        marks = ", ".join(f":{name}" for name in record)
        with self._transaction() as connection:
            row = connection.execute(f"INSERT INTO requests ({names}) VALUES ({marks})", record)
            connection.execute(
                "DELETE FROM requests WHERE id <= ?", ((row.lastrowid or 0) - _MAX_REQUEST_ROWS,)
            )
        self.changes.bump()

    def clear(self) -> None:
        """Forget all spans and requests."""
        with self._transaction() as connection:
            for table in ("spans", "traces", "sources", "requests"):
                connection.execute(f"DELETE FROM {table}")
            self._span_count = 0
        self.changes.bump()

    def close(self) -> None:
        """Close the database and wake whoever waits for changes."""
        self.changes.close()
        with self._lock:
            self._connection.close()

    # -- reading -----------------------------------------------------------------------------

    @property
    def span_count(self) -> int:
        """The number of spans stored."""
        return self._span_count

    def traces(self, limit: int = 500) -> list[TraceSummary]:
        """List traces, newest start first."""
        with self._lock:
            return summaries(self._connection, limit)

    def trace_count(self) -> int:
        """Count the traces stored."""
        return int(self._one("SELECT count(*) FROM traces")[0])

    def spans(self, trace_id: str | None = None) -> list[SpanRecord]:
        """Return the spans of one trace (hex id), or of all, in the order they arrived."""
        where = ""
        parameters: tuple[bytes, ...] = ()
        if trace_id is not None:
            try:
                where, parameters = "WHERE trace_id = ?", (bytes.fromhex(trace_id),)
            except ValueError:
                return []
        with self._lock:
            rows = self._all(f"SELECT source_id, span FROM spans {where} ORDER BY id", parameters)
            sources = {row["id"]: row for row in self._all("SELECT * FROM sources")}
        described = {
            row["id"]: (
                resource_record(
                    Resource.FromString(row["resource"] or b""), row["resource_schema_url"]
                ),
                scope_record(
                    InstrumentationScope.FromString(row["scope"] or b""), row["scope_schema_url"]
                ),
            )
            for row in sources.values()
        }
        return [
            span_record(Span.FromString(row["span"]), *described[row["source_id"]]) for row in rows
        ]

    def export_request(self) -> ExportTraceServiceRequest:
        """Return everything stored as one OTLP request, spans in the order they arrived.

        Lossless: each distinct (resource, scope) becomes one ResourceSpans with one ScopeSpans.
        """
        request = ExportTraceServiceRequest()
        with self._lock:
            sources = self._all("SELECT * FROM sources ORDER BY id")
            spans = self._all("SELECT source_id, span FROM spans ORDER BY id")
        groups: dict[int, ScopeSpans] = {}
        for row in sources:
            resource_spans = request.resource_spans.add(schema_url=row["resource_schema_url"])
            if row["resource"] is not None:
                resource_spans.resource.ParseFromString(row["resource"])
                resource_spans.resource.SetInParent()
            group = resource_spans.scope_spans.add(schema_url=row["scope_schema_url"])
            if row["scope"] is not None:
                group.scope.ParseFromString(row["scope"])
                group.scope.SetInParent()
            groups[row["id"]] = group
        for row in spans:
            groups[row["source_id"]].spans.add().ParseFromString(row["span"])
        return request

    def requests(self, limit: int = 500) -> list[RequestRecord]:
        """List the requests received, newest first."""
        rows = self._all("SELECT * FROM requests ORDER BY id DESC LIMIT ?", (limit,))
        return [{key: row[key] for key in row.keys() if key != "id"} for row in rows]  # type: ignore[misc]  # noqa: SIM118  Row has no iteration over keys

    def request_count(self) -> int:
        """Count the requests received, refused ones included."""
        return int(self._one("SELECT count(*) FROM requests")[0])

    def wait_for(self, predicate: Callable[[Store], _T], timeout_s: float = 10.0) -> _T:
        """Block until predicate(store) is true after some change, and return what it returned.

        The predicate runs in the calling thread, once at first and once after each change.

        Raises:
            TimeoutError: With a description of what is stored, for the test that fails.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            version = self.changes.version
            result = predicate(self)
            if result:
                return result
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not self.changes.wait_past(version, remaining):
                raise TimeoutError(f"not seen within {timeout_s:g} s; {self.describe()}")

    def describe(self) -> str:
        """Say in one line what is stored."""
        refused = [r for r in self.requests() if r["status"] != 200]
        last = f", the last for: {refused[0]['error']}" if refused else ""
        return (
            f"the collector holds {self.trace_count()} traces, {self.span_count} spans, "
            f"{self.request_count()} requests ({len(refused)} refused{last})"
        )

    # -- inside ------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                # On a full disk SQLite has rolled back by itself. Source: lang_transaction.html.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _all(self, sql: str, parameters: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def _one(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Row:
        return self._all(sql, parameters)[0]

    def _source_id(self, resource_spans: ResourceSpans, scope_spans: ScopeSpans) -> int:
        resource = _bytes_if_set(resource_spans, "resource")
        scope = _bytes_if_set(scope_spans, "scope")
        values = (resource, resource_spans.schema_url, scope, scope_spans.schema_url)
        digest = hashlib.sha256(repr(values).encode()).digest()
        known = self._all("SELECT id FROM sources WHERE digest = ?", (digest,))
        if known:
            return int(known[0][0])
        service = service_of(resource_record(resource_spans.resource, ""))
        row = self._connection.execute(
            "INSERT INTO sources (resource, resource_schema_url, scope, scope_schema_url, service,"
            " digest) VALUES (?, ?, ?, ?, ?, ?)",
            (*values, service, digest),
        )
        return int(row.lastrowid or 0)


def _insert(connection: sqlite3.Connection, source_id: int, span: Span) -> bool:
    row = connection.execute(
        "INSERT OR IGNORE INTO spans (trace_id, span_id, parent_span_id, name, start_unix_nano,"
        " end_unix_nano, error, source_id, span) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            span.trace_id,
            span.span_id,
            span.parent_span_id if any(span.parent_span_id) else b"",
            span.name,
            min(span.start_time_unix_nano, _SQLITE_MAX_INTEGER),
            min(span.end_time_unix_nano, _SQLITE_MAX_INTEGER),
            span.status.code == Status.STATUS_CODE_ERROR,
            source_id,
            span.SerializeToString(),
        ),
    )
    return row.rowcount == 1


def _bytes_if_set(holder: ResourceSpans | ScopeSpans, field: str) -> bytes | None:
    if not holder.HasField(field):  # type: ignore[arg-type]
        return None
    serialized: bytes = getattr(holder, field).SerializeToString(deterministic=True)
    return serialized
