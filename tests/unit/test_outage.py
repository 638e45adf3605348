# SPDX-License-Identifier: MIT OR Apache-2.0
"""A fleet of exporters and an outage, in virtual time: benchmarks/outage.py in small."""

from __future__ import annotations

import pytest

from benchmarks.outage_fleet import Fleet, Plan
from edgetrace._budget import PERIOD_NS, RESERVE
from tests.fault_proxy.conservation import lost

PAGES = 150
DOWN = range(60, 180)
LENGTH = 260


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """Two minutes without an answer."""
    return Fleet(Plan(PAGES, LENGTH, lambda at_s: not DOWN[0] <= at_s <= DOWN[-1])).run()


def mean(fleet: Fleet, first: int, last: int) -> float:
    """Requests a second."""
    return sum(fleet.per_second.get(at, 0) for at in range(first, last)) / (last - first)


def test_an_outage_loses_nothing_that_there_is_room_for(fleet: Fleet) -> None:
    """However often requests failed, all spans arrive soon after."""
    counters = fleet.counters()
    assert counters["exported"] == counters["ended"]
    assert fleet.drained_s < LENGTH + 20


def test_a_collector_that_is_down_is_asked_less(fleet: Fleet) -> None:
    """Than one that is up, once the reserves are used up."""
    assert mean(fleet, DOWN[-1] - 60, DOWN[-1]) < mean(fleet, 20, DOWN[0]) / 2
    probes = mean(fleet, DOWN[0], DOWN[-1]) * len(DOWN)
    assert probes <= PAGES * (1 + RESERVE + len(DOWN) * 10**9 / PERIOD_NS)


def test_no_storm_when_it_is_back(fleet: Fleet) -> None:
    """The pages find out one by one: five seconds of it are no busier than twice the usual."""
    usual = mean(fleet, 20, DOWN[0])
    busiest = max(mean(fleet, at, at + 5) for at in range(DOWN[-1], LENGTH - 5))
    assert busiest < 2 * usual


@pytest.mark.parametrize("seed", range(20))
def test_a_collector_that_comes_and_goes(seed: int) -> None:
    """Away for two seconds in forty: hardly more than a request per body, and nothing lost."""
    plan = Plan(20, 300, lambda at_s: (at_s + seed) % 40 < 38, seed=seed)
    counters = Fleet(plan).run().counters()
    bodies = counters["requests"] - counters["retries"]
    assert counters["requests"] / bodies <= 1.1
    assert lost(counters) == 0


@pytest.mark.parametrize(("is_up", "most"), [(False, 2), (True, 8)])
def test_a_sleep_of_hours_is_no_burst(is_up: bool, most: int) -> None:
    """All clocks jump during an outage: one probe each, and if it is answered, what waits."""
    fleet = Fleet(Plan(20, 10**6, lambda at_s: at_s < 50 or (is_up and at_s > 10_000)))
    fleet.run_until(90)
    before = fleet.counters()
    fleet.jump(18_000)
    fleet.run_until(18_091)
    after = fleet.counters()
    assert 15 <= after["requests"] - before["requests"] <= 20 * most
    assert lost(after) == 0
