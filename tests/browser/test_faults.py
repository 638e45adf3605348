# SPDX-License-Identifier: MIT OR Apache-2.0
"""Everything that a network can do to a page's spans: none is lost, what comes twice is the same.

A page of one origin, a collector of another, real sockets between them, and a proxy that breaks
them. One page view for all: what a long-lived page meets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from collector.server import Collector, serve_in_thread
from tests.browser.pages import html, tag
from tests.browser.site import Site
from tests.browser.tab import Tab
from tests.fault_proxy.conservation import left, lost, unaccounted
from tests.fault_proxy.faults import HONEST, Fault, Phase, drawn
from tests.fault_proxy.proxy import FaultProxy

OPTIONS: Final = {
    "url_query": "keep",
    "timeout_ms": "800",  # a black hole is given up after that
    "schedule_delay_ms": "50",
    "export_timeout_ms": "700",  # a flush tries at once: many short ones wait for no backoff
}
FLUSHES: Final = 60
LOAD: Final = """async ([first, count]) => {
  for (let n = first; n < first + count; n++) await (await fetch(`/many.json?n=${n}`)).text();
}"""


class Visit:
    """One page view, what it made and what has come of it."""

    def __init__(self, tab: Tab, collector: Collector, proxy: FaultProxy) -> None:
        self.tab, self.collector, self.proxy = tab, collector, proxy
        self.fetched = 0

    def fetch(self, count: int) -> None:
        """So many more resources, each with a name of its own."""
        self.tab.page.evaluate(LOAD, [self.fetched, count])
        self.fetched += count

    def flushed(self) -> dict[str, Any]:
        """Counters once nothing is left, or when patience ends."""
        counters = self.tab.flush()
        for _ in range(FLUSHES):
            if left(counters):
                counters = self.tab.flush()
        return counters

    def settle(self) -> dict[str, Any]:
        """Flush until nothing is left, and hold all accounts against each other."""
        counters = self.flushed()
        assert left(counters) == unaccounted(counters) == lost(counters) == 0, counters
        found = self.collector.store.wait_for(
            lambda store: store.spans() if store.span_count >= counters["exported"] else []
        )
        fetched = [span for span in found if span["name"] == "resourceFetch"]
        assert len({span["attributes"]["url.full"] for span in fetched}) == self.fetched
        assert len(found) == counters["exported"] == self.fetched + 2
        assert self.proxy.ledger.copies_that_differ() == set()
        return counters


@contextmanager
def visited(browser: Browser, **options: str) -> Iterator[Visit]:
    """A page whose spans go through a proxy, Python running, its first spans delivered."""
    context = browser.new_context()
    with serve_in_thread() as collector, FaultProxy(collector.url) as proxy:
        site = Site(collector.url)
        site.add("/many.json", "{}", content_type="application/json")
        tab = Tab(context.new_page(), collector.store)
        tab.visit(site.add("/", html(tag(endpoint=proxy.endpoint, **OPTIONS, **options))))
        visit = Visit(tab, collector, proxy)
        visit.settle()
        yield visit
        context.close()
        site.close()


@pytest.fixture(scope="module")
def visit(browser: Browser) -> Iterator[Visit]:
    """The page view that meets one fault after the other."""
    with visited(browser) as visit:
        yield visit


@pytest.mark.parametrize("fault", [fault for fault in HONEST if fault is not Fault.REFUSE])
def test_each_fault_once(visit: Visit, fault: Fault) -> None:
    """All spans arrive; whatever left no answer was sent again, and the same if it came twice."""
    before = visit.tab.counters()
    visit.proxy.meet(fault)
    visit.fetch(3)
    visit.tab.flush()
    visit.proxy.ledger.wait_for(lambda ledger: ledger.met(fault))
    counters = visit.settle()
    # Chromium itself sends again what failed on a connection that had been used before.
    again = counters["retries"] - before["retries"], visit.proxy.ledger.repeats()
    assert any(again) or fault.answered or fault is Fault.CUT_REQUEST
    visit.proxy.ledger.clear()


def test_refused_connections(visit: Visit) -> None:
    """Nobody listens for a while: the counters say so, and everything arrives afterwards."""
    visit.proxy.be(Fault.REFUSE)
    visit.fetch(3)
    retries = visit.tab.counters()["retries"]
    visit.tab.page.evaluate("window.flushed = edgetrace.flush(), 0")
    visit.tab.page.wait_for_function(
        "async (retries) => (await edgetrace.counters()).retries > retries", arg=retries
    )
    assert visit.tab.counters()["last_error"].startswith("TransportError")
    visit.proxy.be(Fault.NONE)
    visit.settle()


def test_a_collector_that_flaps(visit: Visit) -> None:
    """Up and down four times, down in another way each time, while the page goes on: no loss."""
    kinds = (Fault.CUT_HEAD, Fault.REFUSE, Fault.BUSY, Fault.CLOSED)
    visit.proxy.flap(Phase(0.4, fault) for kind in kinds for fault in (kind, Fault.NONE))
    turns = len(visit.proxy.ledger.turns)
    for _ in range(4 * len(kinds)):
        visit.fetch(25)
    visit.proxy.ledger.wait_for(lambda ledger: len(ledger.turns) >= turns + 2 * len(kinds))
    visit.settle()


def test_a_network_where_a_third_goes_wrong(visit: Visit) -> None:
    """Faults of all kinds at random, seeded: no loss, and the console is silent throughout."""
    visit.proxy.plan = drawn(4, 1 / 3, [f for f in HONEST if f is not Fault.BLACKHOLE])
    for _ in range(8):
        visit.fetch(25)
        visit.tab.page.evaluate("window.flushed = edgetrace.flush(), 0")
    visit.settle()
    visit.proxy.meet()
    assert visit.tab.said == []
    assert visit.tab.faults == []


def test_an_outage_beyond_the_bounds_is_counted(browser: Browser) -> None:
    """More spans than may wait: what has no room is counted as such, all others arrive."""
    count = 300
    with visited(browser, max_queue_size="32") as visit:
        visit.proxy.be(Fault.REFUSE)
        visit.tab.page.evaluate(
            "(count) => { for (let n = 0; n < count; n++) edgetrace.span(`s${n}`).end() }", count
        )
        visit.tab.page.evaluate("window.flushed = edgetrace.flush(), 0")
        visit.tab.page.wait_for_function("async () => (await edgetrace.counters()).last_error")
        visit.proxy.be(Fault.NONE)
        counters = visit.flushed()
        assert left(counters) == unaccounted(counters) == 0, counters
        assert counters["ended"] == count + 2
        assert lost(counters) == counters["dropped_queue_full"] > 0
        found = visit.collector.store.wait_for(
            lambda store: store.spans() if store.span_count >= counters["exported"] else []
        )
        assert len(found) == counters["exported"] == count + 2 - lost(counters)
