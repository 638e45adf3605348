# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pages that come back, and pages that are loaded before anybody asked for them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from collector.server import Collector
from tasks import chromium
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab


def test_a_restore_from_the_back_forward_cache_is_a_view_of_its_own(tab: Tab, site: Site) -> None:
    """Going back gives a second trace: documentLoad alone, from pageshow to the first frame."""
    listen = "addEventListener('pageshow', event => { window.persisted = event.persisted })"
    remember = f"<script>{listen}</script>"
    url = site.add("/", html(tag(), resources(2) + remember))
    site.add("/next", html())
    tab.visit(url)
    tab.flush()
    assert len(tab.spans()) == 4
    tab.visit(site.url + "/next")
    tab.page.go_back(wait_until="commit")
    tab.page.wait_for_function("window.persisted")
    tab.page.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    tab.page.evaluate("fetch('/r/again.json').then(answer => answer.text())")
    tab.flush()

    first, second = sorted(tab.spans("documentLoad"), key=lambda span: span["start_unix_nano"])
    assert first["trace_id"] != second["trace_id"]
    assert second["start_unix_nano"] <= second["end_unix_nano"]  # WebKit counts whole ms
    assert len(tab.spans("documentFetch")) == 1
    again = [s for s in tab.spans("resourceFetch") if s["trace_id"] == second["trace_id"]]
    assert [span["attributes"]["url.full"] for span in again] == [site.url + "/r/again.json"]


def test_a_prerendered_page_is_reported_when_it_is_shown(
    collector: Collector, site: Site, tmp_path: Path
) -> None:
    """A prerendered page says nothing until it is activated, and then knows activationStart."""
    rules = '{"prerender": [{"source": "list", "urls": ["/next"], "eagerness": "immediate"}]}'
    go = """<script>
      fetch("/r/go.json?wait=loaded").then(() => { location.href = "/next" });
    </script>"""
    tell = """<script>
      addEventListener("load", () => {
        if (document.prerendering) fetch("/r/tell.json?open=loaded");
      });
    </script>"""
    url = site.add("/", html(f'<script type="speculationrules">{rules}</script>' + go))
    site.add("/next", html(tag(kind=""), resources(3) + tell))
    # Without a debugger: Chromium prerenders nothing while one is attached, as Playwright's is.
    command = [str(chromium.path()), *chromium.FLAGS, f"--user-data-dir={tmp_path}", url]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        collector.store.wait_for(lambda store: store.span_count >= 5, 60)
    finally:
        process.terminate()
        process.wait()
    (root,) = [span for span in collector.store.spans() if span["name"] == "documentLoad"]
    assert root["attributes"]["browser.navigation_timing.activation_start"] > 0
    assert site.requests["/next"] == 1


def test_a_prerendered_page_that_is_never_shown_is_not_reported(
    collector: Collector, site: Site, tmp_path: Path
) -> None:
    """It loads in vain: the page that is shown tells of itself, of the other there is no span."""
    rules = '{"prerender": [{"source": "list", "urls": ["/next"], "eagerness": "immediate"}]}'
    tell = """<script>
      addEventListener("load", () => {
        if (document.prerendering) fetch("/r/tell.json?open=loaded");
      });
    </script>"""
    wait = '<script>fetch("/r/go.json?wait=loaded").then(() => fetch("/r/done.json"))</script>'
    head = tag() + f'<script type="speculationrules">{rules}</script>' + wait
    url = site.add("/", html(head))
    site.add("/next", html(tag(kind=""), resources(3) + tell))
    command = [str(chromium.path()), *chromium.FLAGS, f"--user-data-dir={tmp_path}", url]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def told(name: str) -> bool:
        spans = collector.store.spans()
        return any(str(span["attributes"].get("url.full")).endswith(name) for span in spans)

    try:
        collector.store.wait_for(lambda _: told("done.json"), 60)
    finally:
        process.terminate()
        process.wait()
    assert site.requests["/next"] == 1
    roots = [span for span in collector.store.spans() if span["name"] == "documentLoad"]
    assert [span["attributes"]["url.full"] for span in roots] == [url]
