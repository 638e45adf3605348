# SPDX-License-Identifier: MIT OR Apache-2.0
"""Drives a sans-IO exporter with asyncio: one timer, at most a few sends at once.

The only place where the core meets an event loop. It works wherever tasks may outlive the call that
started them: a page, a Web Worker, CPython. (A Cloudflare Worker's may not: `_isolate`.)

    span ends -> wake() -> _step() -> next_request -> Transport.send -> receive_* -> _step() ...
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from ._export import Exporter, Mark
from ._send import send_once
from ._types import Clock, ExportRequest, Transport
from .errors import ExportError

MIN_DELAY_NS: Final = 1_000_000
"""Timers are no finer; a deadline that has just passed must not make a busy loop."""


class Pump:
    """Keeps one exporter going.

    Where no event loop runs (a script's top level) nothing is sent until `flush` is awaited.
    """

    def __init__(
        self,
        exporter: Exporter,
        transport: Transport,
        clock: Clock,
        on_error: Callable[[ExportError], None],
    ) -> None:
        """Keep the parts; nothing is scheduled yet.

        Args:
            exporter: What decides.
            transport: What sends.
            clock: Its monotonic time is the exporter's.
            on_error: Told of every failed send; must not raise.
        """
        self._exporter = exporter
        self._transport = transport
        self._clock = clock
        self._on_error = on_error
        self._timer: asyncio.Handle | None = None
        self._timer_loop: asyncio.AbstractEventLoop | None = None
        self._timer_ns = 0
        self._sends: set[asyncio.Task[None]] = set()
        self._waiters: dict[asyncio.Future[bool], Mark] = {}

    def wake(self) -> None:
        """Look for due requests in the loop's next turn, never in the caller's own time."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._step_in(loop, 0)

    async def flush(self, timeout_s: float) -> bool:
        """Send everything queued now.

        Args:
            timeout_s: Seconds to wait for the answers, >= 0.

        Returns:
            True if all that had ended before the call is delivered, or dropped and counted; False
            if time ran out and sending goes on, or `stop` came first.
        """
        loop = asyncio.get_running_loop()
        mark = self._exporter.force_flush()
        self._step()
        if self._exporter.is_settled(mark):
            return True
        waiter: asyncio.Future[bool] = loop.create_future()
        give_up = loop.call_later(max(timeout_s, 0.0), _resolve, waiter, False)
        self._waiters[waiter] = mark
        try:
            return await waiter
        finally:
            give_up.cancel()
            del self._waiters[waiter]

    async def close(self, timeout_s: float) -> bool:
        """Flush, then drop what is left and stop. Returns what `flush` returned."""
        self._exporter.shutdown()
        delivered = await self.flush(timeout_s)
        self.stop()
        return delivered

    def stop(self) -> None:
        """Drop everything undelivered and cancel what is under way; final."""
        for waiter in self._waiters:
            _resolve(waiter, False)
        self._exporter.shutdown()
        self._exporter.abandon()
        for send in self._sends:
            send.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _step(self) -> None:
        """Start what is due, tell those who wait, and arrange for the next step."""
        loop = asyncio.get_running_loop()
        while (request := self._exporter.next_request(self._clock.monotonic_ns())) is not None:
            send = loop.create_task(self._send(request))
            self._sends.add(send)  # the loop keeps only weak references to tasks
            send.add_done_callback(self._sends.discard)
        self._rest(loop)

    def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        for waiter, mark in self._waiters.items():
            if self._exporter.is_settled(mark):
                _resolve(waiter, True)
        deadline_ns = self._exporter.next_deadline_ns()
        if deadline_ns is not None:
            self._step_in(loop, max(deadline_ns - self._clock.monotonic_ns(), MIN_DELAY_NS))

    def _step_in(self, loop: asyncio.AbstractEventLoop, delay_ns: int) -> None:
        """Have one timer, and leave it if it is early enough: a page keeps even cancelled ones."""
        due_ns = self._clock.monotonic_ns() + delay_ns
        if self._timer is not None:
            if self._timer_loop is loop and self._timer_ns <= due_ns:
                return
            self._timer.cancel()
        self._timer = loop.call_later(delay_ns / 1e9, self._on_timer)
        self._timer_loop, self._timer_ns = loop, due_ns

    def _on_timer(self) -> None:
        self._timer = None
        self._step()

    async def _send(self, request: ExportRequest) -> None:
        try:
            await send_once(request, self._exporter, self._transport, self._clock, self._on_error)
        except asyncio.CancelledError:  # by `stop`, or the loop is closing: no new sends
            self._rest(asyncio.get_running_loop())
            raise
        self._step()


def _resolve(waiter: asyncio.Future[bool], delivered: bool) -> None:
    if not waiter.done():
        waiter.set_result(delivered)
