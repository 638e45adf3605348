# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_tail`: a request's spans wait until it is known whether it is worth keeping."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgetrace._tail import MAX_WAITING, TailExporter, TailRules
from edgetrace._types import Scope, SpanContext, SpanData, Status, StatusCode
from edgetrace.testing import InMemoryExporter
from tests.strategies import simple_span

FAILED = Status(StatusCode.ERROR, "")
LOW, HIGH = bytes(16), b"\xff" * 16  # in the order in which shares of all traces grow: from above


def lasting(ms: float, **fields: Any) -> SpanData:
    """A span of this length."""
    span = simple_span("root", **fields)
    return span._replace(end_unix_nano=span.start_unix_nano + round(ms * 1e6))


class Bench:
    """A tail exporter, and what comes out of it."""

    def __init__(self, rules: str, exporter: Any = None) -> None:
        """Begin without a request."""
        self.exporter = exporter or InMemoryExporter()
        self.woken = 0
        self.tail = TailExporter(TailRules.parse(rules), self.exporter, self._wake)
        self.scope = self.tail.add_scope(Scope("s"))

    def _wake(self) -> None:
        self.woken += 1

    def request(self, *spans: SpanData) -> list[str]:
        """A request of these spans, its own last; the names that came out."""
        token = self.tail.begin()
        for span in spans:
            assert not self.tail.offer(self.scope, span)
        assert self.tail.counters()["tail_waiting"] == len(spans)
        self.tail.end(token)
        assert self.tail.counters()["tail_waiting"] == 0
        return [span.name for span in self.exporter.spans]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", TailRules()),
        ("errors", TailRules(errors=True)),
        (" ratio=0.05 , slower=500, errors,", TailRules(True, 500.0, 0.05)),
        ("slower=0", TailRules(slower_ms=0.0)),
        ("ratio=1", TailRules(ratio=1.0)),
    ],
)
def test_reading(text: str, rules: TailRules) -> None:
    """In any order."""
    assert TailRules.parse(text) == rules


@pytest.mark.parametrize(
    "text",
    [
        "error",
        "errors=1",
        "slower",
        "slower=-1",
        "slower=nan",
        "slower=x",
        "ratio=2",
        "ratio",
        "x=1",
    ],
)
def test_what_is_no_rule_raises(text: str) -> None:
    """Before the Worker is asked anything."""
    with pytest.raises(ValueError, match=r".*"):
        TailRules.parse(text)


@pytest.mark.parametrize(
    ("rules", "root", "child", "kept"),
    [
        ("errors", lasting(1), lasting(1), False),
        ("errors", lasting(1, status=FAILED), lasting(1), True),
        ("errors", lasting(1), lasting(1, status=FAILED), True),
        ("slower=5", lasting(5), lasting(1), True),
        ("slower=5", lasting(4.999), lasting(50), False),
        ("ratio=1", lasting(1), lasting(1), True),
        ("ratio=0", lasting(1), lasting(1), False),
        ("ratio=0.5", lasting(1, context=SpanContext(HIGH, b"x" * 8, 1)), lasting(1), True),
        ("ratio=0.5", lasting(1, context=SpanContext(LOW, b"x" * 8, 1)), lasting(1), False),
        ("errors,slower=5,ratio=0", lasting(6), lasting(1), True),
    ],
)
def test_rules(rules: str, root: SpanData, child: SpanData, kept: bool) -> None:
    """Any one that a request meets keeps all of it."""
    bench = Bench(rules)
    child = child._replace(name="child")
    assert bench.request(child, root) == (["child", "root"] if kept else [])
    counters = bench.tail.counters()
    assert counters["tail_dropped"] == (0 if kept else 2)


def test_whoever_delivers_is_told_once_the_request_is_kept() -> None:
    """As `offer` would have; not for what was dropped."""

    class Asking(InMemoryExporter):
        def offer(self, scope: int, span: SpanData) -> bool:
            super().offer(scope, span)
            return True

    bench = Bench("errors", Asking())
    bench.request(lasting(1))
    assert bench.woken == 0
    bench.request(lasting(1, status=FAILED))
    assert bench.woken == 1


def test_an_empty_request_decides_nothing() -> None:
    """Its own span was not sampled."""
    bench = Bench("errors,slower=0,ratio=1")
    assert bench.request() == []
    assert bench.tail.counters()["tail_dropped"] == 0


def test_spans_outside_of_requests_go_out() -> None:
    """There is nothing to wait for."""
    bench = Bench("errors")
    bench.tail.offer(bench.scope, simple_span("free"))
    assert [span.name for span in bench.exporter.spans] == ["free"]


def test_a_request_of_very_many_spans_is_kept_undecided() -> None:
    """What waits is bounded."""
    bench = Bench("errors")
    token = bench.tail.begin()
    for _ in range(MAX_WAITING - 1):
        bench.tail.offer(bench.scope, simple_span())
    assert bench.tail.counters()["tail_waiting"] == MAX_WAITING - 1
    bench.tail.offer(bench.scope, simple_span())
    bench.tail.offer(bench.scope, simple_span())
    assert len(bench.exporter.spans) == MAX_WAITING + 1
    bench.tail.end(token)
    assert bench.tail.counters()["tail_dropped"] == 0


@pytest.mark.parametrize("failed", [True, False])
def test_requests_side_by_side(failed: bool) -> None:
    """Each decides for itself, its tasks included, and those that outlive it follow it."""

    async def main() -> None:
        bench = Bench("errors")

        async def later(name: str, gate: asyncio.Event) -> None:
            await gate.wait()
            bench.tail.offer(bench.scope, simple_span(name))

        async def request(name: str, status: Status) -> asyncio.Task[None]:
            token = bench.tail.begin()
            task = asyncio.create_task(later(f"{name} later", gate))
            await asyncio.gather(*[asyncio.create_task(later(f"{name} part", now))])
            bench.tail.offer(bench.scope, lasting(1, status=status)._replace(name=name))
            bench.tail.end(token)
            return task

        gate, now = asyncio.Event(), asyncio.Event()
        now.set()
        tasks = await asyncio.gather(
            request("one", FAILED if failed else Status()), request("two", Status())
        )
        gate.set()
        await asyncio.gather(*tasks)
        names = [span.name for span in bench.exporter.spans]
        assert names == (["one part", "one", "one later"] if failed else [])
        assert bench.tail.counters()["tail_dropped"] == (3 if failed else 6)

    asyncio.run(main())
