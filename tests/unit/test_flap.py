# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py flap` counts what it says: retries beyond the budget, bursts, time that was down.

The last test is the real thing, short: the agent on CPython, a proxy, a collector.
"""

from __future__ import annotations

from typing import Any

import pytest

from edgetrace._budget import NEW_PER_RETRY, PERIOD_NS, RESERVE
from tasks import flap, flap_run
from tests.fault_proxy.faults import Fault
from tests.fault_proxy.ledger import Turn, down_share
from tests.fault_proxy.transport import Send

PERIOD_S = PERIOD_NS / 1e9
OUTCOME = flap_run.Outcome(
    *("x", 1, 0.5), made=10, delivered=10, dropped=0, unaccounted=0, differing=0, bodies=10,
    requests=11,
)  # fmt: skip


def test_retries_within_the_budget_are_none_too_many() -> None:
    """The reserve at once, one more per period, one more per so many new requests."""
    reserve = [Send(0, again=True)] * RESERVE
    assert flap_run.over_budget(reserve) == 0
    assert flap_run.over_budget([*reserve, Send(PERIOD_S, again=True)]) == 0
    new = [Send(0.0, again=False)] * NEW_PER_RETRY
    assert flap_run.over_budget([*reserve, *new, Send(0, again=True)]) == 0


@pytest.mark.parametrize("quiet_s", [0.0, 1000.0])
def test_retries_beyond_the_budget_are_found_wherever_they_are(quiet_s: float) -> None:
    """However long it was quiet before, no more than the reserve is saved."""
    sends = [Send(0, again=False), *[Send(quiet_s, again=True)] * (RESERVE + 3)]
    assert flap_run.over_budget(sends) == 3


def test_a_burst_is_of_the_second_after_a_recovery() -> None:
    """Retries later, or during the outage, are none; new requests never are."""
    turns = [Turn(0, Fault.NONE), Turn(5, Fault.BUSY), Turn(9, Fault.NONE)]
    times = (6, 9.1, 9.9, 10.1)
    sends = [Send(at_s, again) for at_s in times for again in (True, False)]
    assert flap_run.burst(sends, turns) == 2
    assert flap_run.burst(sends, []) == 0
    assert down_share(turns, 16) == 4 / 16


@pytest.mark.parametrize("field", ["dropped", "unaccounted", "differing", "over_budget"])
def test_whatever_is_promised_can_be_broken(field: str) -> None:
    """A drop, a wrong sum, a copy that differs, a retry too many; and a span that is gone."""
    assert not OUTCOME.broken
    broken: dict[str, Any] = {field: 1}
    assert OUTCOME._replace(**broken).broken
    assert OUTCOME._replace(delivered=9).broken
    assert OUTCOME._replace(delivered=9, dropped=1).lost == 0
    assert flap_run.requests_per_body([OUTCOME]) == 1.1
    assert flap_run.requests_per_body([]) == 0


def test_a_few_seconds_of_it() -> None:
    """Three agents, a collector that is down a third of the time: all arrives."""
    outcomes = flap_run.run([1, 2, 3], 2.5, up_s=(0.3, 0.6), down_s=(0.2, 0.3))
    assert [outcome.broken for outcome in outcomes] == [False] * 3, outcomes
    assert all(outcome.outages >= 2 for outcome in outcomes)
    assert len(flap.table(outcomes)) == 2 + 3
