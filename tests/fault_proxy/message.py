# SPDX-License-Identifier: MIT OR Apache-2.0
"""An HTTP/1.1 message as its bytes, and where its body ends.

Source: RFC 9112, 6.3 "Message Body Length".
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

NO_BODY = (204, 304)


@dataclass
class Message:
    """A request or an answer.

    Attributes:
        head: Start line and headers, the empty line included, as they came.
        body: Without chunks' framing, if there was any.
    """

    head: bytes
    body: bytes = b""

    @property
    def method(self) -> str:
        """Of a request."""
        return self.head.partition(b" ")[0].decode("latin-1")

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(self.head.split(b" ", 2)[1])

    @property
    def length(self) -> int:
        """Content-Length; 0 where there is none."""
        return int(self.header("content-length") or 0)

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return "chunked" in self.header("transfer-encoding").lower()

    @property
    def packed(self) -> bool:
        """Whether the body is gzip."""
        return self.header("content-encoding").lower() == "gzip"

    @property
    def whole(self) -> bytes:
        """All of it, with a length in place of chunks."""
        head = self.announcing(len(self.body)) if self.chunked else self.head
        return head + self.body

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case names."""
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        pairs = (line.partition(":") for line in lines)
        return {name.lower(): value.strip() for name, _, value in pairs}

    def header(self, name: str) -> str:
        """The first header of that name; "" where there is none."""
        pattern = rb"(?im)^" + re.escape(name.encode()) + rb":[ \t]*(.*?)[ \t]*\r$"
        found = re.search(pattern, self.head)
        return found[1].decode("latin-1") if found else ""

    def announcing(self, length: int) -> bytes:
        """The head with another Content-Length."""
        lines = self.head.split(b"\r\n")[:-2]
        framing = (b"content-length:", b"transfer-encoding:")
        kept = [line for line in lines if not line.lower().startswith(framing)]
        return b"\r\n".join([*kept, b"content-length: %d" % length, b"", b""])


async def read_head(reader: asyncio.StreamReader) -> Message:
    """The next message's head.

    Raises:
        IncompleteReadError: The other side has hung up.
    """
    return Message(await reader.readuntil(b"\r\n\r\n"))


async def read_rest(message: Message, reader: asyncio.StreamReader) -> None:
    """The body that belongs to a head."""
    if not message.chunked:
        message.body = await reader.readexactly(message.length)
        return
    parts = []
    while size := int((await reader.readline()).partition(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    message.body = b"".join(parts)


async def read_answer(reader: asyncio.StreamReader) -> Message:
    """A whole answer to anything but HEAD."""
    answer = await read_head(reader)
    if answer.status not in NO_BODY:
        await read_rest(answer, reader)
    return answer
