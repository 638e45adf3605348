# SPDX-License-Identifier: MIT OR Apache-2.0
"""A small web site for tests: pages made by the test, the bundle, and countless resources.

    /edgetrace/...      dist/, as a site would serve it (cacheable, wasm and modules typed)
    /r/<n>.<ext>        a resource of that type
    ?wait=<name>        is held back until `gate(name)` is set, by the test or by ?open=<name>
    /v1/traces          handed on to the collector: the same-origin endpoint
    anything else       what `add()` put there, or 404

Each instance is one origin. Every answer carries the headers that `headers` names at that time.
"""

from __future__ import annotations

import http.client
import http.server
import mimetypes
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tasks.paths import DIST

TYPES: Final = {"mjs": "text/javascript", "js": "text/javascript", "wasm": "application/wasm"}
BODIES: Final = {
    "js": b"var x = 1;\n" * 20,
    "css": b"p { color: #333 }\n" * 20,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>',
    "json": b'{"answer": 42}',
    "txt": b"text\n" * 100,
}
WAIT_LIMIT_S: Final = 30


@cache
def _contents(file: Path) -> bytes:
    return file.read_bytes()


def content_type(path: str) -> str:
    """The media type that a web server gives a file of that name."""
    ending = path.rpartition(".")[2]
    return TYPES.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"


@dataclass
class Document:
    """What one path answers."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


class Site:
    """One origin on a free port of 127.0.0.1, until `close`.

    Attributes:
        headers: Sent with every answer, a policy for instance.
        missing: Paths that answer 404, whatever is there.
        broken: Paths where the connection is cut instead of an answer.
        types: Media types of paths, instead of what their names say.
        requests: How often each path was asked for.
        received: The headers of each POST, names in lower case.
        folders: What is served from disk, by the beginning of its path.
    """

    def __init__(self, collector_url: str) -> None:
        self.headers: dict[str, str] = {}
        self.missing: set[str] = set()
        self.broken: set[str] = set()
        self.types: dict[str, str] = {}
        self.requests: Counter[str] = Counter()
        self.received: list[dict[str, str]] = []
        self.folders: dict[str, Path] = {"/edgetrace/": DIST}
        self._documents: dict[str, Document] = {}
        self._gates: dict[str, threading.Event] = {}
        self._collector = urlsplit(collector_url).netloc
        site = self

        class Handler(_Handler):
            owner = site

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="site", daemon=True).start()

    def add(self, path: str, body: str, **fields: object) -> str:
        """Answer `path` with `body`; returns its URL."""
        self._documents[urlsplit(path).path] = Document(body.encode(), **fields)  # type: ignore[arg-type]
        return self.url + path

    def reset(self) -> None:
        """Forget what a test has set up, and let go whoever still waits."""
        for gate in self._gates.values():
            gate.set()
        self.headers, self.missing, self.broken, self.types = {}, set(), set(), {}
        self._documents.clear()
        self._gates.clear()
        self.requests.clear()
        self.received.clear()
        self.folders = {"/edgetrace/": DIST}

    def gate(self, name: str) -> threading.Event:
        """The event that requests with ?wait=<name> wait for."""
        return self._gates.setdefault(name, threading.Event())

    def close(self) -> None:
        """Stop serving."""
        self.reset()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, query: str) -> Document:
        """What a GET of `path` gets."""
        self.requests[path] += 1
        asked = parse_qs(query)
        for name in asked.get("open", ()):
            self.gate(name).set()
        for name in asked.get("wait", ()):
            self.gate(name).wait(WAIT_LIMIT_S)
        if path in self.missing:
            return Document(b"not here", status=404)
        if path in self._documents:
            return self._documents[path]
        for start, folder in self.folders.items():
            file = folder / path.removeprefix(start)
            if path.startswith(start) and ".." not in path and file.is_file():
                headers = {"Cache-Control": "max-age=3600", "Access-Control-Allow-Origin": "*"}
                kind = self.types.get(path) or content_type(path)
                return Document(_contents(file), kind, headers)
        resource = re.fullmatch(r"/r/\w+\.(\w+)", path)
        if resource and resource[1] in BODIES:
            headers = {"Timing-Allow-Origin": "*", "Access-Control-Allow-Origin": "*"}
            return Document(BODIES[resource[1]], content_type(path), headers)
        return Document(b"not here", status=404)

    def forward(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """POST what a page sent on to the collector."""
        connection = http.client.HTTPConnection(self._collector)
        try:
            connection.request("POST", "/v1/traces", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is no error."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Site

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self._send(self.owner.answer(url.path, url.query))

    def do_HEAD(self) -> None:
        url = urlsplit(self.path)
        self._send(self.owner.answer(url.path, url.query), with_body=False)

    def do_OPTIONS(self) -> None:
        allowed = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
        self._send(Document(b"", headers=allowed, status=204))

    def do_POST(self) -> None:
        self.owner.requests[self.path] += 1
        self.owner.received.append({name.lower(): text for name, text in self.headers.items()})
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path in self.owner.broken:
            self.close_connection = True
            return
        if self.path != "/v1/traces" or self.path in self.owner.missing:
            self._send(self.owner.answer(self.path, ""))
            return
        passed = {
            name: value
            for name, value in self.headers.items()
            if name.lower().startswith("content-")
        }
        status, answer = self.owner.forward(body, passed)
        self._send(Document(answer, "application/x-protobuf", status=status))

    def _send(self, document: Document, with_body: bool = True) -> None:
        self.send_response(document.status)
        headers = {
            "Content-Type": document.content_type,
            "Content-Length": str(len(document.body)),
            **self.owner.headers,
            **document.headers,
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(document.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
