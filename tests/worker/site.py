# SPDX-License-Identifier: MIT OR Apache-2.0
"""A site whose every byte a test decides: raw HTTP/1.1 over asyncio, in a thread of its own.

    site.put("/a", Answer(200, [("etag", '"1"')], b"body"))     what a path answers
    site.script("/b", handler)                                  or a coroutine that writes it
    site.seen("/a")                                             the next request for it, as it came

Unknown paths answer 200 with the request as JSON. Nothing is normalised, added or left out, so what
arrives here is what the gateway sent.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

Headers: TypeAlias = list[tuple[str, str]]


class Answer(NamedTuple):
    """A response; `chunked` sends the body without its length, in two chunks."""

    status: int = 200
    headers: Headers = []  # noqa: RUF012  # never changed
    body: bytes = b""
    chunked: bool = False


class Seen(NamedTuple):
    """A request; names of headers in lower case, in the order that they came."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """All values of a header joined by commas; None where there is none."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None


Handler: TypeAlias = Callable[[Seen, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def head(status: int, headers: Headers) -> bytes:
    """A response's head, as it is sent."""
    lines = [f"HTTP/1.1 {status} Said", *[f"{name}: {value}" for name, value in headers]]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Site:
    """A running site; `url` has no slash at its end."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._scripts: dict[str, tuple[Handler, bool]] = {}
        self._seen: dict[str, queue.Queue[Seen]] = defaultdict(queue.Queue)
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**21))
        self._server: asyncio.Server = server
        self.port: int = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def put(self, path: str, answer: Answer) -> None:
        """Say what a path (without its query) answers from now on."""
        self._answers[path] = answer

    def script(self, path: str, handler: Handler, *, read: bool = True) -> None:
        """Have a path answered by a coroutine; with `read=False` it reads the body itself."""
        self._scripts[path] = (handler, read)

    def unscript(self, path: str) -> None:
        """Take a coroutine back: the path answers what `put` said."""
        self._scripts.pop(path, None)

    def seen(self, path: str, timeout_s: float = 10.0) -> Seen:
        """The next request for a path that no call has returned yet."""
        return self._seen[path].get(timeout=timeout_s)

    def count(self, path: str) -> int:
        """How many requests for a path have come that `seen` has not returned."""
        return self._seen[path].qsize()

    def close(self) -> None:
        """Stop: connections that are open are cut."""

        async def stop() -> None:
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        self._do(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._one(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        method, target, _ = lines[0].split(" ")
        pairs = [line.partition(":") for line in lines[1:]]
        headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        path = target.partition("?")[0]
        given = dict(headers)
        script, read = self._scripts.get(path, (None, True))
        body = await read_body(reader, given) if read else b""
        seen = Seen(method, target, headers, body)
        self._seen[path].put(seen)
        if script is not None:
            await script(seen, reader, writer)
            return False
        writer.write(_response(seen, self._answers.get(path)))
        await writer.drain()
        return given.get("connection", "").lower() != "close"


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    """The whole body of a request, by its length or its chunks."""
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", "0")))
    parts = []
    while size := int((await reader.readline()).partition(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)


def _response(seen: Seen, answer: Answer | None) -> bytes:
    if answer is None:
        body = json.dumps([seen.method, seen.target, seen.headers, len(seen.body)]).encode()
        answer = Answer(200, [("content-type", "application/json")], body)
    bare = seen.method == "HEAD" or answer.status in (204, 304)
    if answer.chunked:
        cut = len(answer.body) // 2
        parts = [part for part in (answer.body[:cut], answer.body[cut:]) if part]
        body = b"".join([b"%x\r\n%b\r\n" % (len(part), part) for part in parts])
        framing, body = [("transfer-encoding", "chunked")], body + b"0\r\n\r\n"
    else:
        framing, body = [("content-length", str(len(answer.body)))], answer.body
    named = {name.lower() for name, _ in answer.headers}
    if answer.status in (204, 304) or "content-length" in named:
        framing = []
    return head(answer.status, [*framing, *answer.headers]) + (b"" if bare else body)
