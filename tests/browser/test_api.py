# SPDX-License-Identifier: MIT OR Apache-2.0
"""window.edgetrace: what a page may say, early or late, and that it cannot hurt itself with it."""

from __future__ import annotations

from tests.browser.pages import html, tag
from tests.browser.site import Site
from tests.browser.tab import Tab


def test_calls_before_the_script_has_run_are_kept(tab: Tab, site: Site) -> None:
    """Calls pushed into the queue are replayed in their order, later ones run at once."""
    early = """<script>
      (window.edgetrace ||= []).push(["setAttribute", "user.tier", "gold"]);
      edgetrace.push(["span", "early", { n: 1 }, () => undefined], ["noSuchCall"]);
    </script>"""
    tab.visit(site.add("/", html(early + tag())))
    tab.page.evaluate("edgetrace.push(['span', 'later', () => undefined])")
    tab.flush()
    assert tab.only("documentLoad")["attributes"]["user.tier"] == "gold"
    assert tab.only("early")["attributes"] == {"n": 1, "user.tier": "gold"}
    assert tab.only("early")["parent_span_id"] == tab.only("documentLoad")["span_id"]
    assert len(tab.spans("later")) == 1
    assert tab.faults == []


def test_spans_around_code(tab: Tab, site: Site) -> None:
    """A function, a promise and an open end: values pass through, failures are recorded."""
    tab.visit(site.add("/", html(tag(kind=""))))
    results = tab.page.evaluate(
        """async () => {
          const seen = [];
          const work = span => { span.setAttribute("b", 2); return 5 };
          seen.push(edgetrace.span("sync", { a: "x" }, work));
          seen.push(await edgetrace.span("async", async () => 6));
          try { edgetrace.span("throws", () => { throw new TypeError("bad") }) }
          catch (error) { seen.push(String(error)) }
          try { await edgetrace.span("rejects", () => Promise.reject(new Error("worse"))) }
          catch (error) { seen.push(String(error)) }
          const open = edgetrace.span("open");
          open.end();
          open.end();
          return seen;
        }"""
    )
    assert results == [5, 6, "TypeError: bad", "Error: worse"]
    tab.flush()
    assert tab.only("sync")["attributes"] == {"a": "x", "b": 2}
    assert len(tab.spans("async")) == len(tab.spans("open")) == 1
    failed = {name: tab.only(name)["status"] for name in ("throws", "rejects")}
    assert {status["code"] for status in failed.values()} == {2}
    assert "bad" in failed["throws"]["message"]
    assert "worse" in failed["rejects"]["message"]
    assert tab.faults == []


def test_misuse_hurts_nobody(tab: Tab, site: Site) -> None:
    """Cyclic, enormous, hostile or absent arguments: no exception, and the page view arrives."""
    tab.visit(site.add("/", html(tag(kind=""))))
    tab.page.evaluate(
        """() => {
          const cycle = {}; cycle.self = cycle;
          const no = () => { throw new Error("no") };
          const trap = { get a() { return no() }, toString: no };
          edgetrace.span(); edgetrace.span(undefined, null); edgetrace.span(7).end();
          edgetrace.span("cycle", cycle).end();
          const odd = { s: Symbol("x"), f() {}, n: NaN, u: undefined, big: 2n ** 70n };
          edgetrace.span("symbol", odd).end();
          edgetrace.span("deep", { a: { b: [1, "x", null, { c: true }] } }).end();
          edgetrace.span("long".repeat(9999)).end();
          edgetrace.setAttribute(); edgetrace.setAttribute("x", cycle);
          edgetrace.setAttribute(trap, trap);
          edgetrace.push(); edgetrace.push([]); edgetrace.push(["constructor", 1]);
        }"""
    )
    counters = tab.flush()
    assert counters["exported"] >= 3
    assert len(tab.spans("documentLoad")) == len(tab.spans("deep")) == 1
    assert tab.faults == []


def test_stop_erases_and_ends(tab: Tab, site: Site) -> None:
    """After stop() nothing is sent, neither what was queued nor what comes later."""
    early = "<script>(window.edgetrace ||= []).push(['stop'])</script>"
    tab.visit(site.add("/", html(early + tag())))
    tab.page.evaluate("edgetrace.span('x', () => fetch('/r/1.json').then(answer => answer.text()))")
    counters = tab.flush()
    assert (counters["runtime"], counters["cause"]) == ("none", "stopped")
    site.add("/next", html(tag(service_name="other")))
    tab.visit(site.url + "/next")
    tab.flush()
    assert {span["service"] for span in tab.spans()} == {"other"}
    assert site.requests["/v1/traces"] == 1


def test_stop_in_a_running_runtime_erases_its_queue(tab: Tab, site: Site) -> None:
    """Spans that wait in Python are erased too; a later page view is traced again."""
    url = site.add("/", html(tag(kind="")))
    tab.visit(url)
    tab.flush()
    sent = len(tab.spans())
    tab.page.evaluate("edgetrace.span('secret').end(); edgetrace.stop()")
    tab.visit(url)
    tab.flush()
    assert len(tab.spans("secret")) == 0
    assert len(tab.spans()) == 2 * sent


def test_an_element_with_the_apis_name_is_no_queue(tab: Tab, site: Site) -> None:
    """<div id=edgetrace> makes window.edgetrace an element: the API takes its place."""
    tab.visit(site.add("/", html(body='<div id="edgetrace"></div>' + tag(kind=""))))
    assert tab.flush()["exported"] == 2
    assert tab.faults == []
