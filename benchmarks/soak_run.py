# SPDX-License-Identifier: MIT OR Apache-2.0
"""A soak: tabs of one profile make entries for a long time while their collector comes and goes.

    3 pages ── shared worker, Python ── FaultProxy, flapping ── collector

Every entry has a name of its own (`/many.json?tab=1&n=42`), so what is missing at the end can be
named. Judges nothing: see `soak_judge`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from benchmarks.soak_judge import Record, Sample
from benchmarks.soak_plants import PLANTS, Plant
from benchmarks.soak_probe import PROBE, Probe
from collector.server import Collector, serve_in_thread
from tasks.paths import DIST
from tests.browser.pages import html, tag
from tests.browser.site import Site
from tests.fault_proxy.conservation import left
from tests.fault_proxy.faults import Fault, phases
from tests.fault_proxy.ledger import down_share
from tests.fault_proxy.proxy import FaultProxy

TABS: Final = 3
OPTIONS: Final = {
    "url_query": "keep",
    "timeout_ms": "2000",
    "schedule_delay_ms": "1000",
    "export_timeout_ms": "10000",
}
# The browser's own list of entries is emptied, as a page of this kind does; observers have them.
LOAD: Final = """async ([tab, first, count]) => {
  let next = first;
  const some = async () => {
    while (next < first + count) await (await fetch(`/many.json?tab=${tab}&n=${next++}`)).text();
  };
  await Promise.all(Array.from({ length: 8 }, some));
  performance.clearResourceTimings();
}"""
SETTLE_S: Final = 150.0
VIEW_SPANS: Final = 2
"""documentLoad and documentFetch."""
LIMIT_MS: Final = 120_000


class Plan(NamedTuple):
    """How long, how much, how bad.

    Attributes:
        seconds: Of flapping.
        entries: Of each tab.
        samples: Looks at memory.
        up_s: Shortest and longest time that the collector is up.
        down_s: Likewise down.
        seed: Of the flapping.
        plants: Keys of `PLANTS`.
    """

    seconds: float
    entries: int
    samples: int
    up_s: tuple[float, float]
    down_s: tuple[float, float]
    seed: int = 1
    plants: Sequence[str] = ()


def soak(
    browser: Browser, plan: Plan, on_sample: Callable[[Sample], None] = lambda _: None
) -> Record:
    """Run it; the browser is used for nothing else meanwhile."""
    plants = [PLANTS[name] for name in plan.plants]
    with serve_in_thread() as collector, FaultProxy(collector.url) as proxy:
        site = _site(collector, plants)
        for plant in plants:
            proxy.plan = plant.plan() or proxy.plan
        context = browser.new_context()
        context.set_default_timeout(LIMIT_MS)
        try:
            pages = _pages(context, site, proxy, plants)
            probe = Probe(browser, pages)
            began = time.monotonic()
            proxy.flap(phases(plan.seed, plan.up_s, plan.down_s))
            samples = _flapping(plan, pages, probe, on_sample)
            turns, until_s = proxy.ledger.turns[1:], time.monotonic()
            proxy.calm()
            counters = _settled(pages)
            took_s = time.monotonic() - began
            samples.append(_look(pages[0], probe, plan.entries * TABS, took_s))
            record = _record(plan, samples, counters, collector, proxy)
            outages = sum(turn.fault is not Fault.NONE for turn in turns)
            return replace(record, outages=outages, down=down_share(turns, until_s))
        finally:
            context.close()
            site.close()


def _site(collector: Collector, plants: Sequence[Plant]) -> Site:
    site = Site(collector.url)
    site.add("/many.json", "{}", content_type="application/json")
    worker = (DIST / "edgetrace-worker.js").read_text(encoding="utf-8")
    before = PROBE + "".join(f"{{{plant.worker}}}" for plant in plants if plant.worker)
    site.add("/edgetrace/edgetrace-worker.js", before + worker, content_type="text/javascript")
    return site


def _pages(context: Any, site: Site, proxy: FaultProxy, plants: Sequence[Plant]) -> list[Page]:
    for plant in plants:
        if plant.page:
            context.add_init_script(f"{{{plant.page}}}")
    url = site.add("/", html(tag(endpoint=proxy.endpoint, **OPTIONS)))
    pages: list[Page] = [context.new_page() for _ in range(TABS)]
    for page in pages:
        page.goto(url)
        page.evaluate("edgetrace.flush()")  # Python runs
    return pages


def _flapping(
    plan: Plan, pages: Sequence[Page], probe: Probe, on_sample: Callable[[Sample], None]
) -> list[Sample]:
    began = time.monotonic()
    ticks = max(plan.samples, min(round(plan.seconds / 2), plan.entries // 10))
    samples: list[Sample] = []
    done = 0
    for tick in range(1, ticks + 1):
        until = plan.entries * tick // ticks
        for tab, page in enumerate(pages):
            page.evaluate(LOAD, [tab, done, until - done])
        done = until
        at_s = time.monotonic() - began
        if tick * plan.samples // ticks > len(samples):
            samples.append(_look(pages[0], probe, done * TABS, at_s))
            on_sample(samples[-1])
        rest_s = began + plan.seconds * tick / ticks - time.monotonic()
        if rest_s > 0:
            pages[0].wait_for_timeout(rest_s * 1000)
    return samples


def _look(page: Page, probe: Probe, entries: int, at_s: float) -> Sample:
    counters = page.evaluate("edgetrace.counters()")
    return Sample(round(at_s, 1), entries, left(counters), probe.read())


def _settled(pages: Sequence[Page]) -> dict[str, Any]:
    """Counters once nothing is on its way, or when patience ends."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        for page in pages:
            page.evaluate("edgetrace.flush()")
        counters: dict[str, Any] = pages[0].evaluate("edgetrace.counters()")
        if not left(counters) or time.monotonic() > deadline:
            return counters


def _record(
    plan: Plan,
    samples: list[Sample],
    counters: dict[str, Any],
    collector: Collector,
    proxy: FaultProxy,
) -> Record:
    spans = collector.store.spans()
    asked = [urlsplit(span["attributes"].get("url.full", "")) for span in spans]
    came = {url.query for url in asked if url.path == "/many.json"}
    wanted = [f"tab={tab}&n={n}" for tab in range(TABS) for n in range(plan.entries)]
    exchanges = proxy.ledger.exchanges
    return Record(
        samples=samples,
        counters=counters,
        made=len(wanted) + TABS * VIEW_SPANS,
        delivered=len(spans),
        missing=[name for name in wanted if name not in came],
        differing=len(proxy.ledger.copies_that_differ()),
        posts=max(len(exchanges), int(counters["requests"])),
        bodies=int(counters["requests"]) - int(counters["retries"]),
    )
