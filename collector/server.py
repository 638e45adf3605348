# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the collector: in the foreground for people, in a thread for tests and the demo.

    with serve_in_thread() as collector:
        post(collector.endpoint, body)
        collector.store.wait_for(lambda store: store.span_count == 62, timeout_s=10)

The socket is bound before anything else, so port 0 gives a real port and a port in use is a
StartError before a thread exists. stop() is orderly: open event streams end first.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import uvicorn

from collector.app import create_app
from collector.body import MAX_BODY_BYTES
from collector.errors import StartError
from collector.schema import MEMORY
from collector.store import Store

# Where OTLP/HTTP senders look first. Source: OTLP specification, "OTLP/HTTP Default Port".
DEFAULT_PORT = 4318
_STOP_TIMEOUT_S = 10.0


class _Server(uvicorn.Server):
    """uvicorn's server, with a word when it has started and the event streams ended at stop."""

    def __init__(self, config: uvicorn.Config, store: Store, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._store = store
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn waits for open responses, and an event stream never ends by itself.
        self._store.changes.close()
        await super().shutdown(sockets)


@dataclass
class Collector:
    """A running collector. Use it as a context manager, or call stop()."""

    url: str
    store: Store
    _server: _Server
    _thread: threading.Thread

    @property
    def endpoint(self) -> str:
        """Where spans are posted to."""
        return f"{self.url}/v1/traces"

    def stop(self) -> None:
        """Stop serving and close the database; calling it again does nothing."""
        self._server.should_exit = True
        self._thread.join(_STOP_TIMEOUT_S)
        self.store.close()

    def __enter__(self) -> Collector:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def serve_in_thread(
    port: int = 0,
    database: str = MEMORY,
    host: str = "127.0.0.1",
    max_body_bytes: int = MAX_BODY_BYTES,
) -> Collector:
    """Start a collector in a daemon thread and return once it accepts connections.

    Args:
        port: 0 takes a free one; see the result's url.
        database: A file, or ":memory:".
        host: The address to listen on.
        max_body_bytes: Limit of a request body, packed and unpacked.

    Raises:
        StartError: The port or the database cannot be used.
    """
    listener = _listen(host, port)
    try:
        store = Store(database)
    except StartError:
        listener.close()
        raise
    ready = threading.Event()
    server = _Server(_config(store, max_body_bytes, access_log=False), store, ready.set)

    def run() -> None:
        try:
            server.run([listener])
        finally:
            listener.close()
            ready.set()

    thread = threading.Thread(target=run, name="collector", daemon=True)
    thread.start()
    ready.wait()
    if not server.started:
        store.close()
        raise StartError("the collector's server did not start; its log says why")
    return Collector(_url(listener, host), store, server, thread)


def serve(
    host: str,
    port: int,
    database: str,
    max_body_bytes: int,
    *,
    access_log: bool,
    announce: Callable[[str], None],
) -> None:
    """Serve in the calling (main) thread until SIGINT or SIGTERM.

    Args:
        host: The address to listen on.
        port: 0 takes a free one.
        database: A file, or ":memory:".
        max_body_bytes: Limit of a request body, packed and unpacked.
        access_log: Whether to log each request.
        announce: Called with the url once connections are accepted.

    Raises:
        StartError: The port or the database cannot be used.
    """
    listener = _listen(host, port)
    try:
        store = Store(database)
        url = _url(listener, host)
        server = _Server(
            _config(store, max_body_bytes, access_log=access_log), store, lambda: announce(url)
        )
        # uvicorn raises the signal again after its orderly stop; for us it has then been obeyed.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        try:
            server.run([listener])
        finally:
            store.close()
    finally:
        listener.close()


def _config(store: Store, max_body_bytes: int, *, access_log: bool) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(store, max_body_bytes),
        access_log=access_log,
        log_level="info" if access_log else "error",
        lifespan="off",
        loop="asyncio",
        http="h11",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=3,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if os.name != "nt":  # there it would let two programs share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as exc:
        listener.close()
        raise StartError(_why_not(host, port, exc)) from exc
    except OverflowError as exc:
        listener.close()
        raise StartError(f"there is no port {port}; choose one from 0 to 65535") from exc
    return listener


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use (another collector?); stop that program or choose "
            f"another port, for example --port {port + 1 if port < 65535 else 4319}"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights; choose one above 1023, for example --port 4318"
    return f"cannot listen on {host}: {error.strerror or error}; choose another --host"


def _url(listener: socket.socket, host: str) -> str:
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"
