# SPDX-License-Identifier: MIT OR Apache-2.0
"""A page load becomes one trace: the built script tag in Chromium, read back from the collector."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from collector.records import SpanRecord
from tasks.ladder_cells import DEDICATED
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab

COUNT = 60
TOLERANCE_NS = 1_000_000
"""1 ms: what the product promises; entries themselves are rounded to 0.1 ms."""


def _near(actual_unix_nano: int, origin_ms: float, entry_ms: float) -> bool:
    return abs(actual_unix_nano - (origin_ms + entry_ms) * 1e6) < TOLERANCE_NS


def test_sixty_resources_are_one_trace_with_the_browsers_own_times(tab: Tab, site: Site) -> None:
    """1 documentLoad, 1 documentFetch, 60 resourceFetch, one trace id, right parents and times."""
    tab.visit(site.add("/", html(tag(), resources(COUNT))))
    tab.flush()

    names = Counter(span["name"] for span in tab.spans())
    assert names == {"documentLoad": 1, "documentFetch": 1, "resourceFetch": COUNT}
    root = tab.only("documentLoad")
    assert root["parent_span_id"] == ""
    assert {span["trace_id"] for span in tab.spans()} == {root["trace_id"]}
    children = [span for span in tab.spans() if span is not root and span["parent_span_id"]]
    assert len(children) == COUNT + 1
    assert {span["parent_span_id"] for span in children} == {root["span_id"]}
    assert {span["service"] for span in tab.spans()} == {"shop"}

    origin: float = tab.page.evaluate("performance.timeOrigin")
    navigation = tab.page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    _assert_times(root, origin, navigation, "fetchStart", "loadEventEnd")
    _assert_times(tab.only("documentFetch"), origin, navigation, "fetchStart", "responseEnd")
    entries = {entry["name"]: entry for entry in tab.resources()}
    assert len(entries) == COUNT
    for span in tab.spans("resourceFetch"):
        entry = entries.pop(span["attributes"]["url.full"])
        _assert_times(span, origin, entry, "fetchStart", "responseEnd")
    assert not entries
    assert tab.said == []
    assert tab.faults == []


@pytest.mark.parametrize("capabilities", ["", DEDICATED])
def test_paints_are_on_document_load(tab: Tab, site: Site, capabilities: str) -> None:
    """What was painted before the load event has its time there; nothing came too late."""
    options = {"debug_capabilities": capabilities} if capabilities else {}
    held = f'<p>Hello</p><img src="{site.url}/r/1.svg?wait=load">'
    tab.page.goto(site.add("/", html(tag(**options), held)), wait_until="domcontentloaded")
    painted = (
        "performance.getEntriesByType('paint').map(({ name, startTime }) => [name, startTime])"
    )
    tab.page.wait_for_function(f"{painted}.length == 2")
    site.gate("load").set()
    tab.page.wait_for_load_state("load")
    assert tab.flush()["view_late"] == 0
    attributes = tab.only("documentLoad")["attributes"]
    for name, start in tab.page.evaluate(painted):
        said = attributes["browser.paint_timing." + name.replace("-", "_")]
        assert abs(said - start) < 1.0


def _assert_times(
    span: SpanRecord, origin: float, entry: dict[str, Any], start: str, end: str
) -> None:
    assert _near(span["start_unix_nano"], origin, entry[start])
    assert _near(span["end_unix_nano"], origin, entry[end])
    for name, value in span["attributes"].items():
        field = name.removeprefix("browser.resource_timing.").replace("_", " ").title()
        camel = field[:1].lower() + field[1:].replace(" ", "")
        if name.startswith("browser.resource_timing.") and camel.endswith(("Start", "End")):
            assert abs(value - entry[camel]) < 1.0, name


def test_the_agent_does_not_report_itself(tab: Tab, site: Site) -> None:
    """Neither agent.js, nor the worker, nor Pyodide, nor the export itself is in the trace."""
    url = site.add("/", html(tag(), resources(3)))
    tab.visit(url)
    tab.flush()
    tab.flush()
    urls = {span["attributes"]["url.full"] for span in tab.spans()}
    assert urls == {url, f"{site.url}/r/0.js", f"{site.url}/r/1.svg", f"{site.url}/r/2.css"}


def test_a_second_page_view_finds_python_running(tab: Tab, site: Site) -> None:
    """Two page views, in two tabs too, start Python once and ask for its wasm once."""
    url = site.add("/", html(tag(), resources(2)))
    tab.visit(url)
    assert tab.flush()["boots"] == 1
    tab.visit(url)
    other = tab.page.context.new_page()
    other.goto(url)
    counters = other.evaluate("window.edgetrace.flush()")
    tab.flush()
    assert (counters["boots"], counters["connections"], counters["runtime"]) == (1, 3, "shared")
    assert site.requests["/edgetrace/pyodide/pyodide.asm.wasm"] == 1
    assert len({span["trace_id"] for span in tab.spans()}) == 3
    assert len(tab.spans("documentLoad")) == 3


def test_another_configuration_has_a_runtime_of_its_own(tab: Tab, site: Site) -> None:
    """Pages whose tags differ do not share: each service's spans carry its own name."""
    first = site.add("/", html(tag(service_name="shop")))
    second = site.add("/blog", html(tag(service_name="blog")))
    for url in (first, second):
        tab.visit(url)
        assert tab.flush()["connections"] == 1
    assert Counter(span["service"] for span in tab.spans("documentLoad")) == {"shop": 1, "blog": 1}


TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"


@pytest.mark.parametrize("way", ["meta", "server-timing"])
def test_the_page_joins_the_servers_trace(tab: Tab, site: Site, way: str) -> None:
    """documentLoad is a child of the span that <meta> or Server-Timing names."""
    meta = f'<meta name="traceparent" content="{TRACEPARENT}">' if way == "meta" else ""
    headers = {"Server-Timing": f'traceparent;desc="{TRACEPARENT}", db;dur=53;desc="a, b"'}
    # The tag comes before the <meta>: what the page says is read when it has been parsed.
    url = site.add("/", html(tag(kind="") + meta), headers=headers if way != "meta" else {})
    tab.visit(url)
    tab.flush()
    root = tab.only("documentLoad")
    assert (root["trace_id"], root["parent_span_id"]) == (TRACE_ID, PARENT_ID)


def test_entries_that_come_after_the_load_join_the_trace(tab: Tab, site: Site) -> None:
    """A fetch long after the load is a resourceFetch of the same trace, without being asked for."""
    tab.visit(site.add("/", html(tag(), resources(1))))
    tab.flush()
    tab.page.evaluate("fetch('/r/late.json').then(answer => answer.text())")
    tab.flush()
    late = [
        s for s in tab.spans("resourceFetch") if s["attributes"]["url.full"].endswith("late.json")
    ]
    assert [span["trace_id"] for span in late] == [tab.only("documentLoad")["trace_id"]]


def test_query_strings_and_credentials_do_not_leave_the_page(tab: Tab, site: Site) -> None:
    """A planted token in a resource's query is not in anything that was sent."""
    tab.visit(site.add("/", html(tag(), '<img src="/r/a.svg?token=hunter2" alt="">')))
    tab.flush()
    assert len(tab.spans("resourceFetch")) == 1
    assert not any("hunter2" in str(span) for span in tab.spans())
