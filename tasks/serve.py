# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py serve`: dist/ for any page on this machine, and the local collector for its traces.

:8080  dist/, with CORS, so that a page of another origin may load the agent from here
:4318  the collector: POST /v1/traces, the viewer at /
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import subprocess
import sys
import threading
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

from tasks import bundle
from tasks.compressed import encoded
from tasks.console import BuildError, say
from tasks.paths import DIST, ROOT


class Files(SimpleHTTPRequestHandler):
    """dist/ as a static host should serve it: right types, compressed, any origin, never stale."""

    extensions_map = {  # noqa: RUF012 - the base class's own kind of attribute
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
        ".whl": "application/zip",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, directory=str(DIST), **kwargs)

    def send_head(self) -> BinaryIO | None:
        """A file's headers, and the file: the compressed one where there is one and it is taken."""
        path = Path(self.translate_path(self.path))
        packed, coding = encoded(path, self.headers.get("Accept-Encoding", ""))
        if not coding or self.headers.get("Range"):
            return super().send_head()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", str(packed.stat().st_size))
        self.end_headers()
        return packed.open("rb")

    def end_headers(self) -> None:
        """Every answer, errors too, may be read by any origin."""
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.send_header("Timing-Allow-Origin", "*")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Vary", "Accept-Encoding")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what is worth reading here is the traces."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `serve`."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=_port, default=8080, help="port for dist/ (8080)")
    parser.add_argument(
        "--collector-port", type=_port, default=4318, help="the collector's port (4318)"
    )
    parser.add_argument(
        "--database", type=Path, help="file the collector keeps traces in (default: memory)"
    )


def _port(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 65_535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port; use a number from 1 to 65535")


def main(args: argparse.Namespace) -> int:
    """`build.py serve`."""
    bundle.ensure()
    try:
        files = ThreadingHTTPServer((args.host, args.port), Files)
    except OSError as exc:
        used = "in use" if exc.errno == errno.EADDRINUSE else exc.strerror
        raise BuildError(f"--port {args.port}: {used}. Remedy: another --port") from exc
    site, traces = (f"http://{args.host}:{port}" for port in (args.port, args.collector_port))
    command = [sys.executable, "-m", "collector", "--host", args.host]
    command += ["--port", str(args.collector_port)]
    command += ["--database", str(args.database)] if args.database else []
    threading.Thread(target=files.serve_forever, daemon=True).start()
    say(f"{site}/  dist/, for this in a page of yours:")
    say(
        f'  <script src="{site}/agent.js" data-service-name="shop"'
        f' data-endpoint="{traces}/v1/traces" async></script>\n'
    )
    collector = subprocess.Popen(command, cwd=ROOT)
    try:
        code = collector.wait()
    except KeyboardInterrupt:
        code = 0
    finally:
        _stop(collector)
        files.shutdown()
    if code:
        raise BuildError(f"the collector ended with exit code {code}, see above")
    return 0


def _stop(collector: subprocess.Popen[bytes]) -> None:
    """End the collector, with time to close its database; Ctrl-C has often told it already."""
    for tell in (lambda: None, collector.terminate, collector.kill):
        tell()
        with contextlib.suppress(subprocess.TimeoutExpired):
            collector.wait(2)
            return
