# SPDX-License-Identifier: MIT OR Apache-2.0
"""_runtime: messages keep their order, wait for room, and every question is answered."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

from edgetrace import ExportRequest, ExportResponse, Settings
from edgetrace._entries import TimingEntry
from edgetrace._pipeline import Pipeline
from edgetrace._runtime import MAX_WAITING, Runtime
from edgetrace.testing import ManualClock
from tests.unit import entry_samples as samples
from tests.unit.entry_samples import entry

HELLO = {"kind": "hello", "page": {}}
LOADED: dict[str, Any] = {
    "kind": "entries",
    "origin": samples.ORIGIN_UNIX_MS,
    "entries": [entry(samples.chromium_navigation)],
}


class Receiver:
    """Takes requests once it is let, and counts their spans."""

    def __init__(self, open_at_once: bool = True) -> None:
        self.spans = 0
        self.opened = asyncio.Event()
        if open_at_once:
            self.opened.set()

    async def send(self, request: ExportRequest) -> ExportResponse:
        """See `Transport`."""
        await self.opened.wait()
        self.spans += request.spans
        return ExportResponse(200, {}, b"")


class Fixture:
    """A runtime over a pipeline, and what it said to its pages."""

    def __init__(self, receiver: Receiver, hands_over: bool = False, **options: object) -> None:
        self.receiver = receiver
        self.said: list[tuple[int, dict[str, Any]]] = []
        self.answered = asyncio.Event()
        settings = Settings.from_options(compression="none", **options)
        clock = ManualClock(samples.NOW_UNIX_NANO)
        self.runtime = Runtime(
            lambda: Pipeline(settings, clock, os.urandom, receiver, lambda error: None),
            self._post,
            hands_over=hands_over,
        )

    def _post(self, page: int, message: dict[str, object]) -> None:
        self.said.append((page, message))
        self.answered.set()

    async def flush(self) -> dict[str, Any]:
        """Ask as a page does; the answer's counters."""
        self.answered.clear()
        self.runtime.tell(1, {"kind": "flush", "id": 7})
        await asyncio.wait_for(self.answered.wait(), 10)
        page, answer = self.said[-1]
        assert (page, answer["kind"], answer["id"]) == (1, "flushed", 7)
        counters: dict[str, Any] = answer["counters"]
        return counters


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run one test in a loop of its own."""
    asyncio.run(test)


def resources(count: int) -> list[TimingEntry]:
    """That many entries of one kind."""
    return [entry(samples.chromium_opaque)] * count


def test_a_flush_is_answered_when_all_before_it_is_delivered() -> None:
    """The answer has the counters of that moment."""

    async def test() -> None:
        page = Fixture(Receiver())
        page.runtime.tell(1, HELLO)
        page.runtime.tell(1, LOADED)
        counters = await page.flush()
        assert page.receiver.spans == counters["exported"] == 2
        assert (counters["view_views"], counters["view_spans"]) == (1, 2)

    run(test())


def test_messages_wait_for_room_in_the_queue() -> None:
    """Three times as many entries as the queue holds: none is dropped, a flush waits its turn."""

    async def test() -> None:
        receiver = Receiver(open_at_once=False)
        page = Fixture(receiver, max_queue_size=100, max_export_batch_size=50)
        page.runtime.tell(1, HELLO)
        page.runtime.tell(1, LOADED)
        for _ in range(6):
            page.runtime.tell(1, {**LOADED, "entries": resources(50)})
        assert page.runtime.counters()["waiting_messages"] > 0
        receiver.opened.set()
        counters = await page.flush()
        assert counters["exported"] == 302
        assert counters["dropped_queue_full"] == counters["waiting_messages"] == 0

    run(test())


def test_what_waits_is_bounded() -> None:
    """With nobody at the other end the queue overflows at last, and says how much."""

    async def test() -> None:
        page = Fixture(Receiver(open_at_once=False), max_queue_size=60, max_export_batch_size=30)
        page.runtime.tell(1, HELLO)
        page.runtime.tell(1, LOADED)
        for _ in range(2 * MAX_WAITING):
            page.runtime.tell(1, {**LOADED, "entries": resources(50)})
        counters = page.runtime.counters()
        assert counters["waiting_messages"] <= MAX_WAITING
        assert counters["dropped_queue_full"] > 0
        assert (
            counters["ended"]
            == counters["dropped_queue_full"] + counters["queued"] + (counters["in_flight"])
        )
        page.runtime.stop()

    run(test())


def test_leave_sends_without_being_asked() -> None:
    """A page that goes away is flushed, and nothing is said to it."""

    async def test() -> None:
        page = Fixture(Receiver())
        page.runtime.tell(1, HELLO)
        page.runtime.tell(1, LOADED)
        page.runtime.tell(1, {"kind": "leave"})
        counters = await page.flush()
        assert (counters["exported"], counters["requests"]) == (2, 1)
        assert len(page.said) == 1

    run(test())


def test_counters_overtake() -> None:
    """They are answered at once, while entries wait."""

    async def test() -> None:
        page = Fixture(Receiver(open_at_once=False))
        page.runtime.tell(1, HELLO)
        page.runtime.tell(2, {"kind": "counters", "id": 3})
        ((to, answer),) = page.said
        assert (to, answer["kind"], answer["id"]) == (2, "counters", 3)
        assert answer["counters"]["view_views"] == 1

    run(test())


def test_stop_erases_and_a_later_view_is_traced_again() -> None:
    """What was queued is dropped and counted; the counters of before are kept."""

    async def test() -> None:
        page = Fixture(Receiver())
        page.runtime.tell(1, HELLO)
        page.runtime.tell(1, LOADED)
        page.runtime.tell(1, {"kind": "stop"})
        page.runtime.tell(1, LOADED)
        counters = await page.flush()
        assert (page.receiver.spans, counters["dropped_shutdown"]) == (0, 2)
        assert counters["view_strays"] == 1
        page.runtime.tell(1, HELLO)
        page.runtime.tell(1, LOADED)
        assert (await page.flush())["exported"] == page.receiver.spans == 2

    run(test())


def test_debug_tells_the_page_what_became_of_its_messages() -> None:
    """One line per message, with the trace's id once there is one."""

    async def test() -> None:
        page = Fixture(Receiver(), debug=True)
        page.runtime.tell(1, HELLO)
        page.runtime.tell(1, LOADED)
        texts = [message["text"] for _, message in page.said]
        assert texts[0] == "[edgetrace] hello: 0 spans of a trace not begun"
        assert texts[1].startswith("[edgetrace] entries: 2 spans of ")
        assert len(texts[1].rpartition(" ")[2]) == 32
        page.runtime.stop()

    run(test())


def _taken(fixture: Fixture) -> list[dict[str, Any]]:
    return [told for _, told in fixture.said if told["kind"] == "taken"]


def test_a_mark_comes_back_when_what_was_told_before_it_is_delivered() -> None:
    """Not before the answer; with it, how far another runtime would find the view to be."""

    async def program() -> None:
        fixture = Fixture(Receiver(open_at_once=False))
        for message in (HELLO, LOADED, {"kind": "mark", "count": 2}):
            fixture.runtime.tell(1, message)
        assert _taken(fixture) == []
        fixture.receiver.opened.set()
        await fixture.runtime.flush()
        fixture.runtime.settle()
        assert _taken(fixture) == [{"kind": "taken", "count": 2, "first": 0, "documents": True}]

    asyncio.run(program())


def test_a_mark_comes_back_with_the_handing_over_where_the_transport_keeps() -> None:
    """Once the spans are in a request, though nobody has answered it."""

    async def program() -> None:
        fixture = Fixture(Receiver(open_at_once=False), hands_over=True)
        for message in (HELLO, LOADED, {"kind": "mark", "count": 2}):
            fixture.runtime.tell(1, message)
        fixture.runtime.settle()
        assert _taken(fixture) == []
        flushing = asyncio.ensure_future(fixture.runtime.flush())
        await asyncio.sleep(0)
        fixture.runtime.settle()
        assert len(_taken(fixture)) == 1
        fixture.receiver.opened.set()
        await flushing

    asyncio.run(program())


def test_a_view_that_waits_gives_no_mark_back_and_stop_forgets_them() -> None:
    """A view without a word on its trace keeps its rows; a stop owes nothing."""

    async def program() -> None:
        fixture = Fixture(Receiver())
        fixture.runtime.tell(1, HELLO)
        fixture.runtime.tell(1, {"kind": "mark", "count": 1})
        assert _taken(fixture) == []
        fixture.runtime.tell(1, LOADED)
        fixture.runtime.tell(1, {"kind": "mark", "count": 2})
        fixture.runtime.stop()
        fixture.runtime.settle()
        assert _taken(fixture) == []

    asyncio.run(program())


def test_a_network_that_is_back_is_tried_at_once() -> None:
    """`online` sends what waits, without a page's asking."""

    async def program() -> None:
        fixture = Fixture(Receiver(), schedule_delay_ms=60_000)
        for message in (HELLO, LOADED, {"kind": "online"}):
            fixture.runtime.tell(1, message)
        await fixture.runtime.flush()
        assert fixture.receiver.spans == 2

    asyncio.run(program())
