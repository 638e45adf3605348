# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_isolate`: an exporter driven from inside requests alone, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgetrace._budget import PERIOD_NS, RESERVE
from edgetrace._config import Settings
from edgetrace._export import Exporter
from edgetrace._isolate import IsolateDelivery
from edgetrace._types import ExportRequest, ExportResponse, Resource, Scope
from edgetrace.errors import ExportError, ThrottledError, TransportError
from tests.edge_platform import OK, Answer, Event, Platform, run
from tests.strategies import simple_span
from tests.virtual_time import LoopClock, this_loop


async def hang(request: ExportRequest) -> ExportResponse:
    """Never answer."""
    await this_loop().create_future()
    raise AssertionError


def after(seconds: float) -> Any:
    """Answer later."""

    async def wait(request: ExportRequest) -> ExportResponse:
        await asyncio.sleep(seconds)  # virtual
        return OK

    return wait


class Bench:
    """An isolate's delivery, and a collector that answers as scripted."""

    def __init__(self, *answers: Answer, **options: Any) -> None:
        """Take answers in order."""
        self.platform = Platform(*answers)
        self.errors: list[ExportError] = []
        self.woken = 0
        given = {"schedule_delay_ms": 1_000, **options}
        self.exporter = Exporter(
            Settings.from_options(**given), Resource(), lambda size: bytes(size - 1) + b"\x80"
        )
        self.scope = self.exporter.add_scope(Scope())
        self.delivery = IsolateDelivery(
            self.exporter, self.platform, LoopClock(), self.errors.append, self._wake
        )

    def _wake(self) -> None:
        self.woken += 1

    def end_span(self, name: str = "x") -> None:
        """A span ends, as the provider tells it."""
        if self.exporter.offer(self.scope, simple_span(name)):
            self.delivery.wake()

    def request(self, spans: int = 1) -> Event:
        """A request ends, its spans before it."""
        event = Event()
        for _ in range(spans):
            self.end_span()
        if self.delivery.is_due():
            event.waitUntil(self.delivery.deliver())
        return event

    def count(self, *names: str) -> tuple[int, ...]:
        """Counters by name."""
        return tuple(self.exporter.counters()[name] for name in names)


def test_the_request_that_begins_a_batch_keeps_it() -> None:
    """Its `waitUntil` sends after the schedule delay; then it is done."""

    async def main() -> None:
        bench = Bench()
        event = bench.request()
        await asyncio.sleep(0.5)
        assert bench.platform.times == []
        await asyncio.sleep(10)
        assert bench.platform.times == [1.0]
        assert event.is_done
        assert bench.count("exported", "queued") == (1, 0)

    run(main())


def test_requests_meanwhile_have_nothing_to_do() -> None:
    """They start no task, and their spans leave with the first one's."""

    async def main() -> None:
        bench = Bench()
        bench.request()
        events = []
        for _ in range(20):
            await asyncio.sleep(0.01)
            events.append(bench.request(3))
        assert [event.kept for event in events] == [[]] * 20
        await asyncio.sleep(5)
        assert [request.spans for _, request in bench.platform.sent] == [61]

    run(main())


def test_a_request_without_spans_does_nothing() -> None:
    """No task, no timer, no request."""

    async def main() -> None:
        bench = Bench()
        assert bench.request(0).kept == []
        assert this_loop().timers == 0

    run(main())


def test_a_full_batch_goes_with_the_request_that_filled_it() -> None:
    """At once, and the keeper keeps on."""

    async def main() -> None:
        bench = Bench(max_export_batch_size=4)
        keeper = bench.request()
        await asyncio.sleep(0.1)
        filler = bench.request(4)
        await asyncio.sleep(0)
        assert bench.platform.times == []
        await asyncio.sleep(0.1)
        assert bench.platform.times == [0.1]
        assert not keeper.is_done
        assert filler.is_done
        await asyncio.sleep(5)
        assert bench.count("exported") == (5,)
        assert keeper.is_done

    run(main())


def test_one_keeper_at_a_time() -> None:
    """While a keeper sends, another begins to keep; the first leaves the rest to it."""

    async def main() -> None:
        bench = Bench(after(0.5))
        first = bench.request()
        await asyncio.sleep(1.2)  # it is sending
        second = bench.request()
        await asyncio.sleep(0.4)  # it has sent
        assert first.is_done
        assert not second.is_done
        await asyncio.sleep(5)
        assert bench.platform.times == [1.0, 2.2]
        assert second.is_done

    run(main())


def test_a_batch_does_not_wait_for_a_far_retry() -> None:
    """A request that sleeps through a backoff keeps nothing that is due before it comes back."""

    async def main() -> None:
        bench = Bench(TransportError("reset"), after(0.1), max_export_batch_size=2)
        bench.request(4)  # two full batches: one fails and is tried again after 2.5 s, one arrives
        await asyncio.sleep(0.2)
        bench.request()
        await asyncio.sleep(60)
        assert bench.platform.times == [0.0, 0.0, 1.2, 2.5]
        assert bench.count("exported", "retries") == (5, 1)

    run(main())


def test_a_killed_keeper_is_replaced() -> None:
    """By the next request a second after the batch was due, at the latest."""

    async def main() -> None:
        bench = Bench()
        keeper = bench.request()
        await asyncio.sleep(0.1)
        keeper.kill()
        assert bench.request().kept == []  # nobody knows yet
        await asyncio.sleep(1.4)
        event = bench.request(0)
        await asyncio.sleep(5)
        assert bench.platform.times == [1.5]
        assert bench.count("exported") == (2,)
        assert event.is_done

    run(main())


def test_a_keeper_killed_before_a_retry_is_replaced() -> None:
    """Any request after the time it would have come back keeps what still has to wait."""

    async def main() -> None:
        bench = Bench(ExportResponse(503, {"retry-after": "20"}, b""), OK)
        keeper = bench.request()
        await asyncio.sleep(2)
        keeper.kill()
        await asyncio.sleep(1)
        assert bench.request(0).kept == []
        await asyncio.sleep(21)
        bench.request(0)
        await asyncio.sleep(1)
        assert bench.count("exported", "retries") == (1, 1)
        assert [type(error) for error in bench.errors] == [ThrottledError]

    run(main())


def test_an_old_mark_of_a_killed_keeper_is_no_keeper() -> None:
    """What has to wait longer than the mark is kept by who comes after it."""

    async def main() -> None:
        bench = Bench(ExportResponse(503, {"retry-after": "20"}, b""), OK)
        keeper = bench.request()
        await asyncio.sleep(0.1)
        keeper.kill()
        await asyncio.sleep(2.9)
        bench.request(0)  # sends, is throttled, keeps
        await asyncio.sleep(25)
        assert bench.platform.times == [3.0, 23.0]
        assert bench.count("exported") == (1,)

    run(main())


def test_a_send_whose_request_was_killed_is_sent_again() -> None:
    """After its timeout, by the next request."""

    async def main() -> None:
        bench = Bench(hang, OK, timeout_ms=2_000)
        event = bench.request()
        await asyncio.sleep(1.5)
        event.kill()
        assert bench.count("in_flight") == (1,)
        await asyncio.sleep(10)
        bench.request()
        await asyncio.sleep(10)
        assert bench.count("exported", "retries", "in_flight") == (2, 1, 0)

    run(main())


def test_four_killed_sends_do_not_hold_the_queue_up() -> None:
    """They are as many as may be open; the first request after their timeout goes on."""

    async def main() -> None:
        bench = Bench(hang, hang, hang, hang, OK, timeout_ms=2_000, max_export_batch_size=1)
        for _ in range(4):
            event = bench.request()
            await asyncio.sleep(0.01)
            event.kill()
        bench.request()
        await asyncio.sleep(1)
        assert bench.count("in_flight", "queued") == (4, 1)
        assert bench.request(0).kept == []
        await asyncio.sleep(10)
        bench.request(0)
        await asyncio.sleep(10)
        assert bench.count("exported", "in_flight", "queued") == (5, 0, 0)

    run(main())


def test_a_wait_that_outlives_the_request_is_left_to_the_next() -> None:
    """A request keeps for 25 s; of what is due later it knows nothing."""

    async def main() -> None:
        bench = Bench(ExportResponse(503, {"retry-after": "100"}, b""), OK)
        event = bench.request()
        await asyncio.sleep(5)
        assert event.is_done
        assert bench.count("in_flight") == (1,)
        await asyncio.sleep(100)
        bench.request(0)
        await asyncio.sleep(1)
        assert bench.count("exported") == (1,)

    run(main())


def test_a_collector_that_is_down_costs_no_more_than_its_retries() -> None:
    """A reserve, then six a minute at the most, whoever makes them; each failure is told."""

    async def main() -> None:
        bench = Bench(TransportError("down"))
        bench.end_span()
        for _ in range(100):
            event = bench.request(0)
            await asyncio.sleep(10)
            assert len(event.kept) <= 1
        (requests,) = bench.count("requests")
        assert RESERVE <= requests <= RESERVE + 1_000 * 1e9 / PERIOD_NS + 1
        assert len(bench.errors) == requests
        assert bench.count("in_flight") == (1,)
        assert this_loop().turns < 1_000

    run(main())


def test_flush_sends_now_and_waits() -> None:
    """True once everything is settled; nothing to do is True at once."""

    async def main() -> None:
        bench = Bench(after(2))
        assert await Event().run(bench.delivery.flush(0))
        bench.end_span()
        assert await Event().run(bench.delivery.flush(5))
        assert this_loop().now == 2
        assert bench.count("exported") == (1,)

    run(main())


def test_flush_waits_for_sends_of_other_requests_without_their_futures() -> None:
    """It looks again, every 20 ms."""

    async def main() -> None:
        bench = Bench(after(2))
        bench.request()
        await asyncio.sleep(1.5)
        assert await Event().run(bench.delivery.flush(5))
        assert 3 <= this_loop().now <= 3.03

    run(main())


def test_flush_gives_up_in_time() -> None:
    """False; what it sent is answered, or sent again, later."""

    async def main() -> None:
        bench = Bench(ExportResponse(503, {"retry-after": "20"}, b""), OK)
        bench.end_span()
        assert not await Event().run(bench.delivery.flush(1))
        assert this_loop().now == 1
        assert bench.count("in_flight") == (1,)

    run(main())


@pytest.mark.parametrize("answer", [OK, TransportError("down")])
def test_close_is_final(answer: Answer) -> None:
    """What is not delivered in time is dropped, and what comes later too."""

    async def main() -> None:
        bench = Bench(answer)
        bench.end_span()
        assert await Event().run(bench.delivery.close(0)) is (answer is OK)
        bench.end_span()
        assert bench.request(0).kept == []
        dropped = 1 if answer is OK else 2
        assert bench.count("exported", "dropped_shutdown") == (2 - dropped, dropped)

    run(main())


def test_stop_drops_at_once() -> None:
    """Without a loop too."""
    bench = Bench()
    bench.end_span()
    bench.delivery.stop()
    assert bench.count("dropped_shutdown", "queued") == (1, 0)


def test_whoever_ends_a_span_is_told_once_per_batch() -> None:
    """`on_wake` is called where a batch begins or fills; without one nothing happens."""
    bench = Bench()
    bench.end_span()
    assert bench.woken == 1
    IsolateDelivery(bench.exporter, bench.platform, LoopClock(), bench.errors.append).wake()
    assert bench.delivery.is_due()
