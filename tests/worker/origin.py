# SPDX-License-Identifier: MIT OR Apache-2.0
"""An origin server on this machine that remembers what it was asked."""

from __future__ import annotations

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """One request, as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Origin:
    """Answers 201 `from the origin`; `asked` holds the requests in order."""

    def __init__(self) -> None:
        self.asked: queue.Queue[Asked] = queue.Queue()
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked.put(Asked(self.command, self.path, headers, body))
                self.send_response(201)
                self.send_header("content-length", "15")
                self.end_headers()
                self.wfile.write(b"from the origin")

            do_GET = do_POST = answer

            def log_message(self, format: str, *args: object) -> None:
                """Silent: pytest's output is for tests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
