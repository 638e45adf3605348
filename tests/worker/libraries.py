# SPDX-License-Identifier: MIT OR Apache-2.0
"""A traced Worker in a real workerd, an origin that says what it was asked, and a collector."""

from __future__ import annotations

import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from collector.server import serve_in_thread
from tests.worker.ask import Answer, ask
from tests.worker.conftest import Edge

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
ERROR = 2


class Echo:
    """Answers every request with what it was, as JSON; /wait first waits for `gate`."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.waiting = threading.Event()
        self.asked: list[dict[str, Any]] = []
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                headers: dict[str, list[str]] = {}
                for name, value in self.headers.items():
                    headers.setdefault(name.lower(), []).append(value)
                if self.headers.get("transfer-encoding"):
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked = {
                    "method": self.command,
                    "path": self.path,
                    "headers": {name: ",".join(values) for name, values in headers.items()},
                    "body": body.decode(),
                }
                echo.asked.append(asked)
                if self.path == "/wait":
                    echo.waiting.set()
                    echo.gate.wait(30)
                answer = json.dumps(asked).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, format: str, *args: object) -> None:
                """Silent: pytest's output is for tests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Let all go, and stop listening."""
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()


class Traced:
    """A running app of tests/worker/apps; batches leave after 100 ms unless `vars` say more."""

    def __init__(self, edge: Edge, entry: str | Path, **options: Any) -> None:
        self.origin = Echo()
        self.collector = serve_in_thread(port=0)
        variables = {
            "ORIGIN": self.origin.url,
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.collector.endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            **options.pop("vars", {}),
        }
        self.server = edge(entry, vars=variables, **options)
        self.url = self.server.url

    def ask(self, path: str, trace_id: str = "", **headers: str) -> Answer:
        """GET, as a part of a trace if there is one."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if trace_id:
            named["traceparent"] = f"00-{trace_id}-{'c' * 16}-01"
        return ask(f"{self.url}/{path}", headers=named)

    def spans(self, trace_id: str, *names: str) -> list[Any]:
        """The spans of a trace, once these names are there."""

        def found(store: Any) -> list[Any]:
            spans: list[Any] = store.spans(trace_id)
            return spans if {span["name"] for span in spans} >= set(names) else []

        return self.collector.store.wait_for(found, timeout_s=20)

    def trace(self, path: str, *names: str) -> tuple[Answer, dict[str, Any]]:
        """Ask; the answer, and the trace's spans by name, once these names are there."""
        trace_id = new_trace()
        answer = self.ask(path, trace_id)
        return answer, {span["name"]: span for span in self.spans(trace_id, *names)}

    def named(self, name: str) -> Any:
        """The first span of a name, whatever its trace."""

        def found(store: Any) -> Any:
            return next((span for span in store.spans() if span["name"] == name), None)

        return self.collector.store.wait_for(found, timeout_s=20)

    def counters(self) -> dict[str, int]:
        """The isolate's; the app answers them at /counters."""
        counters: dict[str, int] = self.ask("counters").json()
        return counters

    def close(self) -> None:
        """End all of it."""
        self.origin.close()
        self.server.stop()
        self.collector.stop()


def new_trace() -> str:
    """A trace id, hex."""
    return secrets.token_hex(16)
