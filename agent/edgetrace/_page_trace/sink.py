# SPDX-License-Identifier: MIT OR Apache-2.0
"""A small OTLP/HTTP receiver for one test run, which can also serve the agent's files.

    POST /<mailbox>/v1/traces   spans into that mailbox: each page load has one of its own
    OPTIONS                     CORS, and Chromium's asking before a page may speak to this machine
    GET  /edgetrace/...         dist/, if there is one

Knows no browser and no pytest. Sources: OTLP 1.x "OTLP/HTTP"; Fetch, "CORS protocol"; WICG Local
Network Access (`Access-Control-Allow-Private-Network` is what its forerunner asks for).
"""

from __future__ import annotations

import mimetypes
import threading
import time
import zlib
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

_GZIP: Final = 31  # zlib's wbits for a gzip wrapper
_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".json": "application/json",
    ".zip": "application/zip",
}


class Received(NamedTuple):
    """One POST: what it answered, and the spans it held."""

    status: int
    spans: list[Span]
    problem: str = ""


class Sink:
    """The receiver, on a free port of this machine, from construction until close()."""

    def __init__(self, dist: Path | None = None) -> None:
        self._mail: dict[str, list[Received]] = {}
        self._changed = threading.Condition()
        self.files = _files(dist) if dist else {}
        sink = self

        class Handler(_Handler):
            def deliver(self, mailbox: str, received: Received) -> None:
                sink._deliver(mailbox, received)

            def file(self, path: str) -> Path | None:
                return sink.files.get(path)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )
        self._thread.start()

    def endpoint(self, mailbox: str) -> str:
        """Where spans for a mailbox are posted to."""
        return f"{self.url}/{mailbox}/v1/traces"

    def received(self, mailbox: str) -> list[Received]:
        """The requests that a mailbox got so far, oldest first."""
        with self._changed:
            return list(self._mail.get(mailbox, ()))

    def spans(self, mailbox: str) -> list[Span]:
        """The spans that a mailbox got so far."""
        return [span for request in self.received(mailbox) for span in request.spans]

    def wait_for(self, mailbox: str, wanted: Callable[[list[Span]], bool], until: float) -> bool:
        """Block until the mailbox's spans are as wanted; False at `until` (time.monotonic)."""
        with self._changed:
            return self._changed.wait_for(
                lambda: wanted(self.spans(mailbox)), max(until - time.monotonic(), 0)
            )

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _deliver(self, mailbox: str, received: Received) -> None:
        with self._changed:
            self._mail.setdefault(mailbox, []).append(received)
            self._changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    protocol_version = "HTTP/1.1"

    def deliver(self, mailbox: str, received: Received) -> None:
        raise NotImplementedError

    def file(self, path: str) -> Path | None:
        raise NotImplementedError

    def do_OPTIONS(self) -> None:
        self._answer(HTTPStatus.NO_CONTENT)

    def do_GET(self) -> None:
        path = self.file(self.path.partition("?")[0])
        if path is None:
            self._answer(HTTPStatus.NOT_FOUND)
            return
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        self._answer(HTTPStatus.OK, path.read_bytes(), kind or "application/octet-stream")

    do_HEAD = do_GET  # the runtime asks whether Pyodide's wasm is there

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        mailbox = self.path.strip("/").partition("/")[0]
        received = _decode(
            body,
            self.headers.get("content-type") or "",
            self.headers.get("content-encoding") or "",
        )
        answer = ExportTraceServiceResponse().SerializeToString()
        self.deliver(mailbox, received)
        self._answer(
            HTTPStatus(received.status),
            answer if received.status == HTTPStatus.OK else received.problem.encode(),
            "application/x-protobuf" if received.status == HTTPStatus.OK else "text/plain",
        )

    def _answer(self, status: HTTPStatus, body: bytes = b"", kind: str = "") -> None:
        self.send_response(status)
        origin = self.headers.get("origin")
        headers = {
            "access-control-allow-origin": origin or "*",
            "access-control-allow-credentials": "true",
            "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
            "access-control-allow-headers": self.headers.get("access-control-request-headers", "*"),
            "access-control-allow-private-network": "true",
            "cross-origin-resource-policy": "cross-origin",
            "timing-allow-origin": "*",
            "vary": "origin",
        }
        if kind:
            headers["content-type"] = kind
        if status != HTTPStatus.NO_CONTENT:
            headers["content-length"] = str(len(body))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what matters is in the mailbox."""


def _decode(body: bytes, kind: str, encoding: str) -> Received:
    if kind.partition(";")[0].strip() != "application/x-protobuf":
        return Received(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, [], f"cannot read {kind or 'no type'}")
    if encoding not in ("", "identity", "gzip"):
        return Received(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, [], f"cannot read {encoding}")
    try:
        raw = zlib.decompress(body, _GZIP) if encoding == "gzip" else body
        request = ExportTraceServiceRequest.FromString(raw)
    except Exception as error:
        # zlib.error, and protobuf's DecodeError, whose class differs between its implementations.
        return Received(HTTPStatus.BAD_REQUEST, [], f"not an OTLP request: {error}")
    groups = (scope for resource in request.resource_spans for scope in resource.scope_spans)
    return Received(HTTPStatus.OK, [span for group in groups for span in group.spans])


def _files(dist: Path) -> dict[str, Path]:
    """Path of a request -> file; what is not listed here is not served."""
    return {
        f"/edgetrace/{path.relative_to(dist).as_posix()}": path
        for path in dist.rglob("*")
        if path.is_file()
    }
