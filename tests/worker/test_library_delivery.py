# SPDX-License-Identifier: MIT OR Apache-2.0
"""How spans leave a real isolate: in batches, under any request, and never in a visitor's way."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.worker.conftest import Edge
from tests.worker.libraries import Traced, new_trace


def test_batches(edge: Edge) -> None:
    """Two hundred requests at eight at once need a handful of requests to the collector."""
    library = Traced(edge, "library", vars={"OTEL_BSP_SCHEDULE_DELAY": "1000"})
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: library.ask("hello").status, range(200)))
    assert statuses == [200] * 200
    library.collector.store.wait_for(lambda store: store.span_count >= 200, timeout_s=20)
    assert library.collector.store.request_count() <= 20
    library.close()


@pytest.mark.parametrize("path", ["slow", "stream"])
def test_a_request_whose_client_has_gone(edge: Edge, path: str) -> None:
    """In its handler, or while it keeps the batch: the next requests bring the spans out."""
    library = Traced(edge, "library", vars={"OTEL_BSP_SCHEDULE_DELAY": "1000"})
    library.ask("hello")  # booted
    kept = new_trace()
    host = library.url.removeprefix("http://")
    client = http.client.HTTPConnection(host, timeout=30)
    gone = new_trace() if path == "slow" else kept
    client.request("GET", f"/{path}", headers={"traceparent": f"00-{gone}-{'c' * 16}-01"})
    assert library.origin.waiting.wait(20)
    if path == "slow":
        library.ask("hello", kept)
    client.close()
    library.origin.gate.set()
    deadline = time.monotonic() + 20
    while not library.collector.store.spans(kept):
        assert time.monotonic() < deadline
        assert library.ask("hello").status == 200
    library.close()


def test_a_collector_that_is_down(edge: Edge) -> None:
    """Requests answer as ever, losses are none so far, and the log says why once."""
    down = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}
    library = Traced(edge, "library", vars=down)
    assert [library.ask("hello").status for _ in range(20)] == [200] * 20
    library.server.wait_for_log("TransportError")
    counters = library.counters()
    assert counters["exported"] == 0
    assert counters["queued"] + counters["in_flight"] >= 20
    library.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("EDGETRACE_TAIL", "everything"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"),
    ],
)
def test_a_wrong_variable(edge: Edge, name: str, value: str) -> None:
    """The Worker answers untraced, and the log names the variable."""
    library = Traced(edge, "library", vars={name: value})
    assert library.ask("hello").text == "hello"
    assert library.ask("fetch_sdk").json()["headers"].get("traceparent") is None
    assert name in library.server.wait_for_log("this Worker is not traced")
    assert library.counters() == {}
    assert library.collector.store.span_count == 0
    library.close()


@pytest.mark.parametrize(
    ("variables", "kept"),
    [
        ({"EDGETRACE_ROUTE_RATIOS": "GET /hello=0,/status=1,*=0"}, {"/status"}),
        ({"EDGETRACE_TAIL": "errors"}, {"/raises"}),
        ({"EDGETRACE_TAIL": "slower=60000"}, set()),
        ({"EDGETRACE_TAIL": "ratio=1"}, {"/hello", "/status", "/raises"}),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, set()),
        ({"OTEL_SDK_DISABLED": "true"}, set()),
    ],
    ids=range(6),
)
def test_sampling(edge: Edge, variables: dict[str, str], kept: set[str]) -> None:
    """By route, by what became of the request, and not at all."""
    library = Traced(edge, "library", vars=variables)
    for path in ("hello", "status?200", "raises"):
        library.ask(path)
    library.ask("flush")
    if kept:
        library.collector.store.wait_for(
            lambda store: {span["attributes"].get("url.path") for span in store.spans()} >= kept
        )
    found = {span["attributes"].get("url.path") for span in library.collector.store.spans()}
    assert found - {None, "/flush"} == kept
    library.close()


def test_a_callers_decision_is_followed(edge: Edge) -> None:
    """An unsampled caller is not traced here either, and what it fetches is told so."""
    library = Traced(edge, "library")
    trace_id = new_trace()
    answer = library.ask("fetch_sdk", traceparent=f"00-{trace_id}-{'c' * 16}-00")
    told = answer.json()["headers"]["traceparent"]
    assert (told[:36], told[-3:]) == (f"00-{trace_id}-", "-00")
    library.ask("flush")
    assert library.collector.store.spans(trace_id) == []
    library.close()
