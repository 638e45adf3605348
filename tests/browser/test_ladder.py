# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/delivery.md's table, its most telling cells; `build.py ladder` measures all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from collector.server import Collector
from tasks.ladder_cells import ENDS, RUNGS, promised
from tasks.ladder_trial import Trials

CELLS = (
    *(("extended", "dcl"), ("extended", "worker"), ("shared", "close"), ("dedicated", "dcl")),
    *(("keepalive", "load"), ("storage", "frozen"), ("dedicated", "killed")),
)


@pytest.fixture(scope="module")
def trials(browser: Browser, _collector: Collector) -> Iterator[Trials]:
    """Two origins, with preflights of 100 ms between them."""
    running = Trials(browser, _collector)
    yield running
    running.close()


@pytest.mark.parametrize(("rung", "end"), CELLS)
def test_nothing_that_the_browser_had_reported_is_lost(trials: Trials, rung: str, end: str) -> None:
    """60 resources, a page that ends, the next page view: all spans are there, alike if twice."""
    (on,) = [one for one in RUNGS if one.name == rung]
    (by,) = [one for one in ENDS if one.name == end]
    outcome = trials.run(on, by)
    assert outcome.delivered == outcome.reported >= 2
    assert outcome.differing == 0


def test_the_table_promises_what_can_be_kept() -> None:
    """Where there is no storage, or no word that the page ends, no number stands."""
    assert {rung.name for rung in RUNGS if not any(promised(rung, end) for end in ENDS)} == {
        "no-storage",
        "no-wasm",
    }
    assert all(promised(RUNGS[0], end) for end in ENDS if end.told)
