# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bodies stream through the gateway in both directions, and leave no memory behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from benchmarks.edge.load import rss_mb
from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway
from tests.worker.site import Seen, head
from tests.worker.talk import Talk

PIECE = bytes(range(256)) * 256
PIECES = 320
SIZE = len(PIECE) * PIECES
HTML = b"<!doctype html><html><head><title>long</title></head><body>" + b"<p>text</p>\n" * 5_000
MAX_GROWTH_MB = 15.0


@pytest.fixture(scope="module")
def gateway(edge: Edge) -> Iterator[Gateway]:
    """A gateway whose site sends 20 MB at /down and takes as much at /up."""
    running = Gateway(edge)

    async def down(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, [("content-length", str(SIZE)), ("content-type", "x/x")]))
        for _ in range(PIECES):
            writer.write(PIECE)
            await writer.drain()

    async def up(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(PIECES):
            if await reader.readexactly(len(PIECE)) != PIECE:
                return
        writer.write(head(200, [("content-length", "0")]))
        await writer.drain()

    running.site.script("/down", down)
    running.site.script("/up", up, read=False)
    yield running
    running.close()


def download(gateway: Gateway) -> None:
    """All of /down, each byte of it."""
    with Talk(gateway.url) as talk:
        talk.open("GET", "/down")
        assert talk.read_head().header("content-length") == str(SIZE)
        for _ in range(PIECES):
            assert talk.read(len(PIECE)) == PIECE


def upload(gateway: Gateway) -> None:
    """All of /up."""
    with Talk(gateway.url) as talk:
        talk.open("POST", "/up", [("Content-Length", str(SIZE))])
        for _ in range(PIECES):
            talk.send(PIECE)
        assert talk.read_head().status == 200


def until_the_tag(talk: Talk) -> bytes:
    """The beginning of a page, as far as the tag."""
    read = b""
    while b"<script" not in read:
        read += talk.read_chunk()
    return read


def test_the_first_bytes_of_an_answer_come_before_the_last_are_sent(gateway: Gateway) -> None:
    """The site sends the second half when the visitor has the first."""
    arrived = threading.Event()

    async def halves(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(head(200, [("transfer-encoding", "chunked"), ("content-type", "x/x")]))
        writer.write(b"5\r\nfirst\r\n")
        await writer.drain()
        await asyncio.get_running_loop().run_in_executor(None, arrived.wait, 10)
        writer.write(b"6\r\nsecond\r\n0\r\n\r\n")
        await writer.drain()

    gateway.site.script("/halves", halves)
    with Talk(gateway.url) as talk:
        talk.open("GET", "/halves")
        talk.read_head()
        assert talk.read_chunk() == b"first"
        arrived.set()
        assert talk.read_chunk() == b"second"


def test_the_first_bytes_of_a_request_arrive_before_the_last_are_sent(gateway: Gateway) -> None:
    """The visitor sends the second half when the site has the first."""
    arrived = threading.Event()

    async def halves(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        assert await reader.readuntil(b"first") != b""
        arrived.set()
        assert await reader.readuntil(b"second") != b""
        writer.write(head(200, [("content-length", "0")]))
        await writer.drain()

    gateway.site.script("/request-halves", halves, read=False)
    with Talk(gateway.url) as talk:
        talk.open("POST", "/request-halves", [("Transfer-Encoding", "chunked")])
        talk.chunk(b"first")
        assert arrived.wait(10)
        talk.chunk(b"second")
        talk.chunk(b"")
        assert talk.read_head().status == 200


def test_a_page_of_5_mb_is_rewritten_as_it_streams(gateway: Gateway) -> None:
    """The head has the tag before the site has sent the rest."""
    arrived = threading.Event()
    rounds = 5_000_000 // len(HTML)

    async def long(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, [("transfer-encoding", "chunked"), ("content-type", "text/html")]))
        chunk = b"%x\r\n%b\r\n" % (len(HTML), HTML)
        writer.write(chunk)
        await writer.drain()
        await asyncio.get_running_loop().run_in_executor(None, arrived.wait, 10)
        for _ in range(rounds):
            writer.write(chunk)
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    gateway.site.script("/long", long)
    with Talk(gateway.url) as talk:
        talk.open("GET", "/long")
        reply = talk.read_head()
        first = until_the_tag(talk)
        arrived.set()
        body = first + talk.read_rest(reply).body
    assert body.count(b"<script") == 1
    assert body.count(b"<p>text</p>\n") == (rounds + 1) * 5_000


def test_memory_stays_flat(gateway: Gateway) -> None:
    """Five rounds of 20 MB down and up after two to warm up; nothing is kept of them."""
    for _ in range(2):
        download(gateway)
        upload(gateway)
    before = rss_mb(gateway.server)
    for _ in range(5):
        download(gateway)
        upload(gateway)
    assert rss_mb(gateway.server) - before < MAX_GROWTH_MB


def test_pages_that_were_given_up_leave_nothing(gateway: Gateway) -> None:
    """Visitors who leave in the middle of a page: 300 of them, and the memory is what it was."""

    async def endless(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(head(200, [("transfer-encoding", "chunked"), ("content-type", "text/html")]))
        writer.write(b"%x\r\n%b\r\n" % (len(HTML), HTML))
        await writer.drain()
        await reader.read()

    gateway.site.script("/endless", endless)

    def leave(times: int) -> None:
        for _ in range(times):
            with Talk(gateway.url) as talk:
                talk.open("GET", "/endless")
                talk.read_head()
                until_the_tag(talk)

    leave(100)
    before = rss_mb(gateway.server)
    leave(300)
    assert rss_mb(gateway.server) - before < MAX_GROWTH_MB
