# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py flap` counts what it says: retries beyond the budget, bursts, time that was down.

The last test is the real thing, short: the agent on CPython, a proxy, a collector.
"""

from __future__ import annotations

from typing import Any

import pytest

from tasks import flap, flap_run
from tests.fault_proxy.faults import Fault
from tests.fault_proxy.ledger import Turn, down_share
from tests.fault_proxy.transport import Send

OUTCOME = flap_run.Outcome(
    *("x", 1, 0.5), made=10, delivered=10, dropped=0, unaccounted=0, differing=0, bodies=10,
    requests=11,
)  # fmt: skip


def tries(count: int, at_s: float = 0) -> list[Send]:
    """So many while nobody answers."""
    return [Send(at_s, again=True, blind=True)] * count


def test_tries_within_the_budget_are_none_too_many() -> None:
    """Some at once, one more per period, one more per so many new requests; others are free."""
    some = tries(flap_run.AT_ONCE)
    assert flap_run.over_budget(some) == 0
    assert flap_run.over_budget([*some, *tries(1, flap_run.PERIOD_S)]) == 0
    new = [Send(0.0, again=False)] * flap_run.NEW_PER_TRY
    assert flap_run.over_budget([*some, *new, *tries(1)]) == 0
    assert flap_run.over_budget([*some, *[Send(0, again=True)] * 9]) == 0


@pytest.mark.parametrize("quiet_s", [0.0, 1000.0])
def test_tries_beyond_the_budget_are_found_wherever_they_are(quiet_s: float) -> None:
    """However long it was quiet before, no more than the reserve is saved."""
    sends = [Send(0, again=False), *tries(flap_run.AT_ONCE + 3, quiet_s)]
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
    outcomes = flap_run.run([1, 2, 3], flap_run.Weather(2.5, 20, (0.3, 0.6), (0.2, 0.3)))
    assert [outcome.broken for outcome in outcomes] == [False] * 3, outcomes
    assert all(outcome.outages >= 2 for outcome in outcomes)
    assert len(flap.table(outcomes)) == 2 + 3


def test_an_exporter_that_storms_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: no backoff, and tries that cost nothing. All arrives, and it is broken."""
    monkeypatch.setattr("edgetrace._outbox.backoff_ns", lambda *_: 0)
    monkeypatch.setattr("edgetrace._budget.RetryBudget.spend", lambda *_: None)
    outcomes = flap_run.run([1, 2, 3], flap_run.Weather(1.5, 20, (0.2, 0.3), (0.5, 0.6)))
    assert sum(outcome.over_budget for outcome in outcomes) > 10
    assert flap_run.requests_per_body(outcomes) > flap_run.REQUESTS_PER_BODY
    assert all(outcome.broken == bool(outcome.over_budget) for outcome in outcomes)
