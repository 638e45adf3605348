# SPDX-License-Identifier: MIT OR Apache-2.0
"""The JSON API, which the viewer, the demo and tests read.

| request                    | answer                                                            |
|----------------------------|-------------------------------------------------------------------|
| GET /api/health            | {status, version, traces, spans, requests}                        |
| GET /api/traces?limit=     | [TraceSummary], newest first; total in the header x-total-count   |
| GET /api/traces/{trace_id} | the trace, spans in waterfall order with depth, phases, path; 404 |
| GET /api/requests?limit=   | {count, requests: [RequestRecord]}, newest first                  |
| DELETE /api/traces         | 204; forgets traces and requests                                  |
| GET /api/events            | text/event-stream: a "change" event now and after each change     |

Answers carry a weak ETag of the store's version, so that an unchanged list costs a 304.
No CORS here: other sites may send traces, not read or delete them.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from collector.critical_path import critical_path
from collector.phases import marks, phases
from collector.places import places
from collector.records import json_safe
from collector.store import Store
from collector.tree import arrange

_DEFAULT_LIMIT = 500
_MAX_LIMIT = 10_000
# Proxies drop streams that are silent for a minute. Source: HTML, "server-sent events" 9.2.7.
_KEEPALIVE_S = 15.0
_STATUS_ERROR = 2
VERSION = "0.1.0"


def describe_trace(store: Store, trace_id: str) -> dict[str, Any] | None:
    """Build the full description of a trace, or None if no span of it is stored.

    Offsets (`*_offset_ns`) count from the trace's start, so that a reader in JavaScript does not
    lose the nanoseconds that unix times have beyond 2**53; phases and marks count from the
    span's start.
    """
    spans = store.spans(trace_id)
    if not spans:
        return None
    tree = arrange(spans)
    start = min(span["start_unix_nano"] for span in spans)
    end = max(max(span["end_unix_nano"], span["start_unix_nano"]) for span in spans)
    described = []
    for placed in tree.placed:
        span = placed.span
        children = tree.children.get(span["span_id"], [])
        record: dict[str, Any] = {
            **span,
            "attributes": json_safe(span["attributes"]),
            "events": json_safe(span["events"]),
            "links": json_safe(span["links"]),
            "resource": json_safe(span["resource"]),
            "scope": json_safe(span["scope"]),
            "depth": placed.depth,
            "orphan": placed.orphan,
            "child_count": len(children),
            "start_offset_ns": span["start_unix_nano"] - start,
            "duration_ns": max(0, span["end_unix_nano"] - span["start_unix_nano"]),
            "phases": [phase._asdict() for phase in phases(span, children)],
            "marks": [mark._asdict() for mark in marks(span, children)],
        }
        # json_safe would make text of today's times; these two stay the integers they are.
        record["events"] = [
            {**shown, "time_unix_nano": event["time_unix_nano"]}
            for shown, event in zip(record["events"], span["events"], strict=True)
        ]
        described.append(record)
    return {
        "trace_id": trace_id,
        "start_unix_nano": start,
        "end_unix_nano": end,
        "duration_ns": end - start,
        "span_count": len(spans),
        "error_count": sum(span["status"]["code"] == _STATUS_ERROR for span in spans),
        "services": sorted({span["service"] for span in spans}),
        "places": places(
            (placed.span["service"], placed.span["scope"]["name"]) for placed in tree.placed
        ),
        "spans": described,
        "critical_path": [
            {
                "span_id": segment.span_id,
                "start_offset_ns": segment.start_unix_nano - start,
                "end_offset_ns": segment.end_unix_nano - start,
            }
            for segment in critical_path(tree)
        ],
    }


class Api:
    """The handlers over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # Versions start over with each process; an ETag must not.
        self._boot = f"{time.time_ns():x}"

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the application's root."""
        return [
            Route("/api/health", self._health),
            Route("/api/traces", self._traces, methods=["GET", "DELETE"]),
            Route("/api/traces/{trace_id:str}", self._trace),
            Route("/api/requests", self._requests),
            Route("/api/events", self._events),
        ]

    async def _health(self, request: Request) -> Response:
        store = self._store
        return await self._answer(
            request,
            lambda: {
                "status": "ok",
                "version": VERSION,
                "traces": store.trace_count(),
                "spans": store.span_count,
                "requests": store.request_count(),
            },
        )

    async def _traces(self, request: Request) -> Response:
        if request.method == "DELETE":
            await run_in_threadpool(self._store.clear)
            return Response(status_code=204)
        limit = _limit(request)
        response = await self._answer(request, lambda: self._store.traces(limit))
        response.headers["x-total-count"] = str(await run_in_threadpool(self._store.trace_count))
        return response

    async def _trace(self, request: Request) -> Response:
        trace_id = request.path_params["trace_id"].lower()
        return await self._answer(request, lambda: describe_trace(self._store, trace_id))

    async def _requests(self, request: Request) -> Response:
        limit = _limit(request)
        return await self._answer(
            request,
            lambda: {
                "count": self._store.request_count(),
                "requests": self._store.requests(limit),
            },
        )

    async def _answer(self, request: Request, make: Callable[[], Any]) -> Response:
        etag = f'W/"{self._boot}-{self._store.changes.version}"'
        headers = {"etag": etag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        body = await run_in_threadpool(lambda: _json(make()))
        if body == b"null":
            return Response(
                b'{"error": "no span of this trace is stored"}',
                status_code=404,
                media_type="application/json",
            )
        return Response(body, headers=headers, media_type="application/json")

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(
            self._event_stream(),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _event_stream(self) -> AsyncIterator[str]:
        changes = self._store.changes
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def wake() -> None:
            # A change in the instant in which the loop closes has nobody left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(changed.set)

        stop = changes.listen(wake)
        try:
            yield "retry: 1000\n\n"
            while not changes.closed:
                changed.clear()
                yield f"event: change\ndata: {changes.version}\n\n"
                while not changed.is_set():
                    try:
                        await asyncio.wait_for(changed.wait(), _KEEPALIVE_S)
                    except TimeoutError:
                        yield ": still here\n\n"
        finally:
            stop()


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else _DEFAULT_LIMIT
    return max(1, min(wanted, _MAX_LIMIT))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
