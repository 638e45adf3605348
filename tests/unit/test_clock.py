# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_clock`: wall time that follows a monotonic source."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from edgetrace._clock import CHECK_NS, MAX_DRIFT_NS, AnchoredClock

WALL = 1_700_000_000_000_000_000


class Sources:
    """Two clocks that read what they are set to, and count their reads."""

    def __init__(self) -> None:
        """Start apart, as real ones do."""
        self.wall, self.monotonic, self.reads = WALL, 5_000, 0

    def read_wall(self) -> int:
        """Nanoseconds since the epoch."""
        self.reads += 1
        return self.wall

    def read_monotonic(self) -> int:
        """Nanoseconds since whenever."""
        self.reads += 1
        return self.monotonic


@pytest.fixture
def sources() -> Sources:
    """Fresh sources."""
    return Sources()


@pytest.fixture
def clock(sources: Sources) -> AnchoredClock:
    """A clock on them."""
    return AnchoredClock(sources.read_wall, sources.read_monotonic)


def test_making_one_reads_nothing(sources: Sources, clock: AnchoredClock) -> None:
    """A provider may be made at a Worker's top level, where clocks stand at zero."""
    assert sources.reads == 0
    assert clock.monotonic_ns() == 5_000


@pytest.mark.parametrize(
    ("wall_step", "monotonic_step", "seen"),
    [
        (0, 7, 7),  # a coarse wall clock does not hold time up
        (1_000_000, 7, 7),  # nor does its step push it on
        (-MAX_DRIFT_NS, 0, 0),  # a clock set back by a second is not followed
        (MAX_DRIFT_NS + CHECK_NS, CHECK_NS, CHECK_NS),
        (MAX_DRIFT_NS + CHECK_NS + 1, CHECK_NS, MAX_DRIFT_NS + CHECK_NS + 1),  # the machine slept
        (-MAX_DRIFT_NS, CHECK_NS, -MAX_DRIFT_NS),  # the clock was set
        (3600 * 10**9, CHECK_NS - 1, CHECK_NS - 1),  # not looked at yet
        (3600 * 10**9, 10**9, 3600 * 10**9),
    ],
)
def test_steps(
    sources: Sources, clock: AnchoredClock, wall_step: int, monotonic_step: int, seen: int
) -> None:
    """Time moves with the monotonic source; the wall clock is followed beyond a second's drift."""
    start = clock.unix_nano()
    sources.wall += wall_step
    sources.monotonic += monotonic_step
    assert clock.unix_nano() - start == seen


@given(
    st.lists(
        st.tuples(st.integers(-MAX_DRIFT_NS // 20, MAX_DRIFT_NS // 20), st.integers(0, 10**9)),
        max_size=20,
    )
)
def test_time_never_steps_back_while_the_wall_clock_jitters(steps: list[tuple[int, int]]) -> None:
    """Jitter within a second of the anchor never shows, in either direction."""
    sources = Sources()
    clock = AnchoredClock(sources.read_wall, sources.read_monotonic)
    start = last = clock.unix_nano()
    elapsed = 0
    for jitter, step in steps:
        elapsed += step
        sources.monotonic += step
        sources.wall = WALL + elapsed + jitter
        assert clock.unix_nano() - start == elapsed
        assert clock.unix_nano() >= last
        last = clock.unix_nano()


def test_the_platform_s_clocks_are_the_default() -> None:
    """Without sources it reads the interpreter's."""
    clock = AnchoredClock()
    assert clock.unix_nano() > WALL
    assert clock.monotonic_ns() <= clock.monotonic_ns()


@pytest.mark.parametrize(
    ("ahead", "seen"),
    [
        (0, 5_000),
        (MAX_DRIFT_NS, 5_000 + MAX_DRIFT_NS),  # the platform's word holds
        (MAX_DRIFT_NS + 1, 5_000),  # it slept before it was asked
    ],
)
def test_a_platforms_own_anchor_holds_within_a_second(
    sources: Sources, ahead: int, seen: int
) -> None:
    """It is read once, at first use, and given up when the wall clock is elsewhere."""
    asked: list[int] = []

    def anchor() -> int:
        asked.append(1)
        return WALL + ahead

    sources.wall = WALL + sources.monotonic
    clock = AnchoredClock(sources.read_wall, sources.read_monotonic, anchor)
    assert not asked
    assert clock.unix_nano() - WALL == seen
    sources.wall += 7
    sources.monotonic += 7
    assert clock.unix_nano() - WALL == seen + 7
    assert len(asked) == 1
