# SPDX-License-Identifier: MIT OR Apache-2.0
"""An HTTP/1.1 client that sends what it is told and shows what came, byte for byte."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

Headers = Sequence[tuple[str, str]]


class Reply(NamedTuple):
    """A response; names of headers in lower case, in the order that they came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.all(name)), None)

    @property
    def text(self) -> str:
        """The body, decoded."""
        return self.body.decode()


class Talk:
    """One connection. The parts of an exchange can be made one by one."""

    def __init__(self, url: str, timeout_s: float = 20.0) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self.host = f"{host}:{port}"
        self._socket = socket.create_connection((host, int(port)), timeout_s)
        self._file = self._socket.makefile("rb")

    def open(self, method: str, target: str, headers: Headers = ()) -> None:
        """Send a request's head."""
        named = {name.lower() for name, _ in headers}
        host = [] if "host" in named else [("Host", self.host)]
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in [*host, *headers]]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def chunk(self, data: bytes) -> None:
        """Send a chunk; the empty one is the last."""
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def read_head(self) -> Reply:
        """Read a response's head.

        Raises:
            ConnectionError: There is none.
        """
        first = self._file.readline().split(b" ", 2)
        if len(first) < 2:
            raise ConnectionError("closed before a response")
        headers = []
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name.lower(), value.strip()))
        return Reply(int(first[1]), headers)

    def read(self, size: int) -> bytes:
        """Read exactly so many bytes, or what there is until the end."""
        return self._file.read(size)

    def read_line(self) -> bytes:
        """Read a line without its end."""
        return self._file.readline().rstrip(b"\r\n")

    def read_rest(self, reply: Reply, method: str = "GET") -> Reply:
        """Read the body that belongs to a head.

        Raises:
            ConnectionError: It was cut off.
        """
        if method == "HEAD" or reply.status in (101, 204, 304):
            return reply
        if reply.header("transfer-encoding") == "chunked":
            return reply._replace(body=b"".join(iter(self.read_chunk, b"")))
        length = int(reply.header("content-length") or 0)
        body = self.read(length)
        if len(body) < length:
            raise ConnectionError(f"{len(body)} of {length} bytes")
        return reply._replace(body=body)

    def read_chunk(self) -> bytes:
        """The next chunk; b"" at the end.

        Raises:
            ConnectionError: The body was cut off.
        """
        line = self.read_line()
        if not line:
            raise ConnectionError("cut off between chunks")
        size = int(line, 16)
        data = self.read(size)
        if len(data) < size or self._file.read(2) != b"\r\n":
            raise ConnectionError("cut off within a chunk")
        return data

    def ask(self, method: str, target: str, headers: Headers = (), body: bytes = b"") -> Reply:
        """A whole exchange."""
        named = {name.lower() for name, _ in headers}
        if (body or method in ("POST", "PUT", "PATCH")) and not named & {
            "content-length",
            "transfer-encoding",
        }:
            headers = [*headers, ("Content-Length", str(len(body)))]
        self.open(method, target, headers)
        self.send(body)
        return self.read_rest(self.read_head(), method)

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def ask(url: str, method: str, target: str, headers: Headers = (), body: bytes = b"") -> Reply:
    """One exchange on a connection of its own."""
    with Talk(url) as talk:
        return talk.ask(method, target, headers, body)
