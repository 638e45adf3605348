# SPDX-License-Identifier: MIT OR Apache-2.0
"""The agent's own core in a simulated process: its page views, its exporter, and an adapter that
drives them by the contract of docs/architecture.md and by nothing else.

Beside them stand the books: which ids a runtime has been told, which it has settled, and that its
counters add up whenever somebody looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from edgetrace._breaker import MAX_IN_FLIGHT
from edgetrace._budget import PERIOD_NS, RESERVE
from edgetrace._columns import PackedPageView
from edgetrace._config import Settings
from edgetrace._export import Exporter, Undelivered
from edgetrace._ids import IdGenerator
from edgetrace._retry import RETRYABLE
from edgetrace._runtime import SCOPE
from edgetrace._sampler import sampler_from_settings
from edgetrace._types import Entropy, ExportRequest, SpanData
from edgetrace._views import PageViews
from tests.simulation.clock import Timeline
from tests.simulation.expected_queue import ExpectedQueue
from tests.simulation.ledger import Ledger, Violation, spans_of
from tests.simulation.network import Answer
from tests.simulation.storage import Record

Hear = Callable[[Answer], None]
Deliver = Callable[[ExportRequest, "frozenset[bytes]", Hear], None]

SPLIT = 413


class Sent(NamedTuple):
    """A request that is not settled, and the ids in it."""

    request: ExportRequest
    ids: tuple[bytes, ...]


class Core:
    """One runtime.

    Attributes:
        alive: Whether its process is.
        settled_hooks: Called with ids that are delivered, or counted lost.
    """

    def __init__(
        self,
        timeline: Timeline,
        ledger: Ledger,
        settings: Settings,
        entropy: Entropy,
        deliver: Deliver,
    ) -> None:
        """Begin.

        Args:
            timeline: Where time comes from.
            ledger: The world's books.
            settings: The exporter's and the views'.
            entropy: For the backoff.
            deliver: Takes a request, its ids, and whom to tell the answer.
        """
        self._timeline, self._ledger, self._deliver = timeline, ledger, deliver
        self.exporter = Exporter(settings, settings.resource(), entropy)
        self._scope = self.exporter.add_scope(SCOPE)
        view = partial(PackedPageView, self._emit)
        sampler = sampler_from_settings(settings)
        self._views = PageViews(settings, sampler, IdGenerator(entropy), view)
        self.alive = True
        self.settled_hooks: list[Callable[[Iterable[bytes]], None]] = []
        self._queue = ExpectedQueue(settings.max_queue_size)
        self._answered_ns, self._tries, self._free = timeline.now_ns, 0, 0
        self._held: set[bytes] = set()
        self._adopted: set[int] = set()  # ids of requests that were adopted
        self._halves: Counter[tuple[bytes, ...]] = Counter()
        self._sent: dict[int, Sent] = {}
        self._asked: set[int] = set()  # a page sends on its own account too, when it is hidden
        self._final: set[int] = set()
        self._wake_ns: int | None = None

    # In

    def tell(self, view: int, message: dict[str, Any], ids: Iterable[bytes]) -> None:
        """Take a page's message, whose entries have these ids."""
        self._held.update(ids)
        for span in self._views.handle(view, message, self._timeline.unix_nano):
            self._emit(span)

    def _emit(self, given: SpanData | list[bytes]) -> None:
        spans: Sequence[SpanData | bytes] = given if isinstance(given, list) else [given]
        victims = [victim for victim in map(self._queue.offer, spans) if victim is not None]
        before = self.exporter.counters()["dropped_queue_full"]
        if isinstance(given, list):
            self.exporter.offer_all(self._scope, given)
        else:
            self.exporter.offer(self._scope, given)
        if self.exporter.counters()["dropped_queue_full"] - before != len(victims):
            raise Violation("the queue dropped when it need not, or did not when it had to")
        self._ledger.lose(victims, "queue full")
        self._forget(victims)

    def adopt(self, record: Record) -> None:
        """Take a framed request out of storage."""
        body, headers, spans = record.content
        self._held.update(record.ids)
        self._adopted.add(self.exporter.adopt(body, headers, spans, record.important))

    def undelivered(self) -> list[tuple[Undelivered, frozenset[bytes]]]:
        """All requests that are not known delivered, and their ids."""
        return [
            (one, frozenset(span.span_id for span in spans_of(one.body, one.headers)))
            for one in self.exporter.undelivered()
        ]

    # The adapter

    def flush(self) -> None:
        """Send all that is queued now."""
        self._free += len(self._sent)  # a flush tries each that waits once more, unpaid
        self.exporter.force_flush()
        self.pump()

    def pump(self) -> None:
        """Ask until there is nothing more, and sleep until the deadline."""
        now = self._timeline.now_ns
        before = self.exporter.counters()
        while (request := self.exporter.next_request(now)) is not None:
            self._send(request)
        self._count_unnamed(before)  # a request that nobody answered may have been its last
        deadline = self.exporter.next_deadline_ns()
        if deadline is not None and (self._wake_ns is None or deadline < self._wake_ns):
            self._wake_ns = deadline
            self._timeline.after(deadline - now, self._wake, deadline)

    def _wake(self, due_ns: int) -> None:
        if self.alive and self._wake_ns == due_ns:
            self._wake_ns = None
            self.pump()

    def _send(self, request: ExportRequest) -> None:
        if request.id in self._final:
            raise Violation(f"request {request.id} was sent again after a final answer")
        known = self._sent.get(request.id)
        if known is None:
            ids = tuple(span.span_id for span in spans_of(request.body, request.headers))
            if len(ids) != request.spans:
                raise Violation(f"a request of {request.spans} spans holds {len(ids)}")
            self._expect(request.id, ids)
            self._free += 1  # each new request earns a part of a try; more is not asked here
            known = self._sent[request.id] = Sent(request, ids)
        else:
            self._tries += 1
            if known.request.body != request.body:
                raise Violation("a request was sent again with other bytes")
        self._asked.add(request.id)
        self._deliver(request, frozenset(known.ids), partial(self.hear, request.id))

    def _expect(self, request_id: int, ids: tuple[bytes, ...]) -> None:
        """A request's first send: it is what storage gave, a half, or the head of the queue."""
        if request_id in self._adopted:
            return
        if self._halves[ids]:
            self._halves[ids] -= 1
        elif tuple(self._queue.cut(len(ids))) != ids:
            raise Violation("a request is not what has waited longest")

    def hear(self, request_id: int, answer: Answer) -> None:
        """Take an answer, and ask again."""
        if not self.alive:
            return
        exporter, now = self.exporter, self._timeline.now_ns
        before = exporter.counters()
        if answer.status:
            headers, body = answer.headers, answer.body
            exporter.receive_response(request_id, answer.status, headers, body, now)
            if request_id in self._asked and answer.status not in RETRYABLE:
                self._final.add(request_id)
                self._answered_ns, self._tries, self._free = now, 0, 0
        else:
            exporter.receive_failure(request_id, "reset", now)
        self._settle(request_id, answer.status, before, exporter.counters())
        self.pump()

    def _settle(
        self, request_id: int, status: int, before: dict[str, int], after: dict[str, int]
    ) -> None:
        """Find out by the counters what has become of a request's spans."""
        sent = self._sent.get(request_id)
        grown = {name: after[name] - before[name] for name in after if name.startswith("dropped_")}
        lost = sum(grown.values())
        exported = after["exported"] - before["exported"]
        if sent is None:
            if lost or exported:
                raise Violation("an answer to nothing settled something")
            return
        if lost + exported not in (0, len(sent.ids)):
            raise Violation(f"of {len(sent.ids)} spans {lost} + {exported} are settled: {grown}")
        asked = request_id in self._asked
        self._asked.discard(request_id)
        if asked and 200 <= status < 300 and lost + exported != len(sent.ids):
            raise Violation("a success has to settle all that was sent")
        if lost + exported:
            kept = sent.ids[:exported]  # what a collector refuses are the last ones, here
            self._ledger.lose(sent.ids[exported:], max(grown, key=lambda name: grown[name]))
            missing = [one for one in kept if one not in self._ledger.arrived]
            if missing:
                raise Violation(f"{len(missing)} spans count as exported and have not arrived")
            self._forget(sent.ids)
            del self._sent[request_id]
        elif asked and status == SPLIT:
            del self._sent[request_id]
            half = len(sent.ids) // 2
            self._halves.update((sent.ids[:half], sent.ids[half:]))

    def _forget(self, ids: Iterable[bytes]) -> None:
        self._held.difference_update(ids)
        for hook in self.settled_hooks:
            hook(ids)

    def _count_unnamed(self, before: dict[str, int]) -> None:
        after = self.exporter.counters()
        for name, count in after.items():
            if name.startswith("dropped_") and count > before[name]:
                self._ledger.unnamed[name] += count - before[name]

    # What stands in the books

    def progress(self, view: int) -> tuple[int, bool] | None:
        """How many rows of a view, and whether its documents, are in requests that were handed
        over; None while some are not."""
        return None if self.exporter.counters()["queued"] else self._views.progress(view)

    def holds(self) -> set[bytes]:
        """The ids that it has been told and not settled."""
        return self._held

    def check(self) -> None:
        """The conservation law, and the retry budget."""
        counters = self.exporter.counters()
        dropped = sum(count for name, count in counters.items() if name.startswith("dropped_"))
        came = counters["ended"] + counters.get("adopted", 0)
        there = counters["exported"] + dropped + counters["queued"] + counters["in_flight"]
        if came != there or min(counters.values()) < 0:
            raise Violation(f"the counters do not add up: {counters}")
        if counters["queued"] != len(self._queue):
            raise Violation(f"{counters['queued']} spans are queued, not {len(self._queue)}")
        tokens = RESERVE + MAX_IN_FLIGHT + (self._timeline.now_ns - self._answered_ns) / PERIOD_NS
        if self._tries > tokens + self._free:
            raise Violation(f"{self._tries} retries without an answer: a storm")
