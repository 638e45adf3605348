# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the script tag costs its page: main-thread time in agent.js, from Chromium's own trace.

    .venv/bin/python benchmarks/browser/page.py [--resources 60] [--runs 5]   after build.py bundle

    evaluate   compiling and running agent.js, until its first callback is due
    callbacks  observers, load, idle and timers: packing and handing over, the boot's messages
    longest    the longest single run of our code; a long task is 50 ms (W3C Long Tasks)
    load       loadEventEnd with the tag and without it, medians of alternating runs

Counted are runs of agent.js on the page's main thread, the outermost of nested ones, in CPU time of
that thread (a busy machine's waiting is not ours); what it causes elsewhere runs in a worker.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from collector.server import serve_in_thread  # noqa: E402
from tasks import chromium  # noqa: E402
from tests.browser.pages import html, resources, tag  # noqa: E402
from tests.browser.site import Site  # noqa: E402

CATEGORIES: Final = ["devtools.timeline", "disabled-by-default-v8.compile", "v8", "toplevel"]
EVALUATE: Final = {"EvaluateScript", "v8.compile"}
LONG_TASK_MS: Final = 50.0


class Cost(NamedTuple):
    """Milliseconds of one page view."""

    evaluate: float
    callbacks: float
    longest: float
    long_tasks: int
    load: float

    @property
    def total(self) -> float:
        """All of our main-thread time."""
        return self.evaluate + self.callbacks


def _url(event: dict[str, Any]) -> str:
    data = event.get("args", {}).get("data", {})
    return str(data.get("url") or data.get("scriptName") or event.get("args", {}).get("fileName"))


def _own(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The outermost complete events about agent.js on main threads."""
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    end: dict[tuple[int, int], float] = {}
    ours = (
        event
        for event in events
        if event.get("ph") == "X"
        and (event["pid"], event["tid"]) in main
        and "/agent.js" in _url(event)
    )
    for event in sorted(ours, key=lambda event: (event["ts"], -event.get("dur", 0))):
        thread = event["pid"], event["tid"]
        if event["ts"] >= end.get(thread, 0):
            end[thread] = event["ts"] + event.get("dur", 0)
            yield event


def _cpu_us(event: dict[str, Any]) -> float:
    return float(event.get("tdur", event.get("dur", 0)))


def _tasks_with(events: list[dict[str, Any]], own: list[dict[str, Any]]) -> int:
    """Long tasks of the main thread in which our code takes at least half the time."""
    count = 0
    for task in events:
        if task.get("name") != "RunTask" or task.get("dur", 0) < LONG_TASK_MS * 1000:
            continue
        inside = [
            event.get("dur", 0)
            for event in own
            if (event["pid"], event["tid"]) == (task["pid"], task["tid"])
            and task["ts"] <= event["ts"] < task["ts"] + task["dur"]
        ]
        count += sum(inside) * 2 >= task["dur"]
    return count


def _visit(browser: Browser, url: str, with_agent: bool) -> Cost:
    context = browser.new_context()
    page = context.new_page()
    browser.start_tracing(page=page, categories=CATEGORIES)
    page.goto(url)
    if with_agent:
        page.evaluate("edgetrace.flush()")
    load = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    context.close()
    own = list(_own(events))
    spent = [(event["name"] in EVALUATE, _cpu_us(event) / 1000) for event in own]
    return Cost(
        evaluate=sum(ms for evaluates, ms in spent if evaluates),
        callbacks=sum(ms for evaluates, ms in spent if not evaluates),
        longest=max((ms for _, ms in spent), default=0.0),
        long_tasks=_tasks_with(events, own),
        load=load,
    )


def main() -> int:
    """Print one line per run, and the medians."""
    parser = argparse.ArgumentParser(description="Main-thread cost of the script tag, from traces.")
    parser.add_argument("--resources", type=int, default=60, metavar="N")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    given = parser.parse_args()
    with serve_in_thread() as collector, sync_playwright() as playwright:
        site = Site(collector.url)
        body = resources(given.resources)
        traced = site.add("/traced", html(tag(), body))
        plain = site.add("/plain", html("", body))
        browser = playwright.chromium.launch(
            executable_path=chromium.path(),
            args=[flag for flag in chromium.FLAGS if flag != "--headless"],
        )
        _visit(browser, traced, True)  # the first one warms the browser up
        costs, loads = [], []
        for _ in range(given.runs):
            loads.append(_visit(browser, plain, False).load)
            costs.append(_visit(browser, traced, True))
            one = costs[-1]
            print(
                f"evaluate {one.evaluate:5.2f} ms  callbacks {one.callbacks:5.2f} ms  "
                f"total {one.total:5.2f} ms  longest {one.longest:5.2f} ms  "
                f"long tasks {one.long_tasks}  load {one.load:6.1f} ms (without {loads[-1]:6.1f})"
            )
        browser.close()
        site.close()
    total = statistics.median(cost.total for cost in costs)
    load = statistics.median(cost.load for cost in costs)
    print(
        f"{given.resources} resources, median of {given.runs}: {total:.2f} ms of main thread, "
        f"load event {load:.1f} ms with the tag, {statistics.median(loads):.1f} ms without"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
