# SPDX-License-Identifier: MIT OR Apache-2.0
"""Virtual time: what will happen is a heap, and time is the moment of what happens next.

Two runs that schedule the same calls make the same calls in the same order; what is due at one
moment happens in the order in which it was asked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

MS = 1_000_000
S = 1_000 * MS
ENDLESS_STEPS = 200_000
"""More than a thousand times what a world takes."""
START_UNIX_NANO = 1_700_000_000 * S


class Timeline:
    """Calls that are still to come.

    Attributes:
        now_ns: Nanoseconds since the begin.
        steps: How many calls have been made.
        after_each: Called after every one of them: the place for what always holds.
    """

    def __init__(self) -> None:
        """Begin at 0."""
        self.now_ns = 0
        self.steps = 0
        self.after_each: Callable[[], None] = lambda: None
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._asked = 0

    @property
    def unix_nano(self) -> int:
        """The wall time, where nobody sets the clock."""
        return START_UNIX_NANO + self.now_ns

    def after(self, delay_ns: int, call: Callable[..., None], *args: Any) -> None:
        """Have `call(*args)` happen `delay_ns` from now; it has to look by itself whether it still
        matters."""
        self._asked += 1
        heapq.heappush(self._heap, (self.now_ns + max(delay_ns, 0), self._asked, call, args))

    def step(self) -> bool:
        """Let the next call happen; False if there is none."""
        if not self._heap:
            return False
        self.now_ns, _, call, args = heapq.heappop(self._heap)
        self.steps += 1
        call(*args)
        self.after_each()
        return True

    def run(self, until_ns: int) -> None:
        """Let everything happen that is due until then.

        Raises:
            AssertionError: There is no end to it.
        """
        last = self.steps + ENDLESS_STEPS
        while self._heap and self._heap[0][0] <= until_ns:
            self.step()
            assert self.steps < last, "the world does not come to rest"
        self.now_ns = max(self.now_ns, until_ns)
