# SPDX-License-Identifier: MIT OR Apache-2.0
"""POST /v1/traces: the OTLP/HTTP endpoint, with the CORS that browsers on any origin need.

| outcome                                   | status | retried by OTLP senders |
|-------------------------------------------|--------|-------------------------|
| stored (duplicates and rejects included)  | 200    |                         |
| not OTLP, not JSON, damaged gzip          | 400    | no                      |
| any method but POST and OPTIONS           | 405    | no                      |
| too large, packed or unpacked             | 413    | no                      |
| another media type or content coding      | 415    | no                      |
| the database cannot take it now           | 503    | yes, after Retry-After  |

The origin is echoed, with credentials allowed, rather than answered with "*": sendBeacon always
sends with credentials, and with "*" the browser drops the request (measured: 0 of 4 arrived).
Only this path has CORS: what was stored is not for other sites to read.

Sources: OTLP specification 1.9, "OTLP/HTTP"; Fetch Standard, "CORS protocol".
"""

from __future__ import annotations

import logging
import sqlite3
import time

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from collector.body import decompress, read_body
from collector.decode import (
    Encoding,
    Rejected,
    decode_request,
    encode_response,
    encode_status,
    encoding_of,
    take_out_invalid,
)
from collector.errors import RequestError, RpcCode
from collector.store import RequestRecord, Store

_log = logging.getLogger("collector")
# The most that browsers honour. Source: Fetch Standard; Chromium caps at 2 h, Firefox at 24 h.
_PREFLIGHT_MAX_AGE_S = 86_400
_RETRY_AFTER_S = 5


class TracesEndpoint:
    """The ASGI-independent part of the endpoint: one request in, one response out."""

    def __init__(self, store: Store, max_body_bytes: int) -> None:
        self._store = store
        self._max_body_bytes = max_body_bytes

    async def __call__(self, request: Request) -> Response:
        """Answer any method on /v1/traces."""
        if request.method == "OPTIONS":
            response = _preflight(request)
        elif request.method == "POST":
            response = await self._post(request)
        else:
            error = RequestError(
                405,
                RpcCode.UNIMPLEMENTED,
                "send traces with POST; the viewer is at /",
                {"allow": "POST, OPTIONS"},
            )
            response = _refusal(error, Encoding.JSON)
        _allow_origin(request, response)
        return response

    async def _post(self, request: Request) -> Response:
        record = _new_record(request)
        encoding = Encoding.JSON  # the readable one, until the request's own is known
        try:
            encoding = encoding_of(request.headers.get("content-type", ""))
            record["encoding"] = encoding.name.lower()
            body = await read_body(request.stream(), _declared(request), self._max_body_bytes)
            record["bytes"] = len(body)
            rejected = await run_in_threadpool(self._take, body, encoding, record)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except RequestError as error:
            record["status"], record["error"] = error.status, error.message
            response = _refusal(error, encoding)
        except sqlite3.Error as exc:
            _log.error("cannot store spans: %s", exc)
            unavailable = RequestError(
                503,
                RpcCode.UNAVAILABLE,
                f"the collector's database cannot take spans now: {exc}",
                {"retry-after": str(_RETRY_AFTER_S)},
            )
            return _refusal(unavailable, encoding)
        else:
            response = Response(encode_response(encoding, rejected), media_type=encoding.value)
        await run_in_threadpool(self._note, record)
        return response

    def _take(self, body: bytes, encoding: Encoding, record: RequestRecord) -> Rejected:
        data = decompress(body, record["content_encoding"], self._max_body_bytes)
        record["decoded_bytes"] = len(data)
        request: ExportTraceServiceRequest = decode_request(data, encoding)
        rejected = take_out_invalid(request)
        added = self._store.add(request)
        record["spans"] = added.stored
        record["duplicates"] = added.duplicates
        record["rejected"] = rejected.spans
        record["error"] = rejected.message
        return rejected

    def _note(self, record: RequestRecord) -> None:
        try:
            self._store.note_request(record)
        except sqlite3.Error as exc:  # the spans' fate is decided; the log line may be lost
            _log.error("cannot note a request: %s", exc)


def _new_record(request: Request) -> RequestRecord:
    return {
        "received_unix_nano": time.time_ns(),
        "status": 200,
        "encoding": "",
        "content_encoding": request.headers.get("content-encoding", "").strip().lower(),
        "origin": request.headers.get("origin", ""),
        "bytes": 0,
        "decoded_bytes": 0,
        "spans": 0,
        "duplicates": 0,
        "rejected": 0,
        "error": "",
    }


def _declared(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _refusal(error: RequestError, encoding: Encoding) -> Response:
    return Response(
        encode_status(encoding, error.code, error.message),
        status_code=error.status,
        media_type=encoding.value,
        headers=error.headers,
    )


def _preflight(request: Request) -> Response:
    headers = {
        "access-control-allow-methods": "POST",
        # A wildcard does not count when credentials are allowed, so the wish is echoed.
        "access-control-allow-headers": request.headers.get(
            "access-control-request-headers", "content-type, content-encoding"
        ),
        "access-control-max-age": str(_PREFLIGHT_MAX_AGE_S),
    }
    # A page on a public address may post to a loopback one only if that is granted.
    # Source: WICG Private Network Access, "CORS preflight".
    if request.headers.get("access-control-request-private-network") == "true":
        headers["access-control-allow-private-network"] = "true"
    return Response(status_code=204, headers=headers)


def _allow_origin(request: Request, response: Response) -> None:
    response.headers["vary"] = (
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        if request.method == "OPTIONS"
        else "Origin"
    )
    origin = request.headers.get("origin")  # "null" from a file: or sandboxed page: echoed as is
    if origin:
        response.headers["access-control-allow-origin"] = origin
        response.headers["access-control-allow-credentials"] = "true"
        response.headers["access-control-expose-headers"] = "Retry-After"
