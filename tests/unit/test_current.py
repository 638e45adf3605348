# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_current`: a span that is current for a block, or around each call of a function."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Any

import pytest

from edgetrace._config import Settings
from edgetrace._context import EMPTY, NonRecordingSpan, attach, detach, get_current
from edgetrace._current import get_current_span, use_span
from edgetrace._tracer import Tracer, TracerProvider
from edgetrace._types import INVALID_SPAN_CONTEXT, SpanContext, SpanData, StatusCode
from edgetrace.testing import InMemoryExporter, ManualClock


class Bench:
    """A tracer and what it made."""

    def __init__(self) -> None:
        """Counting ids, standing clock."""
        self.exporter = InMemoryExporter()
        numbers = iter(range(1, 100))
        self.provider = TracerProvider(
            Settings(),
            clock=ManualClock(),
            entropy=lambda size: next(numbers).to_bytes(2, "big") * (size // 2),
            exporter=self.exporter,
        )
        self.tracer: Tracer = self.provider.get_tracer("test")

    @property
    def spans(self) -> dict[str, SpanData]:
        """Ended spans by name."""
        return {span.name: span for span in self.exporter.spans}


@pytest.fixture
def bench() -> Bench:
    """A fresh tracer."""
    return Bench()


def test_a_block_makes_its_span_current(bench: Bench) -> None:
    """Spans started inside are its children, and afterwards nothing is current."""
    assert get_current_span().context is INVALID_SPAN_CONTEXT
    with bench.tracer.start_as_current_span("outer") as outer:
        assert get_current_span() is outer
        with bench.tracer.start_as_current_span("inner") as inner:
            assert get_current_span() is inner
        bench.tracer.start_span("leaf").end()
    assert get_current() is EMPTY
    spans = bench.spans
    assert spans["inner"].parent == spans["leaf"].parent == spans["outer"].context
    assert spans["outer"].parent is None


def test_baggage_stays_in_force(bench: Bench) -> None:
    """Making a span current changes nothing else of the context."""
    token = attach(EMPTY._replace(baggage={"user": "7"}))
    try:
        with bench.tracer.start_as_current_span("x"), use_span(NonRecordingSpan()):
            assert get_current().baggage == {"user": "7"}
    finally:
        detach(token)


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("status", [True, False])
def test_exceptions_are_recorded_and_go_on(bench: Bench, record: bool, status: bool) -> None:
    """An exception passes through; event and status are recorded as asked."""
    block = bench.tracer.start_as_current_span(
        "x", record_exception=record, set_status_on_exception=status
    )
    with pytest.raises(ValueError, match="no"), block:
        raise ValueError("no")
    (span,) = bench.exporter.spans
    assert [event.name for event in span.events] == ["exception"] * record
    assert (span.status.code is StatusCode.ERROR) is status
    assert get_current() is EMPTY


def test_one_object_may_be_entered_again(bench: Bench) -> None:
    """Entered within itself, it starts two spans, one the child of the other."""
    block = bench.tracer.start_as_current_span("x")
    with block as outer, block as inner:
        assert get_current_span() is inner
    assert get_current() is EMPTY
    first, second = bench.exporter.spans
    assert (first.context, first.parent) == (inner.context, outer.context)
    assert second.context == outer.context


def test_one_object_in_several_tasks(bench: Bench) -> None:
    """Tasks leave it in any order, each with the span that it entered."""
    block = bench.tracer.start_as_current_span("x")
    gates: dict[int, asyncio.Event] = {}
    found: dict[int, SpanContext] = {}

    async def work(number: int) -> None:
        with block as span:
            found[number] = span.context
            await gates[number].wait()
            assert get_current_span() is span
        assert get_current() is EMPTY

    async def main() -> None:
        gates.update({number: asyncio.Event() for number in range(3)})
        tasks = [asyncio.create_task(work(number)) for number in range(3)]
        for number in (1, 0, 2):
            gates[number].set()
            await tasks[number]

    asyncio.run(main())
    assert [span.context for span in bench.exporter.spans] == [found[1], found[0], found[2]]


def test_use_span_neither_starts_nor_ends(bench: Bench) -> None:
    """An existing span is current for the block and goes on after it."""
    span = bench.tracer.start_span("x")
    block = use_span(span)
    with block as entered, block:
        assert entered is span
        assert get_current_span() is span
    assert get_current() is EMPTY
    assert span.is_recording()
    assert bench.exporter.spans == []


def test_a_decorated_function_is_a_span_per_call(bench: Bench) -> None:
    """Arguments, result, name and docstring stay; recursion makes children."""

    @bench.tracer.start_as_current_span("fact")
    def fact(n: int, *, one: int = 1) -> int:
        """Factorial."""
        return one if n < 2 else n * fact(n - 1, one=one)

    assert fact(3) == 6
    assert (fact.__name__, fact.__doc__) == ("fact", "Factorial.")
    assert list(inspect.signature(fact).parameters) == ["n", "one"]
    inner, middle, outer = bench.exporter.spans
    assert (inner.parent, middle.parent, outer.parent) == (middle.context, outer.context, None)


def test_a_decorated_coroutine_function_is_a_span_per_await(bench: Bench) -> None:
    """The span lasts until the coroutine ends, and calls side by side do not mix."""
    gates: dict[int, asyncio.Event] = {}

    @bench.tracer.start_as_current_span("work")
    async def work(number: int) -> SpanContext:
        await gates[number].wait()
        return get_current_span().context

    async def main() -> list[SpanContext]:
        gates.update({number: asyncio.Event() for number in range(3)})
        tasks = [asyncio.create_task(work(number)) for number in range(3)]
        for number in (1, 0, 2):  # they end in another order than they began
            gates[number].set()
            await tasks[number]
        return [task.result() for task in tasks]

    assert inspect.iscoroutinefunction(work)
    found = asyncio.run(main())
    ended = [span.context for span in bench.exporter.spans]
    assert ended == [found[1], found[0], found[2]]
    assert {span.parent for span in bench.exporter.spans} == {None}


def test_partial_coroutine_functions_are_awaited_inside(bench: Bench) -> None:
    """functools.partial of a coroutine function is a coroutine function too."""

    async def add(left: int, right: int) -> int:
        assert get_current_span().is_recording()
        return left + right

    decorated = bench.tracer.start_as_current_span("add")(functools.partial(add, 1))
    assert asyncio.run(decorated(2)) == 3
    assert len(bench.exporter.spans) == 1


def test_a_cancelled_task_ends_its_span_without_error(bench: Bench) -> None:
    """Cancellation is an ordinary way to end."""

    async def main() -> None:
        async def wait() -> None:
            with bench.tracer.start_as_current_span("waiting"):
                started.set()
                await asyncio.Event().wait()

        started = asyncio.Event()
        task = asyncio.create_task(wait())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert bench.spans["waiting"].status.code is StatusCode.UNSET
    assert bench.spans["waiting"].events == ()


def test_a_generator_s_block_may_end_elsewhere(bench: Bench) -> None:
    """A generator closed in another context ends its span and disturbs nobody's."""

    def numbers() -> Any:
        with bench.tracer.start_as_current_span("generator"):
            yield 1
            yield 2

    async def main() -> None:
        generator = numbers()
        await asyncio.create_task(_next(generator))
        with bench.tracer.start_as_current_span("other") as other:
            generator.close()
            assert get_current_span() is other

    asyncio.run(main())
    assert set(bench.spans) == {"generator", "other"}
    assert bench.spans["generator"].status.code is StatusCode.UNSET


async def _next(generator: Any) -> Any:
    return next(generator)
