# SPDX-License-Identifier: MIT OR Apache-2.0
"""`edgetrace.worker.instrument` on classes in a real workerd: each event, its span, its answer."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from tests.worker.ask import ask
from tests.worker.conftest import Edge
from tests.worker.libraries import CLIENT, CONSUMER, ERROR, PRODUCER, SERVER, Traced

BINDINGS = {
    "kvNamespaces": ["KV"],
    "queueProducers": {"QUEUE": "jobs"},
    "queueConsumers": {"jobs": {"maxBatchTimeout": 0}},
    "durableObjects": {"COUNTER": "Counter"},
    "serviceBindings": {"OTHER": {"name": "app", "entrypoint": "Other"}, "SELF": "app"},
    "workflows": {"FLOW": {"name": "flow", "className": "Flow"}},
}


@pytest.fixture(scope="module")
def library(edge: Edge) -> Iterator[Traced]:
    """tests/worker/apps/library.py."""
    running = Traced(edge, "library", bindings=BINDINGS)
    yield running
    running.close()


def test_a_request(library: Traced) -> None:
    """Of the caller's trace, with what it asked and what it was answered."""
    answer, spans = library.trace("status?404", "GET")
    assert answer.status == 404
    span = spans["GET"]
    assert (span["kind"], span["parent_span_id"], span["service"]) == (SERVER, "c" * 16, "library")
    assert span["status"]["code"] == 0
    host, _, port = library.url.removeprefix("http://").partition(":")
    known = {
        "http.request.method": "GET",
        "http.response.status_code": 404,
        "url.scheme": "http",
        "url.path": "/status",
        "url.query": "404",
        "server.address": host,
        "server.port": int(port),
        "network.protocol.version": "1.1",
    }
    assert known.items() <= span["attributes"].items()
    assert span["end_unix_nano"] >= span["start_unix_nano"] > 1_700_000_000 * 10**9


def test_a_javascript_response(library: Traced) -> None:
    """Goes through as it is."""
    answer, spans = library.trace("js", "GET")
    assert answer.text == "from JavaScript"
    assert spans["GET"]["attributes"]["http.response.status_code"] == 200


def test_an_exception_is_the_platforms(library: Traced) -> None:
    """The visitor gets the 500 that the platform makes; the span has the exception."""
    answer, spans = library.trace("raises", "GET")
    assert answer.status == 500
    assert "ValueError: a bug" in answer.text
    span = spans["GET"]
    assert span["status"] == {"code": ERROR, "message": "ValueError: a bug"}
    assert [event["name"] for event in span["events"]] == ["exception"]


def test_no_response(library: Traced) -> None:
    """What a handler forgets to return is the platform's error, not ours."""
    answer, spans = library.trace("none", "GET")
    assert answer.status == 500
    assert spans["GET"]["attributes"]["error.type"] == "no_response"


def test_a_named_entrypoint_by_fetch_carries_the_trace(library: Traced) -> None:
    """Client span, and under it the server span of the other entrypoint."""
    answer, spans = library.trace("fetch_self", "GET")
    assert answer.text == "hello"
    assert spans["GET"]["trace_id"]
    trace = library.spans(spans["GET"]["trace_id"])
    by_id = {span["span_id"]: span for span in trace}
    (client,) = [span for span in trace if span["kind"] == CLIENT]
    (inner,) = [span for span in trace if span["parent_span_id"] == client["span_id"]]
    assert inner["attributes"]["url.path"] == "/hello"
    assert by_id[client["parent_span_id"]]["attributes"]["url.path"] == "/fetch_self"


def test_rpc(library: Traced) -> None:
    """A public method is a server span; one that it calls itself is not."""
    answer, spans = library.trace("rpc", "GET", "OTHER/add")
    assert answer.json() == 5
    assert spans["OTHER/add"]["kind"] == CLIENT
    server, inner = library.named("Other/add"), library.named("sum")
    assert server["kind"] == SERVER
    assert inner["parent_span_id"] == server["span_id"]
    assert server["attributes"]["rpc.system.name"] == "cloudflare.jsrpc"


def test_rpc_that_raises(library: Traced) -> None:
    """The caller gets the exception's text."""
    answer, spans = library.trace("rpc_raises", "OTHER/fails")
    assert "KeyError: 'no such thing'" in answer.text
    assert spans["OTHER/fails"]["status"]["code"] == ERROR
    assert library.named("Other/fails")["attributes"]["error.type"] == "KeyError"


def test_a_durable_object(library: Traced) -> None:
    """RPC to it, and a fetch that carries the trace."""
    trace_id = "d0" * 16
    count, text = library.ask("object", trace_id).json()
    assert count == 2
    spans = library.spans(trace_id, "COUNTER/increment")
    (client,) = [s for s in spans if s["attributes"].get("url.full") == "https://object.example/x"]
    (inner,) = [span for span in spans if span["parent_span_id"] == client["span_id"]]
    assert inner["kind"] == SERVER
    assert text == f"2 00-{trace_id}-{client['span_id']}-01"
    assert library.named("Counter/increment")["kind"] == SERVER


def test_an_alarm(library: Traced) -> None:
    """A root span, with what it did under it."""
    library.ask("alarm")
    alarm = library.named("alarm")
    assert (alarm["kind"], alarm["parent_span_id"]) == (SERVER, "")
    assert alarm["attributes"] == {"faas.trigger": "timer"}
    spans = library.spans(alarm["trace_id"], "put KV", "alarm")
    assert {span["parent_span_id"] for span in spans} == {"", alarm["span_id"]}


def test_a_queue(library: Traced) -> None:
    """Sending is a producer's span, a batch a consumer's."""
    _, spans = library.trace("send", "send QUEUE", "GET")
    assert spans["send QUEUE"]["kind"] == PRODUCER
    batch = library.named("process jobs")
    assert batch["kind"] == CONSUMER
    assert batch["attributes"]["messaging.batch.message_count"] == 1
    assert batch["attributes"]["messaging.destination.name"] == "jobs"


def test_a_scheduled_event(library: Traced) -> None:
    """Its cron expression, and a client span for what it fetched."""
    ask(f"{library.url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*")
    span = library.named("scheduled")
    assert span["attributes"] == {"faas.trigger": "timer", "faas.cron": "* * * * *"}
    trace = library.spans(span["trace_id"], "GET", "scheduled")
    assert {each["parent_span_id"] for each in trace} == {"", span["span_id"]}


def test_a_workflow(library: Traced) -> None:
    """Its steps are spans under it, and so is what a step fetches."""
    instance = library.ask("workflow").text
    flow = library.named("workflow")
    assert library.ask(f"flow_status?{instance}").json() == {
        "status": "complete",
        "output": {"n": 42},
    }
    spans = library.spans(flow["trace_id"], "workflow", "step double", "step more", "GET")
    by_name = {span["name"]: span for span in spans}
    assert by_name["step double"]["parent_span_id"] == flow["span_id"]
    assert by_name["step more"]["parent_span_id"] == flow["span_id"]
    assert by_name["GET"]["parent_span_id"] == by_name["step more"]["span_id"]
    (asked,) = [each for each in library.origin.asked if each["path"] == "/step"]
    assert by_name["GET"]["span_id"] in asked["headers"]["traceparent"]


def test_what_goes_on_after_the_response(library: Traced) -> None:
    """A task under waitUntil belongs to the request, and its spans are delivered under it."""
    trace_id = "1a" * 16
    assert library.ask("later", trace_id).text == "now"
    by_name = {span["name"]: span for span in library.spans(trace_id, "later")}
    assert by_name["later"]["trace_id"] == trace_id
    (asked,) = [each for each in library.origin.asked if each["path"] == "/later"]
    assert trace_id in asked["headers"]["traceparent"]


def test_a_flush_is_not_traced(library: Traced) -> None:
    """It waits until all is delivered, and makes no span of its own sending."""
    trace_id = "1b" * 16
    assert library.ask("flush", trace_id).text == "True"
    assert [span["name"] for span in library.collector.store.spans(trace_id)][:1] == ["before"]
    spans = library.spans(trace_id, "GET")
    assert sorted(span["name"] for span in spans) == ["GET", "before"]


def test_a_streamed_response_streams(library: Traced) -> None:
    """The first chunk is here before the second is made."""
    library.origin.gate.clear()
    with urllib.request.urlopen(f"{library.url}/stream", timeout=30) as response:
        assert response.read(5) == b"first"
        library.origin.gate.set()
        assert response.read() == b"second"


def test_counters_obey_the_law(library: Traced) -> None:
    """Of all this: ended = exported + dropped + queued + in flight, and no misuse."""
    counters = library.counters()
    dropped = sum(count for name, count in counters.items() if name.startswith("dropped_"))
    parts = dropped + counters["exported"] + counters["queued"] + counters["in_flight"]
    assert counters["ended"] == parts
    assert dropped == counters["misuses"] == 0
    assert json.dumps(counters)
