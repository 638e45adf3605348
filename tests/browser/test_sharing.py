# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tabs and versions side by side: what one of them does, or suffers, costs no other's data."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import Error

from tasks.ladder_cells import DEDICATED
from tasks.paths import DIST
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab

COUNT = 3
SPANS = COUNT + 2


def _traces(tab: Tab, url: str) -> set[str]:
    roots = [span for span in tab.spans("documentLoad") if span["attributes"]["url.full"] == url]
    return {span["trace_id"] for span in roots}


def test_a_tab_that_stops_costs_another_nothing(tab: Tab, site: Site) -> None:
    """The endpoint is down, one of two tabs withdraws its consent: the other's spans arrive all."""
    site.broken.add("/v1/traces")
    first = site.add("/", html(tag(), resources(COUNT)))
    second = site.add("/second", html(tag(), resources(COUNT)))
    tab.visit(first)
    other = tab.page.context.new_page()
    other.goto(second)
    tab.flush()
    tab.page.evaluate("edgetrace.stop()")
    site.broken.clear()
    other.evaluate("edgetrace.flush()")
    tab.wait_for(SPANS)
    assert len(_traces(tab, second)) == 1
    assert _traces(tab, first) == set()
    assert len(tab.spans()) == SPANS


def test_a_tab_that_crashes_costs_another_nothing(tab: Tab, site: Site) -> None:
    """The renderer that runs the worker is killed: another tab's later entries still arrive, once
    each and in its own trace."""
    doomed = tab.page.context.new_page()
    doomed.goto(site.add("/doomed", html(tag())))
    doomed.evaluate("edgetrace.flush()")
    tab.visit(site.add("/", html(tag(), resources(COUNT))))
    assert tab.flush()["connections"] == 2
    with doomed.expect_event("crash"), contextlib.suppress(Error):
        doomed.goto("chrome://crash")
    tab.page.evaluate("fetch('/r/late.json').then(answer => answer.text())")
    _continues(tab, site)


@pytest.mark.parametrize("end", ["self.close()", "for (;;);"], ids=["dies", "hangs"])
def test_a_worker_of_all_pages_is_replaced(tab: Tab, site: Site, end: str) -> None:
    """What the page says afterwards another worker is told, of the view that it belongs to; and
    what this one had not delivered, for the endpoint was down."""
    bundle = "/edgetrace/edgetrace-worker.js"
    script = f'''import "{bundle}";
      export {{ fallback }} from "{bundle}";
      new BroadcastChannel("end").onmessage = () => {{ {end} }};'''
    url = site.add("/mortal.js", script, content_type="text/javascript")
    tab.visit(site.add("/", html(tag(worker_url=url), resources(COUNT))))
    tab.page.evaluate("edgetrace.setAttribute('user.tier', 'gold')")
    tab.flush()
    site.broken.add("/v1/traces")
    tab.page.evaluate("fetch('/r/late.json').then(answer => answer.text())")
    tab.flush()
    tab.page.evaluate("new BroadcastChannel('end').postMessage(0)")
    site.broken.clear()
    _continues(tab, site)
    assert tab.only("after")["attributes"]["user.tier"] == "gold"


def test_workers_that_never_answer_are_passed_over(tab: Tab, site: Site) -> None:
    """Of the kind that outlives its pages three say nothing: the page has one of its own."""
    bundle = "/edgetrace/edgetrace-worker.js"
    script = f'''export {{ fallback }} from "{bundle}";
      if ("onconnect" in self) self.onconnect = () => undefined;'''
    url = site.add("/deaf.js", script, content_type="text/javascript")
    tab.visit(site.add("/", html(tag(worker_url=url), resources(COUNT))))
    tab.wait_for(SPANS)
    counters = tab.flush()
    assert (counters["runtime"], counters["silences"]) == ("dedicated", 3)
    assert counters["cause"] == "silence"
    assert len(tab.spans()) == SPANS


def _continues(tab: Tab, site: Site) -> None:
    """The page, whose /r/late.json must arrive too, goes on with another worker."""
    tab.page.evaluate("edgetrace.span('after', {}, () => 1)")
    counters = tab.flush()
    assert (counters["runtime"], counters["silences"]) == ("shared", 1)
    roots = [
        span
        for span in tab.spans("documentLoad")
        if span["attributes"]["url.full"] == site.url + "/"
    ]
    assert len(roots) == 1
    spans = [span for span in tab.spans() if span["trace_id"] == roots[0]["trace_id"]]
    assert len(spans) == SPANS + 2
    assert len({span["span_id"] for span in spans}) == SPANS + 2
    assert {span["parent_span_id"] for span in spans if span["name"] != "documentLoad"} == {
        roots[0]["span_id"]
    }
    late = [
        span for span in spans if span["attributes"].get("url.full") == site.url + "/r/late.json"
    ]
    assert len(late) == 1


def test_two_versions_do_not_share_a_worker(tab: Tab, site: Site) -> None:
    """A deployment's old pages and its new ones: each version starts its own Python."""
    script = (DIST / "agent.js").read_text(encoding="utf-8")
    newer = script.replace('"0.1.0"', '"0.1.1"')
    assert newer != script
    site.add("/newer/agent.js", newer, content_type="text/javascript")
    tab.visit(site.add("/", html(tag())))
    assert tab.flush()["connections"] == 1
    worker = "/edgetrace/edgetrace-worker.js"
    tab.visit(site.add("/new", html(tag("/newer/agent.js", worker_url=worker))))
    counters = tab.flush()
    assert (counters["connections"], counters["boots"]) == (1, 1)
    assert len(tab.spans("documentLoad")) == 2


def test_a_worker_that_hangs_is_replaced(tab: Tab, site: Site) -> None:
    """Python busy for good: another worker is told all that this one had not handed over."""
    tab.visit(site.add("/", html(tag(debug_capabilities=DEDICATED), resources(COUNT))))
    tab.flush()
    (worker,) = tab.page.workers
    tab.page.evaluate("fetch('/r/late.json').then(answer => answer.text())")
    with tab.page.expect_worker(timeout=60_000):
        tab.page.evaluate("setTimeout(() => edgetrace.span('after', {}, () => 1), 500)")
        with contextlib.suppress(Error):
            worker.evaluate("() => setTimeout(() => { for (;;); })")
    tab.wait_for(SPANS + 2)
    assert len(tab.spans("after")) == 1
    assert len({span["trace_id"] for span in tab.spans()}) == 1
    assert tab.counters()["replaced"] == 1


@pytest.mark.parametrize("capabilities", ["", DEDICATED])
def test_consent_withdrawn_erases_all_that_is_kept(tab: Tab, site: Site, capabilities: str) -> None:
    """The endpoint is down: after `stop()` neither storage nor IndexedDB nor a later page view has
    anything of what was queued."""
    site.broken.add("/v1/traces")
    options = {"debug_capabilities": capabilities} if capabilities else {}
    tab.visit(site.add("/", html(tag(**options), resources(COUNT))))
    tab.flush()
    kept = """new Promise(done => {
      const open = indexedDB.open("edgetrace", 1);
      open.onupgradeneeded = () => open.result.createObjectStore("views");
      open.onsuccess = () => {
        const all = open.result.transaction("views").objectStore("views").count();
        all.onsuccess = () => { open.result.close(); done(all.result + localStorage.length) };
      };
    })"""
    assert tab.page.evaluate(kept) == 1
    tab.page.evaluate("edgetrace.stop()")
    tab.page.wait_for_function(f"{kept}.then(count => count == 0)")
    site.broken.clear()
    following = site.add("/next", html(tag(**options)))
    tab.visit(following)
    tab.flush()
    assert {span["attributes"]["url.full"] for span in tab.spans()} == {following}


def test_who_saves_data_loads_no_python(tab: Tab, site: Site) -> None:
    """With Save-Data nothing is downloaded for us; what was seen waits for a view without it."""
    saving = "Object.defineProperty(navigator.connection, 'saveData', {value: true});"
    url = "/edgetrace/edgetrace-worker.js"
    site.add(
        "/saving.js",
        f'{saving}\nexport * from "{url}";\nimport "{url}";',
        content_type="text/javascript",
    )
    tab.visit(site.add("/", html(tag(worker_url="/saving.js"), resources(COUNT))))
    counters = tab.flush()
    assert counters["runtime"] == "none"
    assert "Save-Data" in counters["cause"]
    assert not any(path.endswith(".wasm") for path in site.requests)
