# SPDX-License-Identifier: MIT OR Apache-2.0
"""The fault proxy does what it says, seen by a plain client and by the collector behind it."""

from __future__ import annotations

import http.client
import itertools
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.server import Collector, serve_in_thread
from tests.fault_proxy.faults import HONEST, Fault, always, drawn, in_turn, phases
from tests.fault_proxy.proxy import FaultProxy

HEADERS = {"Content-Type": "application/x-protobuf"}


def body(number: int, spans: int = 1) -> bytes:
    """A request with so many spans that no other number has."""
    message = ExportTraceServiceRequest()
    scope = message.resource_spans.add().scope_spans.add()
    for at in range(spans):
        scope.spans.add(
            name="x" * 500,
            trace_id=number.to_bytes(16, "big"),
            span_id=(at + 1).to_bytes(8, "big"),
            start_time_unix_nano=1,
            end_time_unix_nano=2,
        )
    return message.SerializeToString()


def post(proxy: FaultProxy, data: bytes, timeout_s: float = 10.0) -> tuple[int, bytes]:
    """One POST on a connection of its own."""
    client = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=timeout_s)
    try:
        client.request("POST", "/v1/traces", data, HEADERS)
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()


@pytest.fixture(scope="module")
def _collector() -> Iterator[Collector]:
    with serve_in_thread() as running:
        yield running


@pytest.fixture
def collector(_collector: Collector) -> Collector:
    """Empty."""
    _collector.store.clear()
    return _collector


@pytest.fixture
def proxy(collector: Collector) -> Iterator[FaultProxy]:
    """In front of it, quick."""
    with FaultProxy(collector.url, delay_s=0.05) as running:
        yield running


def test_without_a_fault_nothing_is_changed(collector: Collector, proxy: FaultProxy) -> None:
    """Requests and answers pass, several on one connection, preflights too."""
    client = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=10)
    asked = {"Origin": "http://a.example", "Access-Control-Request-Method": "POST"}
    client.request("OPTIONS", "/v1/traces", headers=asked)
    preflight = client.getresponse()
    assert (preflight.status, preflight.read()) == (204, b"")
    assert preflight.getheader("Access-Control-Allow-Origin") == "http://a.example"
    for number in (1, 2):
        client.request("POST", "/v1/traces", body(number), HEADERS)
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
    client.close()
    assert collector.store.span_count == 2
    assert [exchange.fault for exchange in proxy.ledger.exchanges] == [Fault.NONE] * 2
    assert list(proxy.ledger.bodies.values()) == [body(1), body(2)]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.REFUSE, ConnectionResetError),
        (Fault.CUT_REQUEST, ConnectionError),
        (Fault.CLOSED, http.client.RemoteDisconnected),
        (Fault.CUT_HEAD, (ConnectionResetError, http.client.BadStatusLine)),
        (Fault.CUT_BODY, ConnectionResetError),
        (Fault.WRONG_LENGTH, http.client.IncompleteRead),
    ],
)
def test_faults_that_leave_a_sender_without_an_answer(
    collector: Collector, proxy: FaultProxy, fault: Fault, error: type[Exception]
) -> None:
    """What the client sees, whether the collector has it, and that sending again makes it whole."""
    data = body(3, spans=200)
    proxy.meet(fault)
    with pytest.raises(error):
        post(proxy, data)
    assert collector.store.span_count == (200 if fault.taken else 0)
    assert post(proxy, data) == (200, b"")
    assert collector.store.span_count == 200
    assert collector.store.requests()[0]["duplicates"] == (200 if fault.taken else 0)
    assert proxy.ledger.met(fault) == 1
    assert proxy.ledger.repeats() == (fault is not Fault.CUT_REQUEST)
    assert not proxy.ledger.copies_that_differ()


@pytest.mark.parametrize(
    ("fault", "status", "least_s"),
    [
        (Fault.LATENCY, 200, 0.05),
        (Fault.DRIP, 200, 0.04),
        (Fault.OVERRUN, 200, 0),
        (Fault.BUSY, 503, 0),
        (Fault.SWALLOW, 200, 0),
    ],
)
def test_faults_that_end_in_an_answer(
    collector: Collector, proxy: FaultProxy, fault: Fault, status: int, least_s: float
) -> None:
    """Late, in pieces, with more bytes than announced, busy; and 200 for what is thrown away."""
    proxy.meet(fault)
    began = time.monotonic()
    assert post(proxy, body(4)) == (status, b"")
    assert time.monotonic() - began >= least_s
    assert collector.store.span_count == fault.taken


def test_a_black_hole_takes_and_never_answers(collector: Collector, proxy: FaultProxy) -> None:
    """Only the client's own patience ends it."""
    proxy.meet(Fault.BLACKHOLE)
    with pytest.raises(TimeoutError):
        post(proxy, body(5), timeout_s=0.1)
    assert proxy.ledger.met(Fault.BLACKHOLE) == 1
    assert collector.store.span_count == 0


def test_a_phase_of_refusal_closes_the_socket_and_opens_it_again(proxy: FaultProxy) -> None:
    """Connections that are open are cut, new ones are refused, and the port is the same later."""
    place = urlsplit(proxy.url)
    assert place.hostname is not None
    with socket.create_connection((place.hostname, place.port or 0)) as open_before:
        post(proxy, body(6))
        proxy.be(Fault.REFUSE)
        assert open_before.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        post(proxy, body(6))
    proxy.be(Fault.NONE)
    assert post(proxy, body(6)) == (200, b"")
    assert [turn.fault for turn in proxy.ledger.turns] == [Fault.REFUSE, Fault.NONE]


def test_phases_follow_each_other_and_end_well(collector: Collector, proxy: FaultProxy) -> None:
    """Each is written down with its time; `calm` ends them wherever they are."""
    some = itertools.islice(phases(7, (0.01, 0.02), (0.01, 0.02), [Fault.BLACKHOLE]), 6)
    proxy.flap(some)
    expected = [Fault.NONE, *[Fault.NONE, Fault.BLACKHOLE] * 3, Fault.NONE]
    proxy.ledger.wait_for(lambda ledger: len(ledger.turns) == len(expected))
    assert [turn.fault for turn in proxy.ledger.turns] == expected
    proxy.flap(phases(7, (60, 60), (60, 60)))
    proxy.calm()
    assert post(proxy, body(8)) == (200, b"")


def test_chunks_are_joined(collector: Collector, proxy: FaultProxy) -> None:
    """A request of unknown length arrives whole."""
    client = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=10)
    data = body(9)
    parts = iter([data[:100], data[100:]])
    client.request("POST", "/v1/traces", parts, HEADERS, encode_chunked=True)
    assert client.getresponse().status == 200
    client.close()
    assert collector.store.span_count == 1


def test_a_collector_that_is_gone_is_a_connection_that_ends(collector: Collector) -> None:
    """Nobody behind the proxy: the client gets no answer, the proxy lives on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with FaultProxy(f"http://127.0.0.1:{port}") as proxy:
        for _ in range(2):
            with pytest.raises(http.client.RemoteDisconnected):
                post(proxy, body(10))


def test_copies_that_differ_are_found(proxy: FaultProxy) -> None:
    """The same span in two different bodies is what the ledger is there to see."""
    post(proxy, body(11, spans=2))
    post(proxy, body(11, spans=1))
    (differs,) = proxy.ledger.copies_that_differ()
    assert differs == (11).to_bytes(16, "big") + (1).to_bytes(8, "big")


def test_plans_are_seeded() -> None:
    """The same seed draws the same faults and phases; another draws others."""

    def some(seed: int) -> list[Fault]:
        plan = drawn(seed, 0.5)
        return [plan() for _ in range(100)]

    assert some(1) == some(1) != some(2)
    assert set(some(3)) <= {*HONEST, Fault.NONE}
    assert [*itertools.islice(phases(1, (1, 2), (3, 4)), 9)] == [
        *itertools.islice(phases(1, (1, 2), (3, 4)), 9)
    ]
    turns = in_turn(Fault.BUSY)
    assert [turns(), turns()] == [Fault.BUSY, Fault.NONE]
    assert always(Fault.DRIP)() is Fault.DRIP
