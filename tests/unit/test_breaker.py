# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_breaker`: the circuit moves by the table alone, and docs/architecture.md prints it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgetrace import _breaker
from edgetrace._breaker import MAX_IN_FLIGHT, TRANSITIONS, Breaker, Circuit, News

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("state", Circuit)
@pytest.mark.parametrize("news", News)
def test_only_what_the_table_has_may_happen(state: Circuit, news: News) -> None:
    """A pair outside of it is a bug of ours, and raises."""
    breaker = Breaker()
    breaker.state = state
    if (state, news) in TRANSITIONS:
        breaker.learn(news)
        assert breaker.state is TRANSITIONS[state, news]
    else:
        with pytest.raises(KeyError):
            breaker.learn(news)


def test_four_that_fail_together_are_one_failure() -> None:
    """Failures in a row are those of probes, so that the backoff grows with the outage alone."""
    breaker = Breaker()
    for _ in range(4):
        breaker.learn(News.FAILED)
    assert (breaker.failures, breaker.window) == (1, 1)
    for failures in (2, 3):
        breaker.learn(News.PROBE)
        breaker.learn(News.FAILED)
        assert breaker.failures == failures


def test_the_window_opens_by_one_an_answer() -> None:
    """From one while the circuit is open, to four."""
    breaker = Breaker()
    assert breaker.window == MAX_IN_FLIGHT
    breaker.learn(News.FAILED)
    breaker.learn(News.PROBE)
    windows = []
    for _ in range(4):
        breaker.learn(News.ANSWERED)
        windows.append(breaker.window)
    assert windows == [2, 3, 4, 4]
    assert breaker.failures == 0


def test_the_table_is_the_one_that_is_documented() -> None:
    """The code, the module's docstring and docs/architecture.md print one table."""
    table = [(state.name, news.value, TRANSITIONS[state, news].name) for state, news in TRANSITIONS]
    line = re.compile(r"^    ([A-Z_]+) +([a-z]+) +-> ([A-Z_]+) +(\S.*)$", re.MULTILINE)
    told = line.findall(_breaker.__doc__ or "")
    assert [row[:3] for row in told] == table
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    printed = re.findall(r"^\| ([A-Z_]+) \| ([a-z]+) \| ([A-Z_]+) \| (.*) \|$", text, re.MULTILINE)
    circuits = [row for row in printed if row[0] in Circuit.__members__]
    assert circuits == told
