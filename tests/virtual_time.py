# SPDX-License-Identifier: MIT OR Apache-2.0
"""An asyncio loop whose time passes only when there is nothing else to do, and then at once.

Timers of seconds or hours then take no time and no luck. What asyncio would only log (an exception
that nobody retrieved) and what would hang for ever (no timer, nothing ready) fails the test.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class _Selector(selectors.SelectSelector):
    """Waits by moving its loop's time on."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        """Skip the wait."""
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing will ever happen: no timer, and nothing is ready")
            self.loop.now += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop.

    Attributes:
        now: Seconds since it was made.
        turns: How often it has looked for something to do: a busy loop shows here.
        complaints: What went to its exception handler.
    """

    def __init__(self) -> None:
        """Start at 0 s."""
        self.now = 0.0
        self.turns = 0
        self.complaints: list[dict[str, Any]] = []
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Virtual seconds."""
        return self.now

    @property
    def timers(self) -> int:
        """How many timers are pending."""
        return sum(not timer.cancelled() for timer in self._scheduled)  # type: ignore[attr-defined]

    def _run_once(self) -> None:
        self.turns += 1
        super()._run_once()  # type: ignore[misc]

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what would be logged."""
        self.complaints.append(context)


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """`asyncio.run` in virtual time; fails if anything was complained of."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        result = runner.run(main)
        loop = runner.get_loop()
    assert isinstance(loop, VirtualLoop)
    assert loop.complaints == []
    return result


def this_loop() -> VirtualLoop:
    """The loop that runs the caller."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


class LoopClock:
    """A `Clock` that tells the running loop's time, and goes on when there is none."""

    def __init__(self) -> None:
        """Start at 0."""
        self._last_ns = 0

    def unix_nano(self) -> int:
        """See `Clock`."""
        return 1_700_000_000_000_000_000 + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        """See `Clock`; never steps back, though each loop starts at 0."""
        try:
            now_ns = round(this_loop().now * 1e9)
        except RuntimeError:
            return self._last_ns
        self._last_ns = max(self._last_ns, now_ns)
        return self._last_ns
