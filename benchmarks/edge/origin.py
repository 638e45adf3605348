# SPDX-License-Identifier: MIT OR Apache-2.0
"""The benchmark's site and collector, in a process of its own so that it is not what is measured.

    .venv/bin/python benchmarks/edge/origin.py     prints its URL, ends with its stdin

    GET  /...          a JSON text of 200 bytes; /page/...  an HTML page of 8 KB
    POST /v1/traces    taken and kept
    GET  /sink         what was kept so far, each body after its length in 4 bytes; then forgotten

Raw asyncio: some 20 us of Python per request.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final

JSON: Final = b'{"text": "' + b"x" * 188 + b'"}'
HTML: Final = (
    b"<!doctype html><html><head><title>shop</title></head><body>"
    + b"<p>some text of a page</p>\n" * 300
    + b"</body></html>"
)
KEPT: Final[list[bytes]] = []


def response(kind: bytes, body: bytes) -> bytes:
    """Bytes of a whole response."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(body))
    return head + body


ANSWER: Final = response(b"application/json", JSON)
PAGE: Final = response(b"text/html; charset=utf-8", HTML)
TAKEN: Final = response(b"application/x-protobuf", b"")


class Origin(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing read."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end]
            lower = head.lower()
            at = lower.find(b"\r\ncontent-length:")
            length = int(lower[at + 17 :].partition(b"\r\n")[0]) if at >= 0 else 0
            if len(self._data) < end + 4 + length:
                return
            body, self._data = self._data[end + 4 :][:length], self._data[end + 4 + length :]
            self._transport.write(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"POST /v1/traces"):
            KEPT.append(b"z" + body if b"gzip" in head.lower() else b"-" + body)
            return TAKEN
        if head.startswith(b"GET /sink"):
            sunk = b"".join([len(kept).to_bytes(4, "big") + kept for kept in KEPT])
            KEPT.clear()
            return response(b"application/octet-stream", sunk)
        return PAGE if head.startswith(b"GET /page/") else ANSWER


async def main() -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Origin, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
