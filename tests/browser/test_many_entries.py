# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pages of no and of thousands of resources: nothing is lost, and the counters add up."""

from __future__ import annotations

import pytest

from tests.browser.pages import html, tag
from tests.browser.site import Site
from tests.browser.tab import Tab

# One cacheable answer, asked for again and again: each is an entry of its own, and costs no server.
LOAD = """async ([count, from]) => {
  let next = 0;
  const worker = async () => {
    while (next < count) await (await fetch(`/many.json?n=${from + next++}`)).text();
  };
  await Promise.all(Array.from({ length: 24 }, worker));
}"""


def _load(tab: Tab, count: int, first: int = 0) -> None:
    tab.page.evaluate(LOAD, [count, first])


@pytest.mark.parametrize("count", [0, 1, 250, 1000, 3000])
def test_every_resource_arrives(tab: Tab, site: Site, count: int) -> None:
    """As many resourceFetch spans as resources, beyond the browser's buffer of 250 entries."""
    site.add("/many.json", "{}", content_type="application/json")
    script = f"<script>window.done = ({LOAD})([{count}, 0])</script>"
    tab.visit(site.add("/", html(tag(kind="", url_query="keep") + script)))
    tab.page.evaluate("window.done")
    counters = tab.flush()
    assert len({span["attributes"]["url.full"] for span in tab.spans("resourceFetch")}) == count
    assert counters["exported"] == count + 2
    assert counters["ended"] == counters["exported"]
    assert counters["view_entries"] >= counters["seen"] >= count
    assert counters["view_malformed"] == counters["view_strays"] == 0


def test_ten_thousand_entries_after_the_load(tab: Tab, site: Site) -> None:
    """What a page left open for an hour fetches: all of it arrives, and memory stays flat."""
    site.add("/many.json", "{}", content_type="application/json")
    tab.visit(site.add("/", html(tag(url_query="keep"))))
    tab.flush()
    heap = []
    for first in range(0, 10_000, 2_500):
        _load(tab, 2_500, first)
        assert tab.flush()["exported"] == first + 2_500 + 2
        tab.page.evaluate("performance.clearResourceTimings()")
        tab.page.request_gc()
        heap.append(tab.page.evaluate("performance.memory.usedJSHeapSize"))
    assert len(tab.spans("resourceFetch")) == 10_000
    # Flat: the last three quarters of the entries leave less behind than 100 bytes each.
    assert heap[-1] - heap[0] < 750_000
