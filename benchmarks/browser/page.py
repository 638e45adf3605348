# SPDX-License-Identifier: MIT OR Apache-2.0
"""What tracing costs its page: main-thread time, long tasks, delay of the load event, by party.

    .venv/bin/python benchmarks/browser/page.py [--quick] [--runs 4] [--resources 60]

A page without tracing takes its turn too; the delay of the load event is against it, run by run.
Chromium throttles the processor, 1 and 4 times, as its developer tools do for a slow phone.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from playwright.sync_api import Browser  # noqa: E402

from benchmarks.browser.host import launched  # noqa: E402
from benchmarks.browser.main_thread import CATEGORIES, Cost, cost  # noqa: E402
from benchmarks.browser.views import NONE, OURS, Party, TallySite, page_of, peers, settle  # noqa: E402
from benchmarks.summary import line  # noqa: E402

THROTTLES: Final = (1, 4)
LOADED: Final = "performance.getEntriesByType('navigation')[0].loadEventEnd"


class View(NamedTuple):
    """One page view: what the script cost, and when the load event had ended, ms."""

    cost: Cost
    load: float


def view(browser: Browser, site: TallySite, party: Party, throttle: int, resources: int) -> View:
    """Trace one view in a fresh profile."""
    url = page_of(site, party, resources)
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.add("/blank", ""))  # throttling belongs to a renderer, and this is the site's
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    site.forget()
    browser.start_tracing(page=page, categories=CATEGORIES)
    page.goto(url)
    page.wait_for_function(f"{LOADED} > 0")
    settle(page, site, party)
    load = float(page.evaluate(LOADED))
    events = json.loads(browser.stop_tracing())["traceEvents"]
    context.close()
    return View(cost(events, party.script), load)


def show(party: Party, throttle: int, name: str, values: list[float], **facts: Any) -> None:
    """Print one line of ms."""
    case = f"{name}, {throttle}x" + (f", {party.case}" if party.case else "")
    line(case, "ms", values, who=party.who, host="chromium", **facts)


def main() -> int:
    """Print the lines of every party at every throttle."""
    parser = argparse.ArgumentParser(description="What tracing costs its page's main thread.")
    parser.add_argument("--resources", type=int, default=60, metavar="N")
    parser.add_argument("--runs", type=int, default=4, metavar="N")
    parser.add_argument("--quick", action="store_true", help="two runs")
    given = parser.parse_args()
    runs = 2 if given.quick else given.runs
    parties = [NONE, OURS[0], OURS[-1], *peers()]
    site = TallySite()
    with launched() as browser:
        view(browser, site, OURS[0], 1, given.resources)  # the first one warms the browser up
        for throttle in THROTTLES:
            views: dict[Party, list[View]] = {party: [] for party in parties}
            for run in range(runs):
                for party in parties[run % len(parties) :] + parties[: run % len(parties)]:
                    views[party].append(view(browser, site, party, throttle, given.resources))
            plain = [one.load for one in views[NONE]]
            show(NONE, throttle, "load event", plain)
            for party in parties[1:]:
                costs = [one.cost for one in views[party]]
                show(
                    party,
                    throttle,
                    "main thread",
                    [one.total for one in costs],
                    evaluate_ms=round(median(one.evaluate for one in costs), 2),
                    callbacks_ms=round(median(one.callbacks for one in costs), 2),
                    longest_ms=round(median(one.longest for one in costs), 2),
                    long_tasks=sum(one.long_tasks for one in costs),
                )
                loads = [one.load for one in views[party]]
                show(party, throttle, "load event", loads)
                delays = [with_it - bare for with_it, bare in zip(loads, plain, strict=True)]
                show(party, throttle, "load event delay", delays)
    site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
