# SPDX-License-Identifier: MIT OR Apache-2.0
"""Any interleaving of requests, kills, time and a collector that may do anything, in virtual time.

At every step: ended = exported + dropped + queued + in_flight; what an evicted isolate would lose
is the queue and four requests at most; no request awaits another's future (`edge_platform`). And in
the end, once the collector is up, what was not dropped has arrived.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, strategies as st

from edgetrace._breaker import MAX_IN_FLIGHT
from edgetrace._config import Settings
from edgetrace._export import Exporter
from edgetrace._isolate import LIFE_NS, IsolateDelivery
from edgetrace._types import ExportRequest, ExportResponse, Resource, Scope
from edgetrace.errors import TransportError
from tests.edge_platform import OK, Event, Platform, run
from tests.otlp_messages import decode, span_names
from tests.strategies import simple_span
from tests.virtual_time import LoopClock, this_loop

TIMEOUT_S = 2.0
BATCH = 5
QUEUE = 12
answers = st.sampled_from(
    [OK, ExportResponse(429, {}, b""), ExportResponse(503, {"retry-after": "3"}, b"")]
    + ["hang", "slow", "down", "refused", "partial"]
)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("request"), st.integers(0, 7)),
        st.tuples(st.just("background"), st.integers(1, 3)),
        st.tuples(st.just("answer"), answers),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.001, 0.3, 1.0, 1.2, 3.0, 12.0, 40.0])),
        st.tuples(st.just("kill"), st.integers(0, 20)),
        st.tuples(st.just("flush"), st.sampled_from([0.0, 0.5, 5.0])),
    ),
    max_size=40,
)


class Isolate:
    """An isolate, its collector, and the books."""

    def __init__(self, seed: int) -> None:
        """Begin without a request."""
        self.platform = Platform(self.answer)
        self.mode: Any = OK
        self.arrived: set[str] = set()
        self.number = 0
        self.events: list[Event] = []
        settings = Settings.from_options(
            schedule_delay_ms=1_000,
            timeout_ms=int(TIMEOUT_S * 1_000),
            max_queue_size=QUEUE,
            max_export_batch_size=BATCH,
        )
        self.exporter = Exporter(
            settings, Resource(), lambda size: (seed % 2**32).to_bytes(size, "little")
        )
        self.scope = self.exporter.add_scope(Scope())
        self.delivery = IsolateDelivery(self.exporter, self.platform, LoopClock(), lambda _: None)

    async def answer(self, request: ExportRequest) -> ExportResponse:
        """The collector."""
        mode = self.mode
        if mode == "hang":
            await this_loop().create_future()
        if mode == "down":
            raise TransportError("down")
        if mode == "slow":
            await asyncio.sleep(1.5)
        if mode == "refused":
            return ExportResponse(400, {}, b"")
        if isinstance(mode, ExportResponse) and mode is not OK:
            return mode
        self.arrived.update(span_names(decode(request)))
        return ExportResponse(200, {}, b"\x0a\x02\x08\x01") if mode == "partial" else OK

    def end_spans(self, count: int) -> None:
        """Spans end."""
        for _ in range(count):
            self.number += 1
            if self.exporter.offer(self.scope, simple_span(f"span {self.number}")):
                self.delivery.wake()

    def request(self, spans: int) -> None:
        """A request ends."""
        event = Event()
        self.events.append(event)
        self.end_spans(spans)
        if self.delivery.is_due():
            event.waitUntil(self.delivery.deliver())

    async def do(self, what: str, arg: Any) -> None:
        """One action."""
        if what == "request":
            self.request(arg)
        elif what == "background":
            self.end_spans(arg)
        elif what == "answer":
            self.mode = arg
        elif what == "wait":
            await asyncio.sleep(arg)
        elif what == "kill" and self.events:
            self.events[arg % len(self.events)].kill()
        elif what == "flush":
            event = Event()
            self.events.append(event)
            event.kept.append(event.run(self.delivery.flush(arg)))

    def check(self) -> None:
        """The laws."""
        counts = self.exporter.counters()
        self.dropped = sum(n for name, n in counts.items() if name.startswith("dropped_"))
        parts = self.dropped + counts["exported"] + counts["queued"] + counts["in_flight"]
        assert counts["ended"] == self.number == parts
        assert counts["queued"] <= QUEUE
        assert counts["in_flight"] <= MAX_IN_FLIGHT * BATCH
        self.lost_if_evicted = counts["queued"] + counts["in_flight"]


@given(actions, st.integers(0, 2**32 - 1))
def test_any_interleaving(steps: list[tuple[str, Any]], seed: int) -> None:
    """The laws hold at every step, and in the end everything is delivered or counted."""

    async def main() -> None:
        isolate = Isolate(seed)
        for what, arg in steps:
            await isolate.do(what, arg)
            isolate.check()
        # Requests of a quiet hour: what was killed in flight expires, waits its backoff, is sent.
        isolate.mode = OK
        for _ in range(3):
            await asyncio.sleep(60)
            isolate.check()
            isolate.request(1)
        await asyncio.sleep(60)
        isolate.check()
        assert isolate.lost_if_evicted == 0
        assert all(event.is_done for event in isolate.events)
        assert len(isolate.arrived) >= isolate.number - isolate.dropped

    run(main())


@given(st.integers(1, 12), st.integers(1, 7), st.booleans())
def test_up_again_and_one_more_request(requests: int, spans: int, killed: bool) -> None:
    """An outage of requests that hang, all of them killed or not: one request later all is sent."""

    async def main() -> None:
        isolate = Isolate(0)  # backoffs of 0 s
        isolate.mode = "hang"
        for _ in range(requests):
            isolate.request(spans)
            await asyncio.sleep(0.2)
            if killed:
                isolate.events[-1].kill()
        isolate.mode = OK
        await asyncio.sleep(30)
        isolate.request(1)
        await asyncio.sleep(5)
        isolate.check()
        assert isolate.lost_if_evicted == 0

    run(main())


@given(st.integers(1, 10))
def test_a_request_ends_in_time(seconds: int) -> None:
    """However long a storm of requests: each is done within its life and the time of one send."""

    async def main() -> None:
        isolate = Isolate(1)
        isolate.mode = "slow"
        begun: list[float] = []
        for _ in range(seconds * 10):
            begun.append(this_loop().now)
            isolate.request(2)
            await asyncio.sleep(0.1)
        limit = LIFE_NS / 1e9 + TIMEOUT_S + 1
        await asyncio.sleep(max(0.0, begun[0] + limit - this_loop().now))
        assert isolate.events[0].is_done
        await asyncio.sleep(limit)
        assert all(event.is_done for event in isolate.events)
        isolate.check()

    run(main())
