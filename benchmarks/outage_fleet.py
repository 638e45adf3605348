# SPDX-License-Identifier: MIT OR Apache-2.0
"""Thousands of exporters and one collector in virtual time: who asks when, and who is answered.

The exporters are the agent's own; only time and the network are not real. Each belongs to a page
that ends a span now and then, and an adapter that does as the contract says: it sends what it gets,
and sleeps until the deadline. The collector answers while it is up.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from edgetrace._config import Settings
from edgetrace._export import Exporter
from edgetrace._otlp import encode_span
from edgetrace._types import ExportRequest, Scope, SpanContext, SpanData, SpanKind

S: Final = 1_000_000_000
SPAN: Final = encode_span(
    SpanData(
        SpanContext(bytes(15) + b"\x01", bytes(7) + b"\x02", 1), None, "work", SpanKind(1), 1, 2
    )
)
ANSWER_NS: Final = 50_000_000


@dataclass
class Plan:
    """One scenario.

    Attributes:
        pages: Exporters.
        length_s: How long spans end.
        up: Whether the collector is, at a second.
        spans_s: Mean seconds from one span of a page to its next.
        prepare: Done to each exporter as it is made.
        seed: Of everything random.
    """

    pages: int
    length_s: float
    up: Callable[[float], bool]
    spans_s: float = 2.5
    prepare: Callable[[Exporter], None] = lambda _: None
    seed: int = 1


@dataclass
class Fleet:
    """A run of a plan.

    Attributes:
        per_second: Requests that reached, or would have reached, the collector.
        drained_s: When the last span was delivered.
    """

    plan: Plan
    per_second: dict[int, int] = field(default_factory=dict)
    drained_s: float = 0.0

    def __post_init__(self) -> None:
        """Make the pages."""
        self._random = random.Random(self.plan.seed)
        self._order = count()
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._now = 0
        settings = Settings.from_options(compression="none")
        resource = settings.resource()
        self.exporters = [
            Exporter(settings, resource, self._random.randbytes) for _ in range(self.plan.pages)
        ]
        self._wakes = [0] * self.plan.pages
        for page, exporter in enumerate(self.exporters):
            exporter.add_scope(Scope("fleet"))
            self.plan.prepare(exporter)
            self._at(self._pause(), self._span, page)

    def run(self) -> Fleet:
        """Until nothing is left to do."""
        while self._events:
            self._now, _, event = heapq.heappop(self._events)
            event()
        return self

    def run_until(self, at_s: float) -> None:
        """Until a second is reached."""
        while self._events and self._events[0][0] <= at_s * S:
            self._now, _, event = heapq.heappop(self._events)
            event()

    def jump(self, seconds: float) -> None:
        """The machine sleeps: the clock goes on, and whatever was due meanwhile is due at once."""
        self._now += int(seconds * S)
        woken = [(max(at, self._now), order, event) for at, order, event in self._events]
        self._events = sorted(woken)

    def counters(self) -> dict[str, int]:
        """The exporters', together."""
        total: dict[str, int] = {}
        for exporter in self.exporters:
            for name, value in exporter.counters().items():
                total[name] = total.get(name, 0) + value
        return total

    def _at(self, when_ns: int, do: Callable[..., None], *args: object) -> None:
        heapq.heappush(self._events, (when_ns, next(self._order), lambda: do(*args)))

    def _pause(self) -> int:
        return self._now + int(self._random.expovariate(1 / self.plan.spans_s) * S)

    def _span(self, page: int) -> None:
        if self._now > self.plan.length_s * S:
            return
        if self.exporters[page].offer(0, SPAN):
            self._step(page)
        self._at(self._pause(), self._span, page)

    def _step(self, page: int) -> None:
        exporter = self.exporters[page]
        while (request := exporter.next_request(self._now)) is not None:
            self._send(page, request)
        deadline_ns = exporter.next_deadline_ns(unanswered=False)
        if deadline_ns is not None:
            self._wakes[page] = max(deadline_ns, self._now)
            self._at(self._wakes[page], self._wake, page, self._wakes[page])

    def _wake(self, page: int, due_ns: int) -> None:
        if self._wakes[page] == due_ns:  # else it has been put off, or brought forward
            self._step(page)

    def _send(self, page: int, request: ExportRequest) -> None:
        second = self._now // S
        self.per_second[second] = self.per_second.get(second, 0) + 1
        is_up = self.plan.up(self._now / S)
        self._at(self._now + ANSWER_NS, self._answer, page, request.id, is_up)

    def _answer(self, page: int, request_id: int, is_up: bool) -> None:
        exporter = self.exporters[page]
        if is_up:
            exporter.receive_response(request_id, 200, {}, b"", self._now)
            self.drained_s = self._now / S
        else:
            exporter.receive_failure(request_id, "down", self._now)
        self._step(page)
