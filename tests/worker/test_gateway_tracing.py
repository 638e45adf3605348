# SPDX-License-Identifier: MIT OR Apache-2.0
"""The gateway's own spans: whose children they are, what they say, and that requests never mix."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway
from tests.worker.site import Answer
from tests.worker.talk import Talk

SERVER, CLIENT, ERROR = 2, 3, 2
CALLER = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture(scope="module")
def gateway(edge: Edge) -> Iterator[Gateway]:
    """A gateway as it comes."""
    running = Gateway(edge, vars={"OTEL_SERVICE_NAME": "shop-edge"})
    yield running
    running.close()


def pair(gateway: Gateway, path: str) -> tuple[Any, Any]:
    """Server and client span of the one request for a path."""
    by_kind = {span["kind"]: span for span in gateway.spans(path)}
    return by_kind[SERVER], by_kind[CLIENT]


def test_a_request_is_a_server_span_with_a_client_span_in_it(gateway: Gateway) -> None:
    """The site is told the client's span, whose parent is the server's, which is a root."""
    gateway.get("/one?token=secret&a=b", ("User-Agent", "test"))
    server, client = pair(gateway, "/one")
    told = gateway.site.seen("/one").header("traceparent")
    assert told == f"00-{client['trace_id']}-{client['span_id']}-03"
    assert client["parent_span_id"] == server["span_id"]
    assert server["parent_span_id"] == ""
    assert server["service"] == "shop-edge"
    assert server["name"] == client["name"] == "GET"
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    known = {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "url.path": "/one",
        "url.query": "token=REDACTED&a=b",
        "user_agent.original": "test",
        "server.address": host,
        "server.port": int(port),
    }
    assert known.items() <= server["attributes"].items()
    assert client["attributes"]["url.full"] == gateway.site.url + "/one?token=REDACTED&a=b"
    assert client["attributes"]["server.port"] == gateway.site.port


def test_a_trace_goes_on(gateway: Gateway) -> None:
    """traceparent of a caller is the server span's parent, and tracestate reaches the site."""
    gateway.get("/on", ("traceparent", CALLER), ("tracestate", "vendor=1,other=2"))
    server, client = pair(gateway, "/on")
    assert (server["trace_id"], server["parent_span_id"]) == ("a" * 32, "b" * 16)
    assert server["trace_state"] == client["trace_state"] == "vendor=1,other=2"
    seen = gateway.site.seen("/on")
    assert seen.header("tracestate") == "vendor=1,other=2"
    assert seen.header("traceparent") == f"00-{'a' * 32}-{client['span_id']}-01"


def test_a_malformed_trace_is_none(gateway: Gateway) -> None:
    """What is no traceparent begins a new trace, and does not reach the site."""
    gateway.get(
        "/malformed", ("traceparent", f"00-{'A' * 32}-{'b' * 16}-01"), ("tracestate", "a=1")
    )
    server, client = pair(gateway, "/malformed")
    assert server["parent_span_id"] == ""
    assert gateway.site.seen("/malformed").header("traceparent") == (
        f"00-{client['trace_id']}-{client['span_id']}-03"
    )


def test_an_unsampled_trace_stays_so(gateway: Gateway) -> None:
    """No span is sent, and the site learns that it is not sampled."""
    gateway.get("/unsampled", ("traceparent", CALLER[:-1] + "0"))
    told = gateway.site.seen("/unsampled").header("traceparent") or ""
    assert told.startswith(f"00-{'a' * 32}-")
    assert told.endswith("-00")
    gateway.get("/after-unsampled")
    gateway.spans("/after-unsampled")
    paths = [s["attributes"].get("url.path") for s in gateway.collector.store.spans()]
    assert "/unsampled" not in paths


@pytest.mark.parametrize(
    ("status", "server_error", "client_error"),
    [(200, False, False), (302, False, False), (404, False, True), (500, True, True)],
)
def test_errors_are_whose_they_are(
    gateway: Gateway, status: int, server_error: bool, client_error: bool
) -> None:
    """From 500 on it is the server's error; from 400 on one for the client that asked."""
    path = f"/status/{status}"
    gateway.site.put(path, Answer(status, [("location", "/")]))
    gateway.get(path)
    server, client = pair(gateway, path)
    for span, is_error in ((server, server_error), (client, client_error)):
        assert span["attributes"]["http.response.status_code"] == status
        assert (span["status"]["code"] == ERROR) == is_error
        assert span["attributes"].get("error.type") == (str(status) if is_error else None)


def test_two_hundred_requests_eight_at_once_never_mix(gateway: Gateway) -> None:
    """Each request's spans are in the trace of its caller, the client's within the server's."""

    def client(number: int) -> None:
        with Talk(gateway.url) as talk:
            for turn in range(25):
                trace = f"{(number + 1) * 1000 + turn:032x}"
                path = f"/mix/{number}/{turn}"
                headers = [("traceparent", f"00-{trace}-{'c' * 16}-01")]
                assert talk.ask("GET", path, headers).status == 200

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(client, range(8)))

    def all_there(store: Any) -> list[Any]:
        found = [
            span
            for span in store.spans()
            if "/mix/"
            in str(span["attributes"].get("url.path", span["attributes"].get("url.full")))
        ]
        return found if len(found) >= 400 else []

    spans = gateway.collector.store.wait_for(all_there)
    assert len(spans) == 400
    servers = {span["trace_id"]: span for span in spans if span["kind"] == SERVER}
    for span in spans:
        url = span["attributes"].get("url.path") or span["attributes"]["url.full"]
        number, turn = map(int, url.split("/mix/")[1].split("/"))
        assert span["trace_id"] == f"{(number + 1) * 1000 + turn:032x}"
        if span["kind"] == CLIENT:
            assert span["parent_span_id"] == servers[span["trace_id"]]["span_id"]
        else:
            assert span["parent_span_id"] == "c" * 16


def test_exports_are_far_fewer_than_requests(gateway: Gateway) -> None:
    """Spans of many requests leave in one POST."""
    store = gateway.collector.store
    assert store.request_count() * 5 < store.span_count
