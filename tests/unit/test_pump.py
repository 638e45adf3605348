# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_pump`: an exporter driven by asyncio, in virtual time."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edgetrace._budget import PERIOD_NS, RESERVE
from edgetrace._config import Settings
from edgetrace._context import EMPTY, Context, attach, get_current
from edgetrace._export import Exporter
from edgetrace._pump import Pump
from edgetrace._types import ExportRequest, ExportResponse, Resource, Scope
from edgetrace.errors import ExportError, RejectedError, ThrottledError, TransportError
from tests.strategies import HostileException, simple_span
from tests.virtual_time import LoopClock, run, this_loop

OK = ExportResponse(200, {}, b"")
Answer = ExportResponse | BaseException | Callable[[ExportRequest], Awaitable[Any]] | Any


async def hang(request: ExportRequest) -> ExportResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def hang_on(request: ExportRequest) -> ExportResponse:
    """Never answer, and answer all the same when cancelled."""
    try:
        return await hang(request)
    except asyncio.CancelledError:
        return OK


def after(seconds: float, answer: ExportResponse) -> Callable[[ExportRequest], Awaitable[Any]]:
    """Answer later."""

    async def wait(request: ExportRequest) -> ExportResponse:
        await asyncio.sleep(seconds)  # virtual
        return answer

    return wait


class Bench:
    """A pump, its exporter, and a transport that answers as scripted; the last answer stays."""

    def __init__(self, *answers: Answer, **options: Any) -> None:
        """Take answers in order."""
        self.answers = list(answers) or [OK]
        self.sent: list[tuple[float, ExportRequest]] = []
        self.contexts: list[Context] = []
        self.errors: list[ExportError] = []
        self.exporter = Exporter(
            Settings.from_options(**options), Resource(), lambda size: bytes(size - 1) + b"\x80"
        )
        self.scope = self.exporter.add_scope(Scope())
        self.pump = Pump(self.exporter, self, LoopClock(), self.errors.append)

    async def send(self, request: ExportRequest) -> ExportResponse:
        """Be the transport."""
        self.sent.append((this_loop().now, request))
        self.contexts.append(get_current())
        answer: Any = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return await answer(request) if callable(answer) else answer

    def end_span(self, name: str = "x") -> None:
        """A span ends, as the provider tells it."""
        if self.exporter.offer(self.scope, simple_span(name)):
            self.pump.wake()

    @property
    def times(self) -> list[float]:
        """When requests were sent."""
        return [round(at, 3) for at, _ in self.sent]

    def count(self, *names: str) -> tuple[int, ...]:
        """Counters by name."""
        return tuple(self.exporter.counters()[name] for name in names)


def others() -> set[asyncio.Task[Any]]:
    """Tasks beside the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


def test_spans_go_out_after_the_schedule_delay() -> None:
    """By themselves, in one request, in the loop's time and not in the caller's."""

    async def main() -> None:
        bench = Bench()
        bench.end_span()
        bench.end_span()
        assert bench.sent == []
        await asyncio.sleep(10)
        assert bench.times == [5.0]
        assert bench.sent[0][1].spans == 2
        assert bench.count("exported") == (2,)

    run(main())


def test_a_full_batch_goes_out_in_the_next_turn() -> None:
    """Without waiting for the delay."""

    async def main() -> None:
        bench = Bench(max_export_batch_size=2)
        for _ in range(5):
            bench.end_span()
        await asyncio.sleep(1)
        assert bench.times == [0.0, 0.0]
        assert bench.count("queued") == (1,)
        await asyncio.sleep(9)
        assert bench.times == [0.0, 0.0, 5.0]

    run(main())


def test_many_spans_in_one_turn_keep_one_timer() -> None:
    """A page keeps even cancelled timers until they are due."""

    async def main() -> None:
        bench = Bench()
        made = []
        loop = this_loop()
        call_later = loop.call_later
        loop.call_later = lambda *given, **more: made.append(given) or call_later(*given, **more)  # type: ignore[method-assign, func-returns-value]
        for _ in range(500):
            bench.end_span()
        await asyncio.sleep(0.1)
        assert len(made) <= 3  # wake, schedule delay, and the sleep above

    run(main())


def test_spans_ended_before_there_was_a_loop_are_not_forgotten() -> None:
    """The first span inside a loop wakes the pump for them."""
    bench = Bench()
    bench.end_span("before")

    async def main() -> None:
        bench.end_span("inside")
        await asyncio.sleep(10)

    run(main())
    assert bench.count("exported") == (2,)


def test_one_pump_may_see_several_loops() -> None:
    """A timer of a loop that is gone does not keep the next from having one."""
    bench = Bench()

    async def main() -> None:
        bench.end_span()
        assert await bench.pump.flush(5)
        bench.end_span()
        await asyncio.sleep(0)

    for _ in range(3):
        run(main())
    assert bench.count("ended", "exported", "queued") == (6, 5, 1)


def test_a_retry_survives_the_loop_that_planned_it() -> None:
    """The timer of a loop that is gone is replaced, even if it was the earlier one."""
    bench = Bench(TransportError("down"), OK)
    bench.end_span()
    assert not run(bench.pump.flush(0.1))
    assert run(bench.pump.flush(30))
    assert bench.count("exported") == (1,)


def test_flush_sends_now_and_waits_for_the_answer() -> None:
    """True once everything is settled; nothing to do is True at once."""

    async def main() -> None:
        bench = Bench(after(2, OK))
        assert await bench.pump.flush(0)
        bench.end_span()
        assert await bench.pump.flush(5)
        assert this_loop().now == 2
        assert bench.count("exported") == (1,)

    run(main())


def test_flush_in_a_busy_program_ends() -> None:
    """Spans that end meanwhile are not waited for."""

    async def main() -> None:
        bench = Bench(after(0.5, OK))

        async def work() -> None:
            while True:
                bench.end_span()
                await asyncio.sleep(0.1)

        busy = asyncio.create_task(work())
        await asyncio.sleep(1)
        assert await bench.pump.flush(30)
        assert this_loop().now < 2
        assert bench.count("queued") > (0,)
        busy.cancel()

    run(main())


def test_flush_gives_up_in_time_and_sending_goes_on() -> None:
    """False when time runs out; the request is answered later all the same."""

    async def main() -> None:
        bench = Bench(after(2, OK))
        bench.end_span()
        assert not await bench.pump.flush(1)
        assert this_loop().now == 1
        await asyncio.sleep(2)
        assert bench.count("exported") == (1,)

    run(main())


def test_a_timeout_below_zero_is_none() -> None:
    """Pyodide's loop refuses to look back in time; nothing is raised."""

    async def main() -> None:
        bench = Bench(after(2, OK))
        bench.end_span()
        call_later = this_loop().call_later

        def strict(delay: float, *given: Any, **more: Any) -> Any:
            assert delay >= 0
            return call_later(delay, *given, **more)

        this_loop().call_later = strict  # type: ignore[method-assign, assignment]
        assert not await bench.pump.flush(-1)
        assert await bench.pump.flush(5)

    run(main())


def test_flushes_side_by_side() -> None:
    """Each waits for its own spans and for its own time."""

    async def main() -> None:
        bench = Bench(after(2, OK))
        bench.end_span()
        found = await asyncio.gather(
            bench.pump.flush(1), bench.pump.flush(5), bench.pump.flush(9), bench.pump.close(9)
        )
        assert list(found) == [False, True, True, True]

    run(main())


def test_a_cancelled_flush_leaves_no_trace() -> None:
    """Its waiter and timer are gone, and sending goes on."""

    async def main() -> None:
        bench = Bench(after(2, OK))
        bench.end_span()
        flush = asyncio.create_task(bench.pump.flush(60))
        await asyncio.sleep(1)
        flush.cancel()
        with pytest.raises(asyncio.CancelledError):
            await flush
        assert await bench.pump.flush(60)
        assert this_loop().now == 2

    run(main())


def test_flush_keeps_the_wait_that_the_receiver_asked_for() -> None:
    """A throttled flush goes on by itself when the wait is over."""

    async def main() -> None:
        bench = Bench(ExportResponse(429, {"retry-after": "7"}, b""), OK)
        bench.end_span()
        assert await bench.pump.flush(30)
        assert bench.times == [0.0, 7.0]
        assert [type(error) for error in bench.errors] == [ThrottledError]

    run(main())


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (TransportError("ECONNREFUSED"), TransportError, "ECONNREFUSED"),
        (ValueError("a bug"), TransportError, "ValueError: a bug"),
        (HostileException(), TransportError, "<unprintable>"),
        (TimeoutError(), TransportError, "timed out"),
        (None, TransportError, "TypeError"),
        ((200, {}), TransportError, "ValueError"),
        (ExportResponse("200", {}, b""), TransportError, "TypeError"),  # type: ignore[arg-type]
        (ExportResponse(200, {}, "body"), TransportError, "TypeError"),  # type: ignore[arg-type]
        (ExportResponse(429, None, b""), TransportError, "AttributeError"),  # type: ignore[arg-type]
        (ExportResponse(503, {}, b""), ThrottledError, "503"),
        (ExportResponse(400, {}, bytearray(b"no")), RejectedError, "400: no"),  # type: ignore[arg-type]
        (ExportResponse(200, {}, memoryview(b"\x0a\x02\x08\x01")), RejectedError, "200"),  # type: ignore[arg-type]
    ],
    ids=range(12),
)
def test_whatever_a_transport_does_is_told_and_settled(
    answer: Answer, error: type[ExportError], said: str
) -> None:
    """Failures, bugs and answers that are none: one report, and where it may help, another try."""

    async def main() -> None:
        bench = Bench(answer, OK)
        bench.end_span()
        assert await bench.pump.flush(30)
        assert [type(each) for each in bench.errors] == [error]
        assert said in str(bench.errors[0])
        retried = error is not RejectedError
        assert bench.count("exported", "retries") == (int(retried), int(retried))
        assert others() == set()

    run(main())


@pytest.mark.parametrize("answer", [hang, hang_on])
def test_a_transport_that_hangs_is_cut_off(answer: Answer) -> None:
    """At the request's timeout, with a report, and without leaving a task behind."""

    async def main() -> None:
        bench = Bench(answer, OK, timeout_ms=3_000)
        bench.end_span()
        assert await bench.pump.flush(30)
        assert bench.count("exported") == (1,)
        assert others() == set()
        if answer is hang:
            assert bench.times == [0.0, 5.5]
            assert [str(error) for error in bench.errors] == [
                "no answer from the endpoint: timed out after 3.0 s"
            ]

    run(main())


def test_an_endpoint_that_is_down_costs_few_requests_and_no_task() -> None:
    """The spans wait; nothing spins meanwhile."""

    async def main() -> None:
        bench = Bench(TransportError("down"))
        bench.end_span()
        assert not await bench.pump.flush(600)
        assert RESERVE <= bench.count("requests")[0] <= 600 * 1e9 / PERIOD_NS + RESERVE + 1
        assert bench.count("in_flight") == (1,)
        assert this_loop().turns < 200
        assert others() == set()

    run(main())


def test_four_sends_at_most() -> None:
    """A large queue drains four by four."""

    async def main() -> None:
        bench = Bench(after(1, OK), max_export_batch_size=1)
        for _ in range(10):
            bench.end_span()
        assert await bench.pump.flush(30)
        assert bench.times == [0.0] * 4 + [1.0] * 4 + [2.0] * 2

    run(main())


def test_close_is_final() -> None:
    """Flushed, then closed; a second close, a flush and later spans do nothing."""

    async def main() -> None:
        bench = Bench()
        bench.end_span()
        assert await bench.pump.close(5)
        assert await bench.pump.close(5)
        assert await bench.pump.flush(5)
        bench.end_span()
        bench.pump.wake()
        bench.pump.stop()
        await asyncio.sleep(60)
        assert bench.times == [0.0]
        assert bench.count("exported", "dropped_shutdown") == (1, 1)
        assert others() == set()

    run(main())


def test_close_drops_what_is_not_delivered_in_time() -> None:
    """False, counted, and the send that hung is gone."""

    async def main() -> None:
        bench = Bench(hang)
        bench.end_span()
        assert not await bench.pump.close(5)
        assert bench.count("dropped_shutdown", "in_flight", "queued") == (1, 0, 0)
        await asyncio.sleep(0)
        assert others() == set()
        assert bench.errors == []

    run(main())


@pytest.mark.parametrize("answer", [hang, hang_on])
@pytest.mark.parametrize("how", ["flush", "close"])
def test_stop_settles_who_waits(answer: Answer, how: str) -> None:
    """A flush or close under way answers False at once: its spans were dropped."""

    async def main() -> None:
        bench = Bench(answer)
        bench.end_span()
        waiting = asyncio.create_task(getattr(bench.pump, how)(60))
        await asyncio.sleep(1)
        bench.pump.stop()
        assert not await waiting
        assert this_loop().now == 1
        assert bench.count("dropped_shutdown", "in_flight") == (1, 0)
        await asyncio.sleep(60)
        assert len(bench.sent) == 1
        assert others() == set()

    run(main())


def test_stop_without_a_loop() -> None:
    """Consent may be withdrawn where nothing runs."""
    bench = Bench()
    bench.end_span()
    bench.pump.stop()
    assert bench.count("dropped_shutdown") == (1,)


def test_a_loop_that_ends_takes_its_sends_with_it() -> None:
    """They are cancelled with their loop, without a warning, and tried again in the next."""
    bench = Bench(hang, hang, OK, max_export_batch_size=1)

    async def first() -> None:
        bench.end_span()
        bench.end_span()
        await asyncio.sleep(1)
        assert bench.count("in_flight") == (2,)

    async def second() -> None:
        await asyncio.sleep(2)
        assert await bench.pump.flush(30)

    run(first())
    assert len(bench.sent) == 2
    run(second())
    gc.collect()
    assert bench.count("exported", "retries") == (2, 2)


def test_a_transport_that_cancels_itself_has_failed() -> None:
    """A CancelledError of its own is no reason to wait for the timeout."""

    async def main() -> None:
        bench = Bench(asyncio.CancelledError(), OK)
        bench.exporter.offer(bench.scope, simple_span())
        assert await bench.pump.flush(30)
        assert bench.times == [0.0, 2.5]

    run(main())


def test_sends_are_no_part_of_what_they_describe() -> None:
    """Whatever is current where a span ends or a flush is awaited, a send starts from nothing."""

    async def main() -> None:
        bench = Bench()
        attach(Context(baggage={"user": "7"}))
        bench.end_span()
        await asyncio.sleep(10)
        bench.end_span()
        assert await bench.pump.flush(5)
        assert bench.contexts == [EMPTY, EMPTY]
        assert get_current().baggage == {"user": "7"}

    run(main())


def test_a_clock_that_stands_still_makes_no_busy_loop() -> None:
    """Workers' clocks move only at I/O: a deadline may seem to stay for a while."""

    class Still(LoopClock):
        def monotonic_ns(self) -> int:
            return 0

    async def main() -> None:
        bench = Bench()
        bench.pump = Pump(bench.exporter, bench, Still(), bench.errors.append)
        bench.end_span()
        await asyncio.sleep(60)
        assert this_loop().turns < 50
        assert await bench.pump.flush(5)

    run(main())


class Stuck(Exporter):
    """An exporter with a bug: its deadline has passed, and nothing is due."""

    def next_deadline_ns(self, *, unanswered: bool = True) -> int:
        """Long ago."""
        return 0


def test_a_deadline_in_the_past_makes_no_busy_loop() -> None:
    """A step a millisecond at most, whatever the exporter says."""

    async def main() -> None:
        bench = Bench()
        stuck = Stuck(Settings(), Resource(), bytes)
        bench.pump = Pump(stuck, bench, LoopClock(), bench.errors.append)
        bench.pump.wake()
        await asyncio.sleep(1)
        assert this_loop().turns < 2_500

    run(main())


def alive(*kinds: type) -> list[Any]:
    """Objects of a kind that anything still holds."""
    gc.collect()
    return [each for each in gc.get_objects() if type(each) in kinds]


def test_idle_costs_nothing() -> None:
    """Nothing is kept of sends and flushes, and there is no timer and no turn."""

    async def main() -> None:
        bench = Bench(TransportError("down"), OK)
        before = len(alive(asyncio.Task, asyncio.Future))
        for _ in range(5):
            bench.end_span()
            assert await bench.pump.flush(50)
        assert this_loop().timers <= 1
        await asyncio.sleep(60)
        assert this_loop().timers == 0
        assert len(alive(asyncio.Task, asyncio.Future)) <= before + 1  # the sleep's own
        turns = this_loop().turns
        await asyncio.sleep(3600)
        assert this_loop().turns - turns <= 2

    run(main())
