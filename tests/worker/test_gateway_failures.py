# SPDX-License-Identifier: MIT OR Apache-2.0
"""If tracing fails, the site still answers; if the site fails, the gateway says so and lives."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.worker.collectors import PATH, PROTOBUF, Sink, request
from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway
from tests.worker.site import Answer, Seen, head
from tests.worker.talk import Talk, ask

HTML = ("content-type", "text/html")
PAGE = b"<head></head>"
BODY = request().SerializeToString()


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    """A collector that fails as it is told to."""
    running = Sink()
    yield running
    running.close()


@pytest.fixture(scope="module")
def gateway(edge: Edge, sink: Sink) -> Iterator[Gateway]:
    """A gateway that sends to it, with little patience."""
    given = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": sink.endpoint,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "300",
        "EDGETRACE_FORWARD_TIMEOUT_MS": "300",
        "EDGETRACE_METRICS_TOKEN": "open",
    }
    running = Gateway(edge, vars=given)
    yield running
    running.close()


def is_up(gateway: Gateway) -> bool:
    """Whether the site answers, a page with its tag."""
    gateway.site.put("/up", Answer(200, [HTML], PAGE))
    return b"<script" in gateway.get("/up").body


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, [], b"no"),
        (429, [("retry-after", "1")], b""),
        (503, [("retry-after", "nonsense")], b"<html>"),
        (200, [], b"\xff" * 100),
        (200, [("content-type", "text/html")], b"<html>"),
        (418, [], b""),
        (302, [("location", "http://127.0.0.1:9/")], b""),
    ],
)
def test_whatever_the_collector_answers_the_site_is_up(
    gateway: Gateway, sink: Sink, status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    """Refusals, garbage and redirects of the collector are no visitor's concern."""
    sink.say(status, *headers, body=body)
    assert is_up(gateway)
    sink.seen(PATH)  # the page's spans were sent, and answered so
    assert is_up(gateway)
    sink.say(200)


def test_a_hanging_collector_is_given_up(gateway: Gateway, sink: Sink) -> None:
    """A page's spans are 503 after EDGETRACE_FORWARD_TIMEOUT_MS; the site does not wait at all."""
    over = threading.Event()

    async def hang(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        over.set()

    sink.script(PATH, hang)
    assert is_up(gateway)
    reply = gateway.ask("POST", "/v1/traces", [PROTOBUF], BODY)
    assert (reply.status, reply.header("retry-after")) == (503, "5")
    assert over.wait(10)  # the gateway hung up
    assert is_up(gateway)
    sink.unscript(PATH)


def test_a_collector_that_is_down_costs_nothing(edge: Edge) -> None:
    """Nobody listens there: the site is up, a page's spans are 503, and the loss is counted."""
    given = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces",
        "EDGETRACE_METRICS_TOKEN": "open",
    }
    gateway = Gateway(edge, vars=given)
    assert all(is_up(gateway) for _ in range(10))
    assert gateway.ask("POST", "/v1/traces", [PROTOBUF], BODY).status == 503
    text = gateway.get("/edgetrace/metrics", ("Authorization", "Bearer open")).text
    assert 'edgetrace_gateway_bodies_dropped_total{cause="collector_failed"} 1' in text
    gateway.close()


@pytest.mark.parametrize(
    ("variable", "value", "traced"),
    [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "not a url", False),
        ("EDGETRACE_TAG_ATTRIBUTES", "no pairs", True),
    ],
)
def test_wrong_variables_cost_the_tracing_not_the_site(
    edge: Edge, variable: str, value: str, traced: bool
) -> None:
    """The log names the variable, and every request goes on as it would have."""
    gateway = Gateway(edge, vars={variable: value})
    gateway.site.put("/text", Answer(200, [("content-type", "text/plain")], b"text"))
    assert gateway.get("/text").body == b"text"
    gateway.server.wait_for_log(variable.partition("_TRACES")[0].partition("_OTLP")[0])
    assert gateway.get("/edgetrace/health").text.count(str(traced).lower()) == 1
    if not traced:
        assert gateway.ask("POST", "/v1/traces", [PROTOBUF], BODY).status == 503
    gateway.close()


def test_switched_off_it_only_forwards(edge: Edge) -> None:
    """OTEL_SDK_DISABLED: a caller's trace passes untouched, and the page names none."""
    gateway = Gateway(edge, vars={"OTEL_SDK_DISABLED": "true"})
    gateway.site.put("/off", Answer(200, [HTML], PAGE))
    caller = f"00-{'a' * 32}-{'b' * 16}-01"
    reply = gateway.get("/off", ("traceparent", caller))
    assert gateway.site.seen("/off").header("traceparent") == caller
    assert b"traceparent" not in reply.body
    assert reply.header("server-timing") is None
    assert reply.header("cache-control") is None
    gateway.close()


def test_an_origin_that_is_down_is_502(edge: Edge) -> None:
    """The visitor is told in a sentence, and the span is an error."""
    gateway = Gateway(edge, vars={"ORIGIN": "http://127.0.0.1:9"})
    reply = gateway.get("/down")
    assert (reply.status, reply.text) == (502, "Bad gateway: the site's origin did not answer.\n")
    kinds = {span["kind"]: span for span in gateway.spans("/down")}
    assert kinds[2]["status"]["code"] == kinds[3]["status"]["code"] == 2
    assert kinds[2]["attributes"]["http.response.status_code"] == 502
    gateway.close()


def test_an_origin_that_is_the_gateway_is_508(edge: Edge) -> None:
    """A loop ends at the second round."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gateway = Gateway(edge, vars={"ORIGIN": f"http://127.0.0.1:{port}"}, port=port)
    assert gateway.get("/loop").status == 508
    gateway.close()


def test_no_origin_is_said(edge: Edge) -> None:
    """Without ORIGIN and ASSETS there is no site, and the answer says what to set."""
    gateway = Gateway(edge, vars={"ORIGIN": ""})
    reply = gateway.get("/")
    assert reply.status == 500
    assert "ORIGIN" in reply.text
    gateway.close()


def test_a_visitor_may_leave_a_hanging_origin(gateway: Gateway) -> None:
    """Others are answered while it hangs, and after those who wait have gone."""

    async def hang(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    gateway.site.script("/hang", hang)
    talks = [Talk(gateway.url) for _ in range(5)]
    for talk in talks:
        talk.open("GET", "/hang")
        gateway.site.seen("/hang")
    assert is_up(gateway)
    for talk in talks:
        talk.close()
    assert is_up(gateway)


@pytest.mark.parametrize("kind", ["text/html", "application/x"])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_that_is_cut_off_is_seen_to_be(gateway: Gateway, kind: str, chunked: bool) -> None:
    """The visitor's connection breaks too, so that half an answer passes for no whole one."""

    async def cut(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framing = ("transfer-encoding", "chunked") if chunked else ("content-length", "99")
        writer.write(head(200, [framing, ("content-type", kind)]))
        writer.write(b"6\r\n<head>\r\n" if chunked else b"<head>")
        await writer.drain()
        writer.transport.abort()

    gateway.site.script("/cut", cut)
    with Talk(gateway.url) as talk:
        talk.open("GET", "/cut")
        with pytest.raises(ConnectionError):
            talk.read_rest(talk.read_head())
    assert is_up(gateway)


def test_an_origin_that_speaks_no_http_is_502(gateway: Gateway) -> None:
    """Nonsense instead of a response."""

    async def nonsense(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
        await writer.drain()

    gateway.site.script("/nonsense", nonsense)
    assert gateway.get("/nonsense").status == 502
    assert is_up(gateway)


@pytest.mark.parametrize(
    "kind",
    ["text/html;" * 500, "TEXT/HTML", "text/html, text/plain", "text/html\t; charset=\"", "html"],
)  # fmt: skip
def test_forged_content_types_break_nothing(gateway: Gateway, kind: str) -> None:
    """Whatever is called HTML arrives, with the tag or without it."""
    gateway.site.put("/forged", Answer(200, [("content-type", kind)], PAGE))
    assert gateway.get("/forged").body.startswith(b"<head>")


@pytest.mark.parametrize(
    "target",
    [
        "/edgetrace/..%2f..%2fsecret",
        "/edgetrace/%2e%2e/secret",
        "/edgetrace/a/../../secret",
        "/edgetrace\\agent.js",
        "/edgetrace/agent.js%00",
        "/edgetrace/agent.js/",
        "/EDGETRACE/agent.js",
        "//edgetrace/agent.js",
        "/edgetrace/metrics/",
        "/edgetrace/metrics%3f",
        "/edgetrace/" + "a" * 200,
    ],
)
def test_tricks_with_paths_are_the_sites(gateway: Gateway, target: str) -> None:
    """What is not exactly one of ours goes to the site; nothing of ours answers under two names."""
    reply = gateway.get(target)
    assert reply.status in (200, 404)
    if reply.status == 200:
        assert b'["GET", ' in reply.body
    else:
        assert target == "/edgetrace\\agent.js"  # which a URL parser makes the file's own name


def test_the_gateway_outlives_rude_visitors(gateway: Gateway) -> None:
    """Half requests, wrong lengths, connections that are dropped."""
    for data in (
        b"GET / HTTP/1.1\r\n",
        b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nshort",
        b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nshort",
        b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00",
    ):
        with Talk(gateway.url) as talk:
            talk.send(data)
    assert is_up(gateway)
    assert ask(gateway.url, "GET", "/edgetrace/health").status == 200
