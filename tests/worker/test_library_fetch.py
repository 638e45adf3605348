# SPDX-License-Identifier: MIT OR Apache-2.0
"""Fetches of every kind out of a traced handler: as they were, with a span and its context."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.worker.conftest import Edge
from tests.worker.libraries import CLIENT, ERROR, SERVER, Traced, new_trace


@pytest.fixture(scope="module")
def library(edge: Edge) -> Iterator[Traced]:
    """tests/worker/apps/library.py."""
    running = Traced(edge, "library")
    yield running
    running.close()


@pytest.mark.parametrize(
    ("what", "method", "path", "mine", "body"),
    [
        ("sdk", "GET", "/sdk?token=1", "1", ""),
        ("post", "POST", "/post", None, "a body"),
        ("request", "PUT", "/request", "1", "b"),
        ("list", "GET", "/list", "1,2", ""),
        ("headers", "GET", "/headers", "1", ""),
        ("url", "GET", "/url", None, ""),
        ("js", "POST", "/js", "1", "a body"),
        ("js_keywords", "POST", "/keywords", "1", ""),
        ("js_request", "GET", "/jsrequest", "1", ""),
        ("js_override", "GET", "/override", "1", ""),
        ("pyfetch", "POST", "/py", "1", ""),
        ("incoming", "GET", "/incoming", None, ""),
    ],
)
def test_every_kind(
    library: Traced, what: str, method: str, path: str, mine: str | None, body: str
) -> None:
    """Method, path, headers and body arrive, with a traceparent that names the client span."""
    answer, spans = library.trace(f"fetch_{what}", "GET")
    asked = answer.json()
    assert (asked["method"], asked["path"], asked["body"]) == (method, path, body)
    assert asked["headers"].get("x-mine") == mine
    trace = library.spans(spans["GET"]["trace_id"])
    (client,) = [span for span in trace if span["kind"] == CLIENT]
    (server,) = [span for span in trace if span["kind"] == SERVER]
    assert client["parent_span_id"] == server["span_id"]
    assert asked["headers"]["traceparent"] == f"00-{client['trace_id']}-{client['span_id']}-01"
    assert client["name"] == method
    shown = path.replace("token=1", "token=REDACTED")
    assert client["attributes"]["url.full"] == library.origin.url + shown
    assert client["attributes"]["http.response.status_code"] == 200


def test_a_fetch_that_fails_fails_as_before(library: Traced) -> None:
    """The exception is the SDK's own; both spans have it."""
    answer, spans = library.trace("fetch_down", "GET")
    assert answer.status == 500
    assert "AbortError" in answer.text
    trace = library.spans(spans["GET"]["trace_id"])
    assert [span["status"]["code"] for span in trace] == [ERROR, ERROR]


def test_what_is_no_fetch_has_its_own_error(library: Traced) -> None:
    """The platform's words, for a missing argument and for what is no URL."""
    missing, wrong, wrong_sdk = library.ask("fetch_wrong").json()
    assert "Workerd" not in missing
    assert missing.startswith(("JsException: TypeError", "TypeError"))
    assert "Invalid URL: not a url" in wrong
    assert "Invalid URL: not a url" in wrong_sdk


def test_requests_at_once_never_mix(library: Traced) -> None:
    """25 times 8 requests, each with eight fetches under spans of their own."""
    traces = [new_trace() for _ in range(200)]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda t: library.ask(f"fetch_many?{t}", t).json(), traces))
    for trace_id, parents in zip(traces, told, strict=True):
        assert {parent[3:35] for parent in parents} == {trace_id}
    library.collector.store.wait_for(
        lambda store: all(len(store.spans(trace_id)) >= 17 for trace_id in traces), timeout_s=30
    )
    for trace_id in traces:
        spans: dict[str, Any] = {s["span_id"]: s for s in library.collector.store.spans(trace_id)}
        assert len(spans) == 17
        for span in spans.values():
            if span["kind"] == CLIENT:
                part = spans[span["parent_span_id"]]
                number = part["name"].removeprefix("part ")
                assert span["attributes"]["url.full"].endswith(f"/{trace_id}-{number}")


def test_hosts_that_get_the_context(edge: Edge) -> None:
    """With an allow-list other hosts are asked without, and the span is made all the same."""
    for hosts, told in (("none", False), ("*.example,127.0.0.1", True), ("*.0.0.1", True)):
        library = Traced(edge, "library", vars={"EDGETRACE_PROPAGATE_TO": hosts})
        answer, spans = library.trace("fetch_js", "POST", "GET")
        assert ("traceparent" in answer.json()["headers"]) is told
        assert spans["POST"]["kind"] == CLIENT
        library.close()
