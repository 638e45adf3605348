# SPDX-License-Identifier: MIT OR Apache-2.0
"""The gateway as a proxy: what arrives at the site, and at the visitor, is what was sent.

Beside it runs a proxy of three lines of JavaScript on the same workerd: what the platform itself
does to a request, it does to both.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator

import pytest

from tasks.workerd import Server
from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway, plain_proxy
from tests.worker.site import Answer, Headers, Seen, head
from tests.worker.talk import Talk, ask

ADDED = {
    "edgetrace-via",
    "traceparent",
    "x-forwarded-host",
    "x-forwarded-proto",
    "host",
    "cf-worker",
    "cf-connecting-ip",
}
TARGETS = [
    "/a//b/%2e/../c?x=%zz&y=a+b",
    "/%2e%2e/x",
    "/a/../b",
    "/a%2Fb;c=1?",
    "/?q=%00",
    "/x\\y",
    "/\xc3\xa9",
    "//double//",
    "/a?b?c=?",
    "/%E2%82%AC?\xe2\x82\xac",
    "/q?&&=&=a&a",
    "/edgetrace/../secret",
    "/edgetrace/%61gent.js",
    "/edgetrace//agent.js",
    "/edgetrace/.hidden",
    "/edgetrace",
    "/v1/traces/",
    "/V1/traces",
    "/v1/traces%20",
]


@pytest.fixture(scope="module")
def gateway(edge: Edge) -> Iterator[Gateway]:
    """A gateway as it comes."""
    running = Gateway(edge)
    yield running
    running.close()


@pytest.fixture(scope="module")
def plain(gateway: Gateway) -> Iterator[Server]:
    """The other proxy, in front of the same site."""
    with plain_proxy(gateway.site.url) as server:
        yield server


def received(body: bytes) -> tuple[str, str, dict[str, str], int]:
    """What the site says that it got, less what a gateway adds."""
    method, target, headers, size = json.loads(body)
    kept: dict[str, str] = {}
    for name, value in headers:
        if name not in ADDED:
            kept[name] = f"{kept[name]}, {value}" if name in kept else value
    return method, target, kept, size


@pytest.mark.parametrize("target", TARGETS)
def test_targets_arrive_as_they_were_sent(gateway: Gateway, plain: Server, target: str) -> None:
    """Odd escapes, dots and slashes go on byte for byte, as far as workerd itself lets them."""
    here, there = gateway.get(target), ask(plain.url, "GET", target)
    assert here.status == there.status == 200
    assert received(here.body) == received(there.body)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("body", [b"", b"some bytes \x00\xff"])
def test_methods_and_bodies_arrive(
    gateway: Gateway, plain: Server, method: str, body: bytes
) -> None:
    """Each method with a body and without one, as the other proxy has it."""
    if method in ("GET", "HEAD") and body:
        body = b""  # Fetch has none there
    path = f"/method/{method}/{len(body)}"
    here = gateway.ask(method, path, [], body)
    seen = gateway.site.seen(path)
    there = ask(plain.url, method, path, [], body)
    expected = gateway.site.seen(path)
    assert (seen.method, seen.body) == (method, body)
    assert (seen.method, seen.body, seen.header("content-length")) == (
        expected.method,
        expected.body,
        expected.header("content-length"),
    )
    assert here.status == there.status == 200


def test_chunked_bodies_arrive(gateway: Gateway) -> None:
    """A body without a length goes on without one."""
    with Talk(gateway.url) as talk:
        talk.open("POST", "/chunks", [("Transfer-Encoding", "chunked")])
        for part in (b"one ", b"two ", b"three", b""):
            talk.chunk(part)
        assert talk.read_rest(talk.read_head()).status == 200
    seen = gateway.site.seen("/chunks")
    assert seen.body == b"one two three"
    assert seen.header("transfer-encoding") == "chunked"


def test_a_body_may_wait_for_100_continue(gateway: Gateway) -> None:
    """Expect: 100-continue is answered by workerd, and the body arrives."""
    with Talk(gateway.url) as talk:
        talk.open("PUT", "/expect", [("Expect", "100-continue"), ("Content-Length", "4")])
        reply = talk.read_head()
        if reply.status == 100:
            talk.send(b"body")
            reply = talk.read_head()
            assert gateway.site.seen("/expect").body == b"body"
        assert reply.status in (200, 417)


def test_request_headers_arrive(gateway: Gateway, plain: Server) -> None:
    """End-to-end ones go on as they came, hop-by-hop ones as the other proxy treats them."""
    headers = [
        ("Cookie", "a=1; b=2"),
        ("Authorization", "Bearer secret"),
        ("X-Twice", "1"),
        ("X-Twice", "2"),
        ("X-Empty", ""),
        ("Connection", "keep-alive, X-Hop"),
        ("X-Hop", "1"),
        ("TE", "trailers"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Authorization", "x"),
        ("Range", "bytes=0-1"),
        ("If-None-Match", '"1"'),
        ("Sec-Fetch-Mode", "navigate"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("Via", "1.1 cdn"),
    ]
    here, there = gateway.get("/headers", *headers), ask(plain.url, "GET", "/headers", headers)
    assert received(here.body) == received(there.body)
    kept = received(here.body)[2]
    assert kept["cookie"] == "a=1; b=2"
    assert kept["x-twice"] == "1, 2"
    assert kept["x-forwarded-for"] == "192.0.2.1"


def test_the_site_learns_where_it_was_asked(gateway: Gateway) -> None:
    """X-Forwarded-Host and -Proto are the visitor's, whatever the visitor said they were."""
    gateway.get("/forwarded", ("X-Forwarded-Host", "forged"), ("X-Forwarded-Proto", "ftp"))
    seen = gateway.site.seen("/forwarded")
    assert seen.header("x-forwarded-host") == gateway.url.removeprefix("http://")
    assert seen.header("x-forwarded-proto") == "http"
    assert seen.header("host") == gateway.site.url.removeprefix("http://")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(302, [("location", "/elsewhere"), ("set-cookie", "a=1")]),
        Answer(301, [("location", "https://other.example/")], b"moved"),
        Answer(304, [("etag", '"1"'), ("cache-control", "max-age=5")]),
        Answer(204, [("x-nothing", "here")]),
        Answer(206, [("content-range", "bytes 0-1/4"), ("accept-ranges", "bytes")], b"ab"),
        Answer(404, [("content-type", "text/plain")], b"no"),
        Answer(500, [("content-type", "application/json")], b"{}"),
        Answer(200, [("set-cookie", "a=1"), ("set-cookie", "b=2; Path=/"), ("set-cookie", "c")]),
        Answer(200, [("content-type", "text/css"), ("etag", '"strong"')], b"a{}"),
        Answer(200, [("content-type", "image/png"), ("vary", "a"), ("vary", "b")], b"\x89PNG"),
        Answer(200, [("content-type", "application/x")], b"chunk by chunk", chunked=True),
        Answer(200, [("content-type", "x/x"), ("content-encoding", "zstd")], b"(\xb5/\xfd"),
        Answer(200, [("server-timing", "db;dur=1"), ("x-latin", "\xe9")], b"x"),
        Answer(418, [("retry-after", "5"), ("link", "</a>; rel=preload")], b"teapot"),
    ],
)  # fmt: skip
def test_answers_arrive_as_they_were_given(gateway: Gateway, plain: Server, answer: Answer) -> None:
    """Redirects, cookies, conditions, ranges, errors, codings: status, headers and body."""
    gateway.site.put("/answer", answer)
    here, there = gateway.get("/answer"), ask(plain.url, "GET", "/answer")
    assert here == there
    assert here.status == answer.status
    for name, value in answer.headers:
        assert value in ", ".join(here.all(name))


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_compressed_bodies_are_not_touched(gateway: Gateway, coding: str) -> None:
    """Whatever the coding, the bytes are the site's; they need not even be of that coding."""
    headers = [("content-type", "image/x"), ("content-encoding", coding)]
    gateway.site.put("/coded", Answer(200, headers, b"\x1f\x8b not really"))
    reply = gateway.get("/coded", ("Accept-Encoding", "gzip, br, zstd, deflate"))
    assert reply.body == b"\x1f\x8b not really"
    assert reply.header("content-encoding") == coding


def test_head_has_the_length_of_get(gateway: Gateway) -> None:
    """HEAD is answered without a body and with its length."""
    gateway.site.put("/big", Answer(200, [("content-type", "image/x")], b"x" * 5000))
    assert gateway.ask("HEAD", "/big").header("content-length") == "5000"


def test_websockets_pass(gateway: Gateway) -> None:
    """An upgrade goes through, and messages both ways after it."""

    async def echo(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = (seen.header("sec-websocket-key") or "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        upgrade: Headers = [("upgrade", "websocket"), ("connection", "Upgrade")]
        writer.write(head(101, [*upgrade, ("sec-websocket-accept", accept)]))
        first, second, *mask = await reader.readexactly(6)
        masked = await reader.readexactly(second & 127)
        text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))
        writer.write(bytes([first, len(text)]) + text)
        await writer.drain()
        await reader.read()

    gateway.site.script("/socket", echo)
    with Talk(gateway.url) as talk:
        talk.open(
            "GET",
            "/socket",
            [
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ],
        )
        reply = talk.read_head()
        assert reply.status == 101
        assert reply.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        talk.send(b"\x81\x85" + bytes(4) + b"hello")
        assert talk.read(7) == b"\x81\x05hello"


def test_a_header_flood_is_answered_as_by_the_other_proxy(gateway: Gateway, plain: Server) -> None:
    """100 headers of 8 KB: workerd refuses them before either is asked, and the gateway lives."""
    flood = [(f"X-Flood-{number}", "x" * 8192) for number in range(100)]

    def status(url: str) -> int:
        try:
            return ask(url, "GET", "/flood", flood).status // 100
        except ConnectionError:  # it hung up before it was told everything
            return 4

    assert status(gateway.url) == status(plain.url) == 4
    assert gateway.site.count("/flood") == 0
    assert gateway.get("/after").status == 200


def test_many_small_headers_arrive(gateway: Gateway) -> None:
    """A hundred headers that workerd takes arrive, each with its value."""
    headers = [(f"X-Many-{number}", f"{number}") for number in range(100)]
    kept = received(gateway.get("/many", *headers).body)[2]
    assert [kept[f"x-many-{number}"] for number in range(100)] == [f"{n}" for n in range(100)]
