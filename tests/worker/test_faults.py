# SPDX-License-Identifier: MIT OR Apache-2.0
"""Everything a network can do between a Worker and its collector, on both ways out of it.

A Worker's own spans are the exporter's to send again; so are the gateway's. A page's body is handed
on while the page waits: the gateway never says it was taken unless it was, and the page sends it
again.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.fault_proxy.conservation import left, lost, unaccounted
from tests.fault_proxy.faults import HONEST, Fault, Phase, drawn
from tests.fault_proxy.proxy import FaultProxy
from tests.worker.collectors import PROTOBUF, request
from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway
from tests.worker.libraries import Traced, new_trace

PATIENCE_MS: Final = "1500"
LATE_S: Final = 0.1
FAULTS: Final = tuple(fault for fault in HONEST if fault is not Fault.REFUSE)


class Library(Traced):
    """A traced Worker whose collector is behind a proxy; /flush sends what waits without delay."""

    def __init__(self, edge: Edge) -> None:
        self.proxy = FaultProxy("http://127.0.0.1:9", delay_s=LATE_S)
        given = {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.proxy.endpoint,
            "OTEL_EXPORTER_OTLP_TIMEOUT": PATIENCE_MS,
            "OTEL_BSP_SCHEDULE_DELAY": "20",
        }
        super().__init__(edge, "library", vars=given)
        self.proxy.upstream = self.collector.url

    def brings(self, trace_id: str) -> None:
        """Flush until the collector has the span of a trace."""
        for _ in range(30):
            self.ask("flush")
            with contextlib.suppress(TimeoutError):
                self.collector.store.wait_for(lambda store: bool(store.spans(trace_id)), 1)
                return
        raise AssertionError(self.counters())

    def close(self) -> None:
        """End all of it."""
        super().close()
        self.proxy.close()


class Behind:
    """A gateway whose collector is behind a proxy."""

    def __init__(self, edge: Edge) -> None:
        self.proxy = FaultProxy("http://127.0.0.1:9", delay_s=LATE_S)
        given = {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.proxy.endpoint,
            "OTEL_EXPORTER_OTLP_TIMEOUT": PATIENCE_MS,
            "EDGETRACE_FORWARD_TIMEOUT_MS": PATIENCE_MS,
            "EDGETRACE_METRICS_TOKEN": "open",
        }
        self.gateway = Gateway(edge, vars=given)
        self.proxy.upstream = self.gateway.collector.url
        self.store = self.gateway.collector.store
        self.asked = self.posted = 0

    def metrics(self) -> dict[str, int]:
        """All counters, by their names without the prefix."""
        text = self.gateway.get("/edgetrace/metrics", ("Authorization", "Bearer open")).text
        lines = re.findall(r"^edgetrace_(\S+) (\d+)", text, re.M)
        return {name: int(value) for name, value in lines}

    def counters(self) -> dict[str, int]:
        """The exporter's, by their own names."""
        plain = {re.sub("^agent_|_total", "", name): n for name, n in self.metrics().items()}
        return {re.sub(r'{cause="(.*)"}', r"_\1", name): n for name, n in plain.items()}

    def ask(self, count: int) -> list[str]:
        """So many requests of visitors, two spans each; their paths."""
        paths = [f"/asked/{self.asked + n}" for n in range(count)]
        self.asked += count
        for path in paths:
            assert self.gateway.get(path).status == 200
        return paths

    def post(self, number: int) -> tuple[int, int]:
        """A page's body, sent until the gateway says it was taken: how often, and spans in it.

        A page's sender does the same: 503 and 429 are told to come again.
        """
        message = request(spans=3, name=f"posted {number}")
        for span in message.resource_spans[0].scope_spans[0].spans:
            span.trace_id = number.to_bytes(16, "big")
        for times in range(1, 10):
            reply = self.gateway.ask("POST", "/v1/traces", [PROTOBUF], message.SerializeToString())
            if reply.status == 200:
                self.posted += 3
                return times, 3
            assert reply.status in (502, 503, 504), reply
            assert self.proxy.ledger.exchanges
        raise AssertionError("never taken")

    def has(self, paths: list[str]) -> None:
        """Wait until the collector has both spans of each path."""

        def there(store: object) -> bool:
            spans = self.store.spans()
            roots = {
                span["attributes"]["url.path"]: span["trace_id"]
                for span in spans
                if span["attributes"].get("url.path") in paths
            }
            traces = [span["trace_id"] for span in spans]
            return all(path in roots and traces.count(roots[path]) == 2 for path in paths)

        self.store.wait_for(there, timeout_s=60)

    def is_settled(self) -> None:
        """Hold all accounts against each other, once the last answer has come."""
        deadline = time.monotonic() + 20
        counters = self.counters()
        while left(counters) and time.monotonic() < deadline:
            counters = self.counters()
        assert lost(counters) == left(counters) == unaccounted(counters) == 0, counters
        assert counters["exported"] == self.store.span_count - self.posted
        assert self.proxy.ledger.copies_that_differ() == set()

    def close(self) -> None:
        """End all."""
        self.gateway.close()
        self.proxy.close()


@pytest.fixture(scope="module")
def library(edge: Edge) -> Iterator[Library]:
    """One for all faults."""
    running = Library(edge)
    yield running
    running.close()


@pytest.fixture(scope="module")
def behind(edge: Edge) -> Iterator[Behind]:
    """One for whatever costs no retries, or few: a body that is handed on is sent once."""
    running = Behind(edge)
    yield running
    running.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_once_on_a_workers_own_spans(library: Library, fault: Fault) -> None:
    """The requests are answered meanwhile, all spans arrive, what comes twice is the same."""
    library.proxy.meet(fault)
    before = library.proxy.ledger.met(fault)
    traces = [new_trace() for _ in range(3)]
    for trace_id in traces:
        assert library.ask("hello", trace_id).status == 200
    for _ in range(30):
        assert library.ask("hello").status == 200
        with contextlib.suppress(TimeoutError):
            library.proxy.ledger.wait_for(lambda ledger: ledger.met(fault) > before, 1)
            break
    for trace_id in traces:
        library.brings(trace_id)
        assert len(library.collector.store.spans(trace_id)) == 1
    counters = library.counters()
    assert lost(counters) == unaccounted(counters) == 0, counters
    assert library.proxy.ledger.copies_that_differ() == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_once_on_a_pages_body(behind: Behind, fault: Fault) -> None:
    """200 means that the collector has it; whatever else happens is 503 and counted by cause."""
    behind.proxy.ledger.clear()
    before = behind.metrics()
    behind.proxy.meet(fault)
    number = 1000 + FAULTS.index(fault)
    times, spans = behind.post(number)
    after = behind.metrics()
    assert times == (1 if fault.answered else 2)
    assert len(behind.store.spans(f"{number:032x}")) == spans
    causes = {
        name: count - before[name]
        for name, count in after.items()
        if "bodies_dropped" in name and count != before[name]
    }
    assert sum(causes.values()) == times - 1, causes
    assert all("collector_" in name for name in causes)
    assert behind.proxy.ledger.copies_that_differ() == set()


def test_a_network_where_a_third_goes_wrong(behind: Behind) -> None:
    """Bodies that meet faults at random, seeded: each that was taken is there, once."""
    behind.proxy.ledger.clear()
    behind.proxy.plan = drawn(9, 1 / 3, [f for f in FAULTS if f is not Fault.BLACKHOLE])
    for number in range(2000, 2020):
        assert behind.post(number)[1] == len(behind.store.spans(f"{number:032x}"))
    behind.proxy.meet()
    assert behind.proxy.ledger.copies_that_differ() == set()


def test_a_collector_that_flaps(behind: Behind) -> None:
    """Refusing, then hanging up, while visitors go on asking: the gateway's own spans arrive."""
    kinds = (Fault.REFUSE, Fault.CLOSED)
    behind.proxy.ledger.clear()
    behind.proxy.flap(Phase(0.3, fault) for kind in kinds for fault in (kind, Fault.NONE))
    paths = []
    while len(behind.proxy.ledger.turns) < 2 * len(kinds) + 1:
        paths += behind.ask(5)
    behind.has(paths + behind.ask(1))
    behind.is_settled()
