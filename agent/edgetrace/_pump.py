# SPDX-License-Identifier: MIT OR Apache-2.0
"""Drives a sans-IO exporter with asyncio: one timer, at most a few sends at once.

The only place where the core meets an event loop. It works wherever tasks may outlive the call that
started
them: a page, a Web Worker, CPython. (A Cloudflare Worker's may not; its adapter drives the exporter
itself.)

    span ends -> wake() -> _step() -> next_request -> Transport.send -> receive_* -> _step() ...
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ._export import Exporter
from ._types import Clock, ExportRequest, Transport
from .errors import ExportError, TransportError


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
        self._sends: set[asyncio.Task[None]] = set()
        self._idle_waiters: list[asyncio.Future[bool]] = []

    def wake(self) -> None:
        """Look for due requests in the loop's next turn, never in the caller's own time."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._schedule(loop, 0.0)

    async def flush(self, timeout_s: float) -> bool:
        """Send everything queued now.

        Args:
            timeout_s: Seconds to wait for the answers, >= 0.

        Returns:
            True if nothing is left undelivered; False if time ran out, and sending goes on.
        """
        loop = asyncio.get_running_loop()
        self._exporter.force_flush()
        self._step()
        if not self._exporter.undelivered:
            return True
        waiter: asyncio.Future[bool] = loop.create_future()
        self._idle_waiters.append(waiter)
        give_up = loop.call_later(timeout_s, self._resolve, waiter, False)
        try:
            return await waiter
        finally:
            give_up.cancel()
            self._idle_waiters.remove(waiter)

    async def close(self, timeout_s: float) -> bool:
        """Flush, then drop what is left and stop. Returns True if everything was delivered."""
        self._exporter.shutdown()
        delivered = await self.flush(timeout_s)
        self.stop()
        return delivered

    def stop(self) -> None:
        """Drop everything undelivered and cancel what is under way; final."""
        self._exporter.shutdown()
        self._exporter.abandon()
        for send in self._sends:
            send.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._settle()

    def _step(self) -> None:
        loop = asyncio.get_running_loop()
        while (request := self._exporter.next_request(self._clock.monotonic_ns())) is not None:
            send = loop.create_task(self._send(request))
            self._sends.add(send)  # the loop keeps only weak references to tasks
            send.add_done_callback(self._sends.discard)
        self._settle()
        deadline_ns = self._exporter.next_deadline_ns()
        if deadline_ns is not None:
            delay_ns = deadline_ns - self._clock.monotonic_ns()
            self._schedule(loop, max(delay_ns, 1_000_000) / 1e9)

    def _schedule(self, loop: asyncio.AbstractEventLoop, delay_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(delay_s, self._step)

    async def _send(self, request: ExportRequest) -> None:
        try:
            status, headers, body = await self._transport.send(request)
        except TransportError as failure:
            error = self._exporter.receive_failure(
                request.id, failure.cause, self._clock.monotonic_ns()
            )
        except Exception as failure:  # a third party's transport: its bug must not lose the spans
            error = self._exporter.receive_failure(
                request.id, repr(failure), self._clock.monotonic_ns()
            )
        else:
            error = self._exporter.receive_response(
                request.id, status, headers, body, self._clock.monotonic_ns()
            )
        if error is not None:
            self._on_error(error)
        self._step()

    def _settle(self) -> None:
        """Tell those who wait for delivery that nothing is left."""
        if not self._exporter.undelivered:
            for waiter in self._idle_waiters:
                self._resolve(waiter, True)

    @staticmethod
    def _resolve(waiter: asyncio.Future[bool], delivered: bool) -> None:
        if not waiter.done():
            waiter.set_result(delivered)
