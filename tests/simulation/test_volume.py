# SPDX-License-Identifier: MIT OR Apache-2.0
"""20,000 page views whose network, collector, storage and processes fail as a seed has it."""

from __future__ import annotations

from tests.simulation import volume
from tests.simulation.draw import PAGES, simulate

FIRST_SEED = 1
WORLDS = 20_000 // PAGES


def test_nothing_reported_is_lost_without_a_cause() -> None:
    """In 1,000 worlds of 20 page views each all that was reported arrives, or its loss is counted,
    and what comes twice is the same bytes."""
    print(f"seeds {FIRST_SEED} to {FIRST_SEED + WORLDS - 1}")
    total = volume.run(FIRST_SEED, WORLDS)
    told = [f"{volume.replay(one.seed)}\n{one.message[:2_000]}" for one in total.failures[:3]]
    assert not total.failures, "\n".join([f"{len(total.failures)} worlds failed", *told])
    outcome = total.outcome
    print(outcome)
    # A simulation in which nothing goes wrong, or nothing goes well, shows nothing.
    assert outcome.duplicates > outcome.pages
    assert outcome.excused < outcome.lost < outcome.arrived * 0.2
    assert outcome.requests > outcome.pages


def test_a_seed_decides_everything() -> None:
    """The same seed is the same life, to the last step: a failure can be shown again."""
    for seed in range(2, 8):
        assert simulate(seed) == simulate(seed)
