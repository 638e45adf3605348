# SPDX-License-Identifier: MIT OR Apache-2.0
"""The requests that are not known delivered: which may go now, and when the next may.

Each waits out a backoff of its own with full jitter, and what the receiver asked for, and all wait
for a place: `Breaker.window` requests at once. While the circuit is open that is one, and the
budget has to pay for it. Makes no request, reads no answer, counts no loss.

A request is given up only when others get through and it does not: during an outage all that is
waiting goes on waiting, and it is the queue behind it that overflows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ._breaker import MAX_IN_FLIGHT, Breaker, Circuit, News
from ._budget import RetryBudget
from ._priority import is_important
from ._records import NamedTuple
from ._request_state import ANY_TIME_NS, PendingRequest, Signal, State
from ._retry import backoff_ns
from ._types import Entropy

MAX_ATTEMPTS: Final = 5
"""Sends after which a request stands back for others, and is given up if these get through."""
_OF_THE_BODY: Final = ("content-type", "content-encoding")


class Undelivered(NamedTuple):
    """A request that is not known delivered, as `Exporter.adopt` takes it.

    Attributes:
        id: As in `ExportRequest`.
        body: Encoded and, where it pays, compressed; the same bytes for the same id.
        headers: Those that say what the body is. Credentials are not among them.
        spans: How many it holds.
        important: Whether an error is among them, or the root of a trace: to be lost last.
    """

    id: int
    body: bytes
    headers: dict[str, str]
    spans: int
    important: bool


class Outbox:
    """What waits, and what is under way; oldest first."""

    def __init__(self, entropy: Entropy) -> None:
        """Begin empty; `entropy` is for the jitter."""
        self._entropy = entropy
        self._pending: dict[int, PendingRequest] = {}
        self._breaker, self._budget = Breaker(), RetryBudget()
        self._not_before_ns = ANY_TIME_NS  # the receiver's own words
        self._probe_ns = ANY_TIME_NS  # when the backoff of the last try ends
        self._is_hurried = False

    def __iter__(self) -> Iterator[PendingRequest]:
        """All of them; may be emptied meanwhile."""
        return iter(list(self._pending.values()))

    @property
    def spans(self) -> int:
        """How many spans are in them."""
        return sum([pending.request.spans for pending in self._pending.values()])

    def put(self, pending: PendingRequest) -> PendingRequest:
        """Let a request wait to be sent for the first time; returns it."""
        self._pending[pending.request.id] = pending
        return pending

    def sent(self, request_id: int) -> PendingRequest | None:
        """The request of that id if it is under way."""
        pending = self._pending.get(request_id)
        return pending if pending is not None and pending.state is State.SENT else None

    @property
    def gate_ns(self) -> int:
        """Nothing is sent before it, new or not; monotonic."""
        if self._breaker.state is Circuit.CLOSED or self._is_hurried:
            return self._not_before_ns
        return max(self._not_before_ns, self._probe_ns, self._budget.ready_ns)

    def has_place(self) -> bool:
        """Whether one more may be under way."""
        pending = self._pending.values()
        return sum([each.state is State.SENT for each in pending]) < self._breaker.window

    def may_open(self) -> bool:
        """Whether a new request may join: what failed is tried before anything new, unless it alone
        may be why it failed.
        """
        pending = self._pending.values()
        return (
            len(pending) < MAX_IN_FLIGHT
            and self.has_place()
            and (
                self._breaker.state is Circuit.CLOSED
                or all(each.attempts >= MAX_ATTEMPTS for each in pending)
            )
        )

    def due(self, now_ns: int) -> PendingRequest | None:
        """The request to send now: of those that may go, the one that was tried least."""
        if now_ns < self.gate_ns or not self.has_place():
            return None
        waiting = [
            pending
            for pending in self._pending.values()
            if pending.state is State.WAITING and now_ns >= pending.deadline_ns
        ]
        return min(waiting, key=lambda pending: pending.attempts, default=None)

    def deadline_ns(self, *, unanswered: bool) -> int | None:
        """When one may be sent, or (`unanswered`) counts as unanswered; None if only news can
        change anything.
        """
        waiting, gate_ns = self.has_place(), self.gate_ns
        return min(
            [
                pending.deadline_ns
                if pending.state is State.SENT
                else max(pending.deadline_ns, gate_ns)
                for pending in self._pending.values()
                if (unanswered if pending.state is State.SENT else waiting)
            ],
            default=None,
        )

    def send(self, pending: PendingRequest, now_ns: int) -> None:
        """It is under way."""
        if not pending.attempts:
            self._budget.earn()
        if self._breaker.state is not Circuit.CLOSED:
            self._breaker.learn(News.PROBE)
            self._budget.spend(now_ns, self._fraction())
            self._is_hurried = False
        pending.send(now_ns)

    def answered(self, pending: PendingRequest, signal: Signal) -> None:
        """It has its final answer."""
        self._breaker.learn(News.ANSWERED)
        self._remove(pending, signal)

    def failed(
        self, pending: PendingRequest, signal: Signal, wait_ns: int | None, now_ns: int
    ) -> bool:
        """It has no answer, or was asked to wait `wait_ns`.

        Returns:
            Whether it waits for another try; False if it has been given up.
        """
        before = self._breaker.state
        self._breaker.learn(News.FAILED)
        backoff = backoff_ns(max(pending.attempts, self._breaker.failures), self._fraction())
        # Not the wait alone: Retry-After: 0 would use the budget up within a few round trips.
        deadline_ns = now_ns + max(wait_ns or 0, backoff)
        if before is not Circuit.OPEN:  # else it was sent before the circuit opened
            self._probe_ns = deadline_ns
        if signal is Signal.THROTTLED:
            self._not_before_ns = max(self._not_before_ns, deadline_ns)
        if before is Circuit.CLOSED and pending.attempts >= MAX_ATTEMPTS:
            self._remove(pending, Signal.GIVE_UP)
            return False
        pending.move(signal)
        pending.deadline_ns = deadline_ns
        return True

    def undelivered(self) -> list[Undelivered]:
        """All of them, for whoever can keep them."""
        for pending in self:
            if pending.important is None:
                pending.important = any(is_important(span.data) for span in pending.queued)
        return [
            Undelivered(
                pending.request.id,
                pending.request.body,
                of_the_body(pending.request.headers),
                pending.request.spans,
                bool(pending.important),
            )
            for pending in self
        ]

    def hurry(self) -> None:
        """Try once more without a backoff, which the budget pays for later."""
        self._is_hurried = self._breaker.state is Circuit.OPEN
        for pending in self._pending.values():
            if pending.state is State.WAITING:
                pending.deadline_ns = ANY_TIME_NS

    def clear(self) -> None:
        """Give everything up."""
        for pending in self:
            self._remove(pending, Signal.GIVE_UP)
        self._breaker, self._is_hurried = Breaker(), False

    def _fraction(self) -> float:
        return int.from_bytes(self._entropy(4), "little") / 2**32

    def _remove(self, pending: PendingRequest, signal: Signal) -> None:
        pending.move(signal)
        del self._pending[pending.request.id]


def of_the_body(headers: Mapping[str, str]) -> dict[str, str]:
    """Those headers that say what a body is; no others come out of storage, or go into it."""
    return {name: headers[name] for name in _OF_THE_BODY if name in headers}
