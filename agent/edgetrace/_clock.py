# SPDX-License-Identifier: MIT OR Apache-2.0
"""Time, anchored once.

A trace is read as one timeline, so every time in it must come from one monotonic clock. The wall
clock is read once, at first use, and monotonic deltas are added from there: it cannot step in the
middle of a span. When wall time has moved away from the anchor by more than a second (the machine
slept, the clock was set), the anchor is taken again; a finer limit would turn the platforms' coarse
clocks into jitter (Pyodide's `time_ns` steps by 1 ms, Workers' clocks move only at I/O).

The wall clock is looked at again only when the monotonic one has moved on by a millisecond: spans
made in a loop are spared the second reading, half of what a time costs (160 ns of Pyodide's,
November 2026), and a machine that woke up is found out a millisecond later.

Knows no platform: both sources are handed in. Not read at import: a Worker's snapshot forbids it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

MAX_DRIFT_NS: Final = 1_000_000_000
CHECK_NS: Final = 1_000_000
"""Of monotonic time between two looks at the wall clock."""
MAX_AHEAD_NS: Final = 86_400 * 10**9
"""A day: how far a page's clock may be ahead before it is not believed."""


def page_unix_nano(said_unix_ms: float, here_unix_nano: int) -> int:
    """When a page said something, by its own clock: none of its spans ends later, so what it says
    twice gives the same spans. The time here where that cannot be.
    """
    said = said_unix_ms * 1e6
    return int(said) if 0.0 < said <= here_unix_nano + MAX_AHEAD_NS else here_unix_nano


class AnchoredClock:
    """A `Clock` whose wall time follows its monotonic source."""

    __slots__ = ("_anchor_ns", "_check_at_ns", "_first_anchor_ns", "_monotonic_ns", "_wall_ns")

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.perf_counter_ns,
        anchor_ns: Callable[[], int] | None = None,
    ) -> None:
        """Keep the sources unread.

        Args:
            wall_ns: Nanoseconds since the Unix epoch, any resolution.
            monotonic_ns: Nanoseconds, never stepping back.
            anchor_ns: The wall time of `monotonic_ns`'s zero where the platform knows it better
                than a reading of `wall_ns`; held until the two are more than a second apart.
        """
        self._wall_ns, self._monotonic_ns = wall_ns, monotonic_ns
        self._first_anchor_ns = anchor_ns
        self._anchor_ns: int | None = None
        self._check_at_ns = 0

    def monotonic_ns(self) -> int:
        """See `Clock`."""
        return self._monotonic_ns()

    def unix_nano(self) -> int:
        """See `Clock`; steps only when the wall clock left its anchor by more than a second."""
        monotonic = self._monotonic_ns()
        anchor = self._anchor_ns
        if anchor is not None and monotonic < self._check_at_ns:
            return anchor + monotonic
        self._check_at_ns = monotonic + CHECK_NS
        wall = self._wall_ns()
        if anchor is None and self._first_anchor_ns is not None:
            anchor = self._first_anchor_ns()
        if anchor is None or abs(wall - monotonic - anchor) > MAX_DRIFT_NS:
            anchor = wall - monotonic
        self._anchor_ns = anchor
        return anchor + monotonic
