# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pages that run Pyodide themselves: the agent is a library there, or the script tag's guest."""

from __future__ import annotations

from collections import Counter

import pytest

from tasks import harness
from tasks.paths import DIST
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab

COUNT = 3

BOOT = """<script type="module">
  import { loadPyodide } from "/pyodide/pyodide.mjs";
  window.booted = loadPyodide(%s).then(pyodide => { window.pyodide = pyodide });
</script>"""

# Notes every callback that Python gives to the browser, so that the test can call it afterwards.
WATCH = """<script>
  window.given = [];
  const Observer = PerformanceObserver;
  window.PerformanceObserver = class extends Observer {
    constructor(callback) { given.push(callback); super(callback) }
  };
  const listen = window.addEventListener;
  window.addEventListener = (type, listener, ...rest) => {
    given.push(listener);
    return listen.call(window, type, listener, ...rest);
  };
</script>"""

START = """
from edgetrace import browser, get_tracer
browser.start(service_name="notebook", sample_ratio=1)
with get_tracer("cell").start_as_current_span("cell 1"):
    pass
await browser.flush()
"""


def _run(tab: Tab, code: str) -> object:
    return tab.page.evaluate("code => window.pyodide.runPythonAsync(code)", code)


@pytest.fixture
def own(site: Site) -> Site:
    """The site, with a Pyodide of the page's own under /pyodide/ that has micropip at hand."""
    harness.ensure()
    site.folders["/pyodide/"] = harness.FOLDER
    return site


def _wheel(site: Site) -> str:
    (wheel,) = DIST.glob("edgetrace-*.whl")
    return f"{site.url}/edgetrace/{wheel.name}"


def test_micropip_install_and_start(tab: Tab, own: Site) -> None:
    """micropip.install of the wheel, browser.start(): the same spans, and the program's own too."""
    url = own.add("/", html(WATCH + BOOT % "{packages: ['micropip']}", resources(COUNT)))
    tab.visit(url)
    tab.page.evaluate("window.booted")
    _run(tab, f"import micropip\nawait micropip.install({_wheel(own)!r})")
    seen = len(tab.resources())
    _run(tab, START)
    names = Counter(span["name"] for span in tab.spans())
    assert names["documentLoad"] == names["documentFetch"] == names["cell 1"] == 1
    assert names["resourceFetch"] >= seen
    assert {span["service"] for span in tab.spans()} == {"notebook"}
    root = tab.only("documentLoad")
    children = [s for s in tab.spans("resourceFetch") if s["parent_span_id"] == root["span_id"]]
    assert len(children) == names["resourceFetch"]

    tab.page.evaluate("fetch('/r/late.json').then(answer => answer.text())")
    _run(tab, "await browser.flush()")
    late = [s for s in tab.spans() if s["attributes"].get("url.full", "").endswith("late.json")]
    assert [span["trace_id"] for span in late] == [root["trace_id"]]
    assert not any("/v1/traces" in str(span["attributes"]) for span in tab.spans())

    _run(tab, "browser.stop()")
    alive = """window.given.filter(callback => {
      if (!(callback instanceof pyodide.ffi.PyProxy)) return false;
      try { callback({ getEntries: () => [] }); return true }
      catch (error) { return !String(error).includes("destroyed") }
    }).length"""
    assert tab.page.evaluate("window.given.length") >= 4
    assert tab.page.evaluate(alive) == 0
    assert tab.faults == []


def test_the_lock_file_carries_the_agent(tab: Tab, site: Site) -> None:
    """loadPyodide({packages: ["edgetrace"]}) with the bundle's lock file is enough."""
    boot = BOOT.replace("/pyodide/", "/edgetrace/pyodide/") % "{packages: ['edgetrace']}"
    tab.visit(site.add("/", html(boot)))
    tab.page.evaluate("window.booted")
    _run(tab, START)
    assert len(tab.spans("documentLoad")) == 1


def test_the_script_tag_as_the_pages_guest(tab: Tab, site: Site) -> None:
    """data-runtime=page: no worker, the page's own Pyodide runs the agent once it is there."""
    boot = BOOT.replace("/pyodide/", "/edgetrace/pyodide/") % "{}"
    tab.visit(site.add("/", html(tag(runtime="page") + boot, resources(COUNT))))
    counters = tab.flush()
    assert (counters["runtime"], counters["boots"]) == ("page", 1)
    assert len(tab.spans("documentLoad")) == 1
    urls = [span["attributes"]["url.full"] for span in tab.spans("resourceFetch")]
    assert len([url for url in urls if "/r/" in url]) == COUNT
    assert not [url for url in urls if url.endswith("/v1/traces") or "edgetrace-" in url]


def test_a_page_without_workers_falls_back_to_its_own_pyodide(tab: Tab, site: Site) -> None:
    """worker-src 'none' and a window.pyodide: the last rung of the ladder holds."""
    site.headers["Content-Security-Policy"] = "worker-src 'none'"
    boot = BOOT.replace("/pyodide/", "/edgetrace/pyodide/") % "{}"
    tab.visit(site.add("/", html(boot, resources(COUNT))))
    tab.page.evaluate("window.booted")
    tab.page.evaluate(
        """new Promise(done => {
          const script = document.createElement("script");
          script.src = "/edgetrace/agent.js";
          script.dataset.serviceName = "shop";
          script.onload = done;
          document.head.append(script);
        })"""
    )
    counters = tab.flush()
    assert counters["runtime"] == "page"
    assert len(tab.spans("documentLoad")) == 1
