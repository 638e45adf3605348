# SPDX-License-Identifier: MIT OR Apache-2.0
"""Brings an isolate's spans out from inside its requests: a Cloudflare Worker has nowhere else.

Many requests share one batch, as plain data. After each of them `deliver` runs under the request's
`waitUntil`: it sends what is due, and if nobody keeps the rest, keeps it: it waits until the batch
is due and sends that too. So a batch leaves with whichever request fills it, or with the one that
began it, `schedule_delay_ms` later.

    request 1   ends spans ── deliver ── keeps ·················· sends ── done
    request 2      ends spans ── kept already, nothing to do
    request 3         ends spans ── batch is full: sends ── done

No request awaits a Future of another's, which workerd ends as hung; no timer and no task outlives
the request that it belongs to. What an evicted isolate can lose is what it holds: the queue, at
most `max_queue_size` spans of about the last `schedule_delay_ms`, and requests that wait to be sent
again.

Source: Cloudflare Workers, "Context (ctx)", `waitUntil`: 30 s after the response.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from ._context import EMPTY, attach
from ._export import Exporter
from ._request_state import ANY_TIME_NS
from ._send import send_once
from ._types import Clock, ExportRequest, Transport
from .errors import ExportError

LIFE_NS: Final = 25_000_000_000
"""How long one request may go on delivering; the platform ends it 30 s after its response."""
GRACE_NS: Final = 1_000_000_000
"""After which a keeper that has not come back is taken for dead: its request was cancelled."""
MIN_DELAY_NS: Final = 1_000_000
"""Timers are no finer."""
LOOK_AGAIN_NS: Final = 20_000_000
"""How often `flush` looks whether sends of other requests have been answered."""


class IsolateDelivery:
    """Keeps one exporter going across the requests of an isolate; a `Delivery`."""

    def __init__(
        self,
        exporter: Exporter,
        transport: Transport,
        clock: Clock,
        on_error: Callable[[ExportError], None],
        on_wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep the parts; nothing is scheduled, ever, but by `deliver` and `flush`.

        Args:
            exporter: What decides.
            transport: What sends.
            clock: Its monotonic time is the exporter's.
            on_error: Told of every failed send; must not raise.
            on_wake: Told by whoever ends a span that `deliver` has something to do; a span may end
                in a task that outlives its event. Must not raise.
        """
        self._exporter = exporter
        self._transport = transport
        self._clock = clock
        self._on_error = on_error
        self._on_wake = on_wake
        self._keeper_ns = ANY_TIME_NS  # when a request that keeps the rest will look again
        self._look_ns = ANY_TIME_NS  # before which nothing is due, but for `wake`
        self._woken = False

    def wake(self) -> None:
        """A batch has begun or is full; whoever ended the span calls `deliver` afterwards."""
        self._woken = True
        self._on_wake()

    def is_due(self) -> bool:
        """Whether `deliver` has anything to do, so that a request need not start a task to see."""
        if self._woken:
            return True
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._look_ns:
            due_ns = self._exporter.next_deadline_ns(unanswered=False)
            # Sends of requests that were killed: nobody will say so, and they hold up all others.
            expiry_ns = self._exporter.next_deadline_ns()
            kept_ns = None if due_ns is None else min(due_ns, self._keeper_ns + GRACE_NS)
            times = [time for time in (kept_ns, expiry_ns) if time is not None]
            self._look_ns = min(times, default=2**63)
        return now_ns >= self._look_ns

    async def deliver(self) -> None:
        """Send what is due and, where no other request does, keep the rest until it is.

        For `waitUntil`, after the response. Ends within `LIFE_NS` and the time of one send.
        """
        attach(EMPTY)
        end_ns = self._clock.monotonic_ns() + LIFE_NS
        await self._send_due()
        while True:
            now_ns = self._clock.monotonic_ns()
            due_ns = self._exporter.next_deadline_ns(unanswered=False)
            if due_ns is None or due_ns > end_ns:
                return
            # A keeper may sleep through a long backoff while a batch begins that is due before.
            if self._keeper_ns <= due_ns and now_ns < self._keeper_ns + GRACE_NS:
                return
            delay_ns = max(due_ns - now_ns, MIN_DELAY_NS)
            self._keeper_ns = now_ns + delay_ns
            self._look_ns = ANY_TIME_NS
            await asyncio.sleep(delay_ns / 1e9)
            self._keeper_ns = ANY_TIME_NS  # while it sends, another may keep what comes meanwhile
            await self._send_due()

    async def flush(self, timeout_s: float) -> bool:
        """Send everything queued now.

        Args:
            timeout_s: Seconds to wait for the answers, >= 0.

        Returns:
            True if all that had ended before the call is delivered, or dropped and counted.
        """
        mark = self._exporter.force_flush()
        end_ns = self._clock.monotonic_ns() + round(max(timeout_s, 0.0) * 1e9)
        while True:
            await self._send_due()
            if self._exporter.is_settled(mark):
                return True
            now_ns = self._clock.monotonic_ns()
            if now_ns >= end_ns:
                return False
            due_ns = self._exporter.next_deadline_ns(unanswered=False)
            # Sends of other requests tell nobody here; and a far deadline is no reason to be late.
            wake_ns = min(now_ns + LOOK_AGAIN_NS if due_ns is None else due_ns, end_ns)
            await asyncio.sleep(max(wake_ns - now_ns, MIN_DELAY_NS) / 1e9)

    async def close(self, timeout_s: float) -> bool:
        """Flush, then drop what is left. Returns what `flush` returned."""
        self._exporter.shutdown()
        delivered = await self.flush(timeout_s)
        self._exporter.abandon()
        return delivered

    def stop(self) -> None:
        """Drop everything undelivered; final."""
        self._exporter.shutdown()
        self._exporter.abandon()

    async def _send_due(self) -> None:
        self._woken = False
        sends = []
        while (request := self._exporter.next_request(self._clock.monotonic_ns())) is not None:
            sends.append(asyncio.ensure_future(self._send(request)))
        self._look_ns = ANY_TIME_NS
        if sends:
            await asyncio.gather(*sends)

    async def _send(self, request: ExportRequest) -> None:
        try:
            await send_once(request, self._exporter, self._transport, self._clock, self._on_error)
        finally:
            self._look_ns = ANY_TIME_NS
