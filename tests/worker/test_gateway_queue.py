# SPDX-License-Identifier: MIT OR Apache-2.0
"""EDGETRACE_FORWARD=queue: bodies go through a Queue, and its consumer joins them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.worker.collectors import JSON, PATH, PROTOBUF, Sink, decoded, named, request
from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway

SECRET = "x-secret"
BODIES = 12


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    """The collector."""
    running = Sink()
    yield running
    running.close()


@pytest.fixture(scope="module")
def gateway(edge: Edge, sink: Sink) -> Iterator[Gateway]:
    """A gateway that is producer and consumer of the traces' Queue."""
    given = {
        "EDGETRACE_FORWARD": "queue",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": sink.endpoint,
        "OTEL_EXPORTER_OTLP_HEADERS": f"{SECRET}=hush",
    }
    bindings: dict[str, Any] = {
        "queueProducers": {"TRACES_QUEUE": {"queueName": "traces"}},
        "queueConsumers": {
            "traces": {"maxBatchSize": 100, "maxBatchTimeout": 1, "retryDelay": 0, "maxRetries": 10}
        },
    }
    running = Gateway(edge, vars=given, bindings=bindings)
    yield running
    running.close()


def arrived(sink: Sink, name: str, count: int, timeout_s: float = 30.0) -> int:
    """How many POSTs it took until so many spans of a name had come."""
    posts = found = 0
    while found < count:
        seen = sink.seen(PATH, timeout_s)
        assert seen.header(SECRET) == "hush"
        got = named(decoded(seen), name)
        found += got
        posts += got > 0
    assert found == count
    return posts


def test_bodies_of_browsers_are_joined(gateway: Gateway, sink: Sink) -> None:
    """Twelve bodies leave in fewer POSTs, with the secret that only the consumer adds."""
    body = request(name="queued").SerializeToString()
    for _ in range(BODIES):
        reply = gateway.ask("POST", "/v1/traces", [PROTOBUF], body)
        assert reply.status == 200
    assert arrived(sink, "queued", BODIES) < BODIES / 2


def test_own_spans_go_the_same_way(gateway: Gateway, sink: Sink) -> None:
    """A request's two spans."""
    assert gateway.ask("PATCH", "/queued").status == 200
    arrived(sink, "PATCH", 2)


def test_json_goes_alone(gateway: Gateway, sink: Sink) -> None:
    """It cannot be joined by putting one after the other."""
    for _ in range(2):
        assert gateway.ask("POST", "/v1/traces", [JSON], b'{"resourceSpans":[]}').status == 200
    for _ in range(2):
        assert json.loads(_plain(sink)) == {"resourceSpans": []}


def _plain(sink: Sink) -> bytes:
    seen = sink.seen(PATH, 30)
    assert seen.header("content-type") == "application/json"
    return gzip.decompress(seen.body)


def test_an_outage_of_the_collector_loses_nothing(gateway: Gateway, sink: Sink) -> None:
    """What it refuses comes again, until it is taken."""
    sink.say(503, ("retry-after", "1"))
    body = request(name="outage").SerializeToString()
    for _ in range(3):
        assert gateway.ask("POST", "/v1/traces", [PROTOBUF], body).status == 200
    assert arrived(sink, "outage", 3)
    sink.say(200)
    assert arrived(sink, "outage", 3, 60)
