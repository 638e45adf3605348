# SPDX-License-Identifier: MIT OR Apache-2.0
"""The visitor leaves, and the worker ends with its page: after the next view all is there.

These are promises, whatever keeps them: what the browser had reported arrives, once per span id,
in its own trace and with its own times.
"""

from __future__ import annotations

import pytest

from collector.records import SpanRecord
from collector.store import Store
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab
from tests.browser.test_leaving import GO

COUNT = 60


def _view(spans: list[SpanRecord], url: str) -> list[SpanRecord]:
    """The spans of the one view of that address, each once."""
    of_url = [span for span in spans if span["attributes"].get("url.full") == url]
    trace_ids = {span["trace_id"] for span in of_url if span["name"] == "documentLoad"}
    return list({s["span_id"]: s for s in spans if s["trace_id"] in trace_ids}.values())


def _arrived(tab: Tab, url: str, resources: int) -> None:
    """Wait until that view and the next have come, and look that it is whole, and is one."""

    def there(store: Store) -> bool:
        roots = [span for span in store.spans() if span["name"] == "documentLoad"]
        return len(_view(store.spans(), url)) >= resources + 2 and len(roots) > 1

    tab.store.wait_for(there, 60)
    spans = _view(tab.spans(), url)
    names = [span["name"] for span in spans]
    assert names.count("documentLoad") == names.count("documentFetch") == 1
    assert len({span["trace_id"] for span in spans}) == 1
    fetched = [span["attributes"]["url.full"] for span in spans if span["name"] == "resourceFetch"]
    assert sorted(fetched) == sorted(set(fetched))
    assert sum("/r/" in url and "never" not in url for url in fetched) == resources
    (after,) = [s for s in tab.spans("documentLoad") if s["attributes"]["url.full"] != url]
    assert all(span["start_unix_nano"] < after["start_unix_nano"] for span in spans)


@pytest.mark.parametrize("delay_ms", [0, 1000])
def test_a_page_left_after_its_load_is_whole_after_the_next_view(
    tab: Tab, site: Site, delay_ms: int
) -> None:
    """Left 0 or 1,000 ms after load, Python not running yet."""
    site.add("/next", html(tag()))
    leave = f"<script>{GO.format(delay=delay_ms)}</script>"
    url = site.add("/", html(tag(), resources(COUNT) + leave))
    tab.page.goto(url, wait_until="commit")
    tab.page.wait_for_url("**/next")
    tab.flush()
    _arrived(tab, url, COUNT)


def test_a_page_left_before_its_load_is_there_after_the_next_view(tab: Tab, site: Site) -> None:
    """One image never comes; the visitor goes: what had been reported by then arrives."""
    hanging = '<img src="/r/never.svg?wait=forever" alt="">'
    site.add("/next", html(tag()))
    url = site.add("/", html(tag(), resources(5) + hanging))
    tab.page.goto(url, wait_until="commit")
    # The agent's own script is the sixth.
    tab.page.wait_for_function("performance.getEntriesByType('resource').length >= 6")
    tab.page.goto(site.url + "/next")
    site.gate("forever").set()
    tab.flush()
    _arrived(tab, url, 5)


def test_a_closed_tab_is_whole_after_the_next_view(tab: Tab, site: Site) -> None:
    """Closed right after its load, with all other pages of the site long gone."""
    other = tab.page.context.new_page()
    url = site.add("/", html(tag(), resources(COUNT)))
    tab.visit(url)
    tab.page.close()
    site.add("/next", html(tag()))
    other.goto(site.url + "/next")
    other.evaluate("edgetrace.flush()")
    _arrived(tab, url, COUNT)


def test_a_collector_that_was_down_has_all_after_the_next_view(tab: Tab, site: Site) -> None:
    """The endpoint breaks every connection until the page is gone."""
    site.broken.add("/v1/traces")
    url = site.add("/", html(tag(), resources(5)))
    tab.visit(url)
    tab.flush()
    site.add("/next", html(tag()))
    tab.page.goto(site.url + "/next", wait_until="commit")
    site.broken.clear()
    tab.page.wait_for_load_state()
    tab.flush()
    _arrived(tab, url, 5)
