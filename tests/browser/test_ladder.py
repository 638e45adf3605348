# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/delivery.md's table, its most telling cells; `build.py ladder` measures all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from collector.server import Collector
from tasks.ladder_cells import DEDICATED, ENDS, RUNGS, promised
from tasks.ladder_trial import Trials
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab

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


def test_a_request_that_nobody_took_is_sent_by_the_next_page_view(tab: Tab, site: Site) -> None:
    """The endpoint is down while a page with a worker of its own lives: what the worker had made is
    sent when it is up, byte for byte, and nothing is left in storage."""
    options = {"debug_capabilities": DEDICATED}
    site.broken.add("/v1/traces")
    url = site.add("/", html(tag(**options), resources(3)))
    tab.visit(url)
    counters = tab.flush()
    assert (counters["held_requests"] >= 1, counters["held_messages"]) == (True, 0)
    tab.visit(site.add("/between", html()))
    kept = tab.page.evaluate("Object.values(localStorage).join()")
    assert '"kind":"otlp"' in kept
    assert "resourceFetch" not in kept
    site.broken.clear()
    tab.visit(site.add("/next", html(tag(**options))))
    assert tab.flush()["adopted"] == 5
    tab.wait_for(5 + 2)
    assert len(tab.spans()) == 7
    tab.page.wait_for_function("localStorage.length == 0")
