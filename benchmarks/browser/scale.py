# SPDX-License-Identifier: MIT OR Apache-2.0
"""What more resources and more tabs cost, in Chromium.

.venv/bin/python benchmarks/browser/scale.py [--quick]

resources   after the page has fetched so many: from asking for a flush until the receiver has
            all of it; packing, Python's part and the transfer
tabs        so many pages of one origin, open at once, one runtime worker: from asking the last
            for a flush until the receiver has its spans
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from playwright.sync_api import Browser  # noqa: E402

from benchmarks.browser.host import launched  # noqa: E402
from benchmarks.browser.views import OURS, TallySite, page_of  # noqa: E402
from benchmarks.summary import line  # noqa: E402
from tests.browser.pages import html, tag  # noqa: E402

QUICK: Final = "--quick" in sys.argv
RUNS: Final = 1 if QUICK else 2
RESOURCES: Final = (1, 10, 100, 1_000) if QUICK else (1, 10, 100, 1_000, 5_000)
TABS: Final = (1, 5) if QUICK else (1, 2, 5, 10, 20)
LIMIT_MS: Final = 120_000
# One cacheable answer, asked for again and again: each is an entry of its own, and costs no server.
LOAD: Final = """async (count) => {
  let next = 0;
  const some = async () => {
    while (next < count) await (await fetch(`/many.json?n=${next++}`)).text();
  };
  await Promise.all(Array.from({ length: 16 }, some));
}"""
ROOM: Final = "performance.setResourceTimingBufferSize(10000)"
OPTIONS: Final = {"max_queue_size": "8192"}
LATE: Final = """async (attributes) => {
  const script = document.createElement("script");
  for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value);
  const loaded = new Promise((resolve) => { script.onload = resolve; });
  const started = performance.now();
  document.head.append(script);
  await loaded;
  await edgetrace.flush();
  return performance.now() - started;
}"""
FLUSH: Final = """async () => {
  const started = performance.now();
  await edgetrace.flush();
  return performance.now() - started;
}"""


def resources(browser: Browser, site: TallySite, count: int) -> float:
    """Milliseconds from the tag to the delivery of so many resources' spans."""
    context = browser.new_context()
    other = context.new_page()
    other.set_default_timeout(LIMIT_MS)
    other.goto(site.add("/first", html(tag(**OPTIONS))))
    other.evaluate(FLUSH)  # Python has started
    # The same attributes: pages of other settings have a runtime worker of their own.
    attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag(**OPTIONS)))
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    page.goto(site.add("/many", html("<script>" + ROOM + "</script>")))
    page.evaluate(LOAD, count)
    took = float(page.evaluate(LATE, attributes))
    exported = page.evaluate("edgetrace.counters()")["exported"]
    assert exported >= count, f"{exported} spans of {count} resources"
    context.close()
    return took


def tabs(browser: Browser, site: TallySite, count: int) -> float:
    """Milliseconds of the last of so many tabs' flush."""
    context = browser.new_context()
    url = page_of(site, OURS[0])
    for number in range(count):
        page = context.new_page()
        page.set_default_timeout(LIMIT_MS)
        page.goto(url)
        if number < count - 1:
            page.evaluate("edgetrace.flush()")
    if count == 1:  # not the start of Python, which the others do not pay
        page.evaluate("edgetrace.flush()")
        page.goto(url)
    took = float(page.evaluate(FLUSH))
    context.close()
    return took


def main() -> int:
    """Print a line per size."""
    site = TallySite()
    site.add("/many.json", "{}", content_type="application/json")
    with launched() as browser:
        for count in RESOURCES:
            taken = [resources(browser, site, count) for _ in range(RUNS)]
            line(f"resources: {count}", "ms", taken, host="chromium", size=count)
        for count in TABS:
            taken = [tabs(browser, site, count) for _ in range(RUNS)]
            line(f"tabs: {count}", "ms", taken, host="chromium", size=count)
    site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
