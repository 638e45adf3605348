# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_budget`: tries are paid for by new requests and by time."""

from __future__ import annotations

from hypothesis import given, strategies as st

from edgetrace._budget import NEW_PER_TRY, PERIOD_NS, RESERVE, RetryBudget

steps = st.lists(
    st.just("new") | st.integers(0, 3 * PERIOD_NS) | st.floats(0, 1, exclude_max=True), max_size=200
)


@given(steps, st.sampled_from([0, -(10**18), 10**18]))
def test_tries_are_bounded_over_any_time(steps: list[str | int | float], start: int) -> None:
    """By the reserve, a share of the new requests, and six a minute."""
    budget, now = RetryBudget(), start
    spent: list[tuple[int, int]] = []  # when, and how many new requests had been sent
    new = 0
    for step in steps:
        if isinstance(step, int):
            now += step
        elif step == "new":
            new += 1
            budget.earn()
        elif isinstance(step, float) and now >= budget.ready_ns:
            budget.spend(now, step)
            spent.append((now, new))
    for first, (begin, before) in enumerate(spent):
        for last in range(first, len(spent)):
            end, after = spent[last]
            earned = (after - before) / NEW_PER_TRY + (end - begin) / PERIOD_NS
            assert last - first + 1 <= RESERVE + earned + 1e-6


def test_a_long_sleep_saves_no_more_than_the_reserve() -> None:
    """However far the clock has jumped, and however much was earned."""
    budget = RetryBudget()
    budget.spend(0, 0.0)
    for _ in range(1_000):
        budget.earn()
    now = 10**18
    for _ in range(RESERVE):
        assert budget.ready_ns <= now
        budget.spend(now, 0.0)
    assert budget.ready_ns == now + PERIOD_NS


def test_what_is_spent_unpaid_is_owed() -> None:
    """A flush may overdraw; the next tries wait the longer."""
    budget = RetryBudget()
    for _ in range(RESERVE + 2):
        budget.spend(0, 0.0)
    assert budget.ready_ns == 3 * PERIOD_NS
    for _ in range(NEW_PER_TRY):
        budget.earn()
    assert budget.ready_ns == 2 * PERIOD_NS


def test_no_more_is_owed_than_can_be_saved() -> None:
    """A hundred flushes during an outage put the next try off by the reserve, not by minutes."""
    budget = RetryBudget()
    for _ in range(100):
        budget.spend(0, 0.0)
    assert budget.ready_ns == RESERVE * PERIOD_NS


def test_prices_keep_no_step() -> None:
    """One to two tokens each, as drawn."""
    budget = RetryBudget()
    budget.spend(0, 0.0)
    before = budget.ready_ns
    budget.spend(0, 0.5)
    assert budget.ready_ns - before == 3 * PERIOD_NS // 2
