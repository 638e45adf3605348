# SPDX-License-Identifier: MIT OR Apache-2.0
"""The visitor leaves: whatever existed when the page was hidden or gone arrives all the same.

EDGETRACE_TRIALS=10 repeats each; the default keeps the suite short.
"""

from __future__ import annotations

import os

import pytest

from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab

TRIALS = int(os.environ.get("EDGETRACE_TRIALS", "1"))
COUNT = 60

# Goes away by itself that long after the load, as a visitor who clicks: no message of ours to wait
# for.
GO = "addEventListener('load', () => setTimeout(() => {{ location.href = '/next' }}, {delay}))"


@pytest.mark.parametrize("trial", range(TRIALS))
@pytest.mark.parametrize("delay_ms", [0, 100, 500, 2000])
def test_a_page_left_after_the_load_arrives_whole(
    tab: Tab, site: Site, delay_ms: int, trial: int
) -> None:
    """Left 0, 100, 500 or 2,000 ms after load, Python not running yet: all spans arrive, once."""
    site.add("/next", html())
    leave = f"<script>{GO.format(delay=delay_ms)}</script>"
    url = site.add("/", html(tag(), resources(COUNT) + leave))
    tab.page.goto(url, wait_until="commit")
    tab.page.wait_for_url("**/next")
    tab.wait_for(COUNT + 2)
    assert len(tab.spans("resourceFetch")) == COUNT
    assert len(tab.spans("documentLoad")) == len(tab.spans("documentFetch")) == 1


def test_a_closed_tab_arrives_whole(tab: Tab, site: Site) -> None:
    """The tab is closed right after the load; another one keeps the browser's profile alive."""
    url = site.add("/", html(tag(), resources(COUNT)))
    tab.page.context.new_page()
    tab.visit(url)
    tab.page.close()
    tab.wait_for(COUNT + 2)
    assert len(tab.spans("documentLoad")) == 1


def test_a_page_left_before_its_load_arrives_with_what_it_had(tab: Tab, site: Site) -> None:
    """One image never comes; the visitor goes. documentLoad ends at the last time known."""
    hanging = '<img src="/r/never.svg?wait=forever" alt="">'
    site.add("/next", html())
    tab.page.goto(site.add("/", html(tag(), resources(5) + hanging)), wait_until="commit")
    tab.page.wait_for_function("performance.getEntriesByType('resource').length >= 6")
    tab.page.goto(site.url + "/next")
    tab.wait_for(2 + 5)
    assert len(tab.spans("documentLoad")) == 1
    assert {span["trace_id"] for span in tab.spans()} == {tab.only("documentLoad")["trace_id"]}


def test_what_a_worker_that_never_started_was_told_comes_with_the_next_page_view(
    tab: Tab, site: Site
) -> None:
    """The worker's script is still on its way when the page is gone: the next page view says it."""
    worker = "/slow/worker.js?wait=script"
    site.add(
        "/slow/worker.js", 'import "/edgetrace/edgetrace-worker.js"', content_type="text/javascript"
    )
    # `unload` handlers keep a page out of the back/forward cache, where its worker would still
    # start.
    pin = "<script>addEventListener('unload', () => undefined)</script>"
    url = site.add("/", html(tag(worker_url=worker), resources(COUNT) + pin))
    tab.visit(url)
    site.add("/next", html(tag(worker_url=worker)))
    tab.page.goto(site.url + "/next", wait_until="commit")
    site.gate("script").set()
    tab.page.wait_for_load_state()
    tab.flush()
    assert len(tab.spans("resourceFetch")) == COUNT
    roots = {span["attributes"]["url.full"] for span in tab.spans("documentLoad")}
    assert roots == {url, site.url + "/next"}
    assert tab.page.evaluate("localStorage.length") == 0


def test_a_hidden_page_hands_over_and_goes_on(tab: Tab, site: Site) -> None:
    """Another tab comes to the front: spans are sent unasked; later entries still arrive."""
    tab.visit(site.add("/", html(tag(), resources(3))))
    tab.page.evaluate(
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))"
    )
    tab.wait_for(5)
    tab.page.evaluate("delete document.visibilityState")
    tab.page.evaluate("fetch('/r/late.json').then(answer => answer.text())")
    tab.flush()
    assert len(tab.spans("resourceFetch")) == 4
    assert len(tab.spans("documentLoad")) == 1
