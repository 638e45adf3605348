# SPDX-License-Identifier: MIT OR Apache-2.0
"""page_trace without a browser: its OTLP sink, and spans as a test sees them."""

from __future__ import annotations

import gzip
import http.client
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from edgetrace._page_trace.sink import Sink
from edgetrace._page_trace.spans import PageTrace, page_trace_of

PROTOBUF = {"content-type": "application/x-protobuf"}
TRACE = b"t" * 16


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """A sink that serves one file."""
    (tmp_path / "agent.js").write_text("// agent")
    running = Sink(tmp_path)
    yield running
    running.close()


def ask(
    sink: Sink, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(sink.url.removeprefix("http://"), timeout=5)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return response.status, names, response.read()
    finally:
        connection.close()


def a_span(number: int, name: str = "resourceFetch", parent: int = 0, start_ms: int = 0) -> Span:
    """A span of TRACE that takes 5 ms."""
    return Span(
        trace_id=TRACE,
        span_id=number.to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        name=name,
        start_time_unix_nano=1_000_000_000 + start_ms * 1_000_000,
        end_time_unix_nano=1_000_000_000 + (start_ms + 5) * 1_000_000,
    )


def a_request(*spans: Span) -> bytes:
    """An OTLP request with these spans."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    return request.SerializeToString()


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_spans_come_into_the_mailbox_of_their_path(sink: Sink, encoding: str) -> None:
    """Plain and gzip bodies are decoded; another mailbox stays empty; the answer is OTLP's."""
    body = a_request(a_span(1))
    if encoding:
        body = gzip.compress(body)
    headers = {**PROTOBUF, "content-encoding": encoding}
    status, _, answer = ask(sink, "POST", "/page-1/v1/traces", body, headers)
    assert (status, ExportTraceServiceResponse.FromString(answer)) == (
        200,
        ExportTraceServiceResponse(),
    )
    assert [span.name for span in sink.spans("page-1")] == ["resourceFetch"]
    assert sink.spans("page-2") == []


def test_a_preflight_allows_what_it_asks_for(sink: Sink) -> None:
    """Any origin may post with any headers, from another network as well."""
    asked = {"origin": "https://shop.test", "access-control-request-headers": "content-type,x-a"}
    status, headers, _ = ask(sink, "OPTIONS", "/page-1/v1/traces", headers=asked)
    assert status == 204
    assert headers["access-control-allow-origin"] == "https://shop.test"
    assert headers["access-control-allow-headers"] == "content-type,x-a"
    assert headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff", PROTOBUF, 400),
        (b"not gzip", {**PROTOBUF, "content-encoding": "gzip"}, 400),
        (b"{}", {"content-type": "application/json"}, 415),
        (b"", {**PROTOBUF, "content-encoding": "br"}, 415),
    ],
)
def test_what_is_no_otlp_is_refused_and_noted(
    sink: Sink, body: bytes, headers: dict[str, str], status: int
) -> None:
    """A bad request has its status and its reason in the mailbox, for the failure's message."""
    assert ask(sink, "POST", "/m/v1/traces", body, headers)[0] == status
    assert [(r.status, bool(r.problem), r.spans) for r in sink.received("m")] == [
        (status, True, [])
    ]


def test_the_agents_files_are_served_and_no_others(sink: Sink) -> None:
    """What lies in the folder is served under /edgetrace/; a path out of it is not."""
    status, headers, body = ask(sink, "GET", "/edgetrace/agent.js?v=1")
    assert (status, headers["content-type"], body) == (200, "text/javascript", b"// agent")
    assert ask(sink, "GET", "/edgetrace/../agent.js")[0] == 404
    assert ask(sink, "GET", "/edgetrace/")[0] == 404


def test_waiting_ends_with_the_spans_or_the_time(sink: Sink) -> None:
    """wait_for wakes up when the last span comes, and gives up at its time."""
    body = a_request(a_span(1), a_span(2))
    poster = threading.Thread(target=ask, args=(sink, "POST", "/m/x", body, PROTOBUF))
    poster.start()
    assert sink.wait_for("m", lambda spans: len(spans) == 2, time.monotonic() + 5)
    poster.join()
    assert not sink.wait_for("m", lambda spans: len(spans) == 3, time.monotonic())


def of(*spans: Span) -> PageTrace:
    """The trace of these spans, which begin at a second."""
    trace = page_trace_of("http://shop.test/", spans, 1000.0)
    assert trace is not None
    return trace


def test_parents_are_linked_and_times_count_from_the_first_span() -> None:
    """Whatever the order of arrival, parents are objects and times are relative ms."""
    trace = of(
        a_span(3, parent=2, start_ms=20),
        a_span(2, parent=1, start_ms=10),
        a_span(1, "documentLoad"),
    )
    root, middle, leaf = trace.spans
    assert root is trace.root
    assert leaf.parent is middle
    assert middle.parent is root
    assert (leaf.start_ms, leaf.end_ms, leaf.duration_ms) == (20, 25, 5)


def test_without_a_page_load_there_is_no_trace() -> None:
    """Resources that came before their documentLoad are no page's trace yet."""
    assert page_trace_of("http://shop.test/", [a_span(2, parent=1)], 1000.0) is None


def test_the_page_load_nearest_in_time_is_taken() -> None:
    """Of several page loads in a mailbox the one that began with the browser's is meant."""
    earlier = a_span(1, "documentLoad")
    later = a_span(2, "documentLoad", start_ms=900)
    later.trace_id = b"u" * 16
    trace = page_trace_of("http://shop.test/", [earlier, later], 1890.0)
    assert trace is not None
    assert trace.root.span_id == (2).to_bytes(8, "big").hex()
    assert len(trace.spans) == 1


def test_parents_in_a_circle_do_not_hang() -> None:
    """Spans that name each other as parents all appear."""
    assert len(of(a_span(1, "documentLoad"), a_span(2, parent=3), a_span(3, parent=2)).spans) == 3


def test_values_of_every_kind_become_pythons() -> None:
    """Attributes are plain values, nested ones too; the status is a word."""
    span = a_span(1, "documentLoad")
    for key in ("text", "list", "map", "unset"):
        value = span.attributes.add(key=key).value
        if key == "text":
            value.string_value = "x"
        elif key == "list":
            value.array_value.values.add().int_value = 7
        elif key == "map":
            value.kvlist_value.values.add(key="a").value.bool_value = True
    span.status.code = Status.STATUS_CODE_ERROR
    span.status.message = "down"
    trace = of(span)
    root = trace.root
    assert root.attributes == {"text": "x", "list": [7], "map": {"a": True}, "unset": None}
    assert (root.status, root.status_message, trace.errors) == ("error", "down", [root])
    assert repr(root) == "<documentLoad 5.0 ms error down>"


def test_long_traces_are_listed_in_part() -> None:
    """A trace as text has a line per span, forty at most."""
    trace = of(a_span(1, "documentLoad"), *(a_span(n, parent=1, start_ms=n) for n in range(2, 60)))
    lines = str(trace).splitlines()
    assert lines[0] == "<PageTrace http://shop.test/: 59 spans, 5 ms, 0 errors>"
    assert lines[-1] == "  and 19 more"
