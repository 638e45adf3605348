# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whatever is missing, blocked or broken: the page works, the console is clean, the counters know.

What the browser itself prints about a failed request or a policy cannot be prevented by any script
(`Tab.said` leaves it out).
"""

from __future__ import annotations

import pytest

from tests.browser.pages import html, resources, tag
from tests.browser.site import Site, content_type
from tests.browser.tab import Tab

COUNT = 3
ENTRIES = COUNT + 2
"""Spans of the page: its resources, documentLoad and documentFetch."""


def _works(tab: Tab) -> None:
    """The page's own script has run and nothing of ours shows."""
    assert tab.page.evaluate("window.x") == 1
    assert tab.said == []
    assert tab.faults == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 400}, "dropped_rejected"),
        ({"status": 404}, "dropped_rejected"),
        ({"status": 503, "headers": {"Retry-After": "60"}}, ""),
        ({"status": 500}, "dropped_rejected"),
        ({"status": 302, "headers": {"Location": "/elsewhere"}}, "dropped_rejected"),
    ],
)
def test_an_endpoint_that_refuses(
    tab: Tab, site: Site, answer: dict[str, object], reason: str
) -> None:
    """4xx, 5xx and redirects: spans are dropped with their reason, or wait for the next try."""
    site.add("/otlp", "no", **answer)
    tab.visit(site.add("/", html(tag(endpoint="/otlp"), resources(COUNT))))
    counters = tab.flush()
    assert counters["exported"] == 0
    if reason:
        assert counters[reason] == ENTRIES
        assert counters["last_error"].startswith("RejectedError")
    else:
        assert counters["queued"] + counters["in_flight"] == ENTRIES
        assert counters["last_error"].startswith("ThrottledError")
    _works(tab)


def test_an_endpoint_that_answers_garbage(tab: Tab, site: Site) -> None:
    """200 with bytes that are no answer: the spans count as delivered, nothing breaks."""
    site.add("/otlp", "\x00\xff<html>", content_type="application/x-protobuf")
    tab.visit(site.add("/", html(tag(endpoint="/otlp"), resources(COUNT))))
    assert tab.flush()["exported"] == ENTRIES
    _works(tab)


def test_an_endpoint_that_is_down_until_it_is_back(tab: Tab, site: Site) -> None:
    """No answer, then an answer: everything queued meanwhile arrives, once."""
    tab.visit(site.add("/", html(tag(), resources(COUNT))))
    assert tab.flush()["exported"] == ENTRIES
    site.broken.add("/v1/traces")
    tab.page.evaluate("fetch('/r/more.json').then(answer => answer.text())")
    counters = tab.flush()
    assert counters["last_error"].startswith("TransportError: no answer from the endpoint")
    assert counters["queued"] + counters["in_flight"] == 1
    site.broken.clear()
    tab.wait_for(ENTRIES + 1)
    assert len(tab.spans("resourceFetch")) == COUNT + 1
    _works(tab)


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ("/edgetrace/edgetrace-worker.js", "Failed to fetch dynamically imported module"),
        ("/edgetrace/edgetrace-bytecode.zip", "edgetrace-bytecode.zip?v="),
        ("/edgetrace/edgetrace-stdlib.zip", "edgetrace-stdlib.zip?v="),
        ("/edgetrace/pyodide/pyodide.mjs", "pyodide.mjs"),
        ("/edgetrace/pyodide/pyodide.asm.mjs", "pyodide.asm.mjs"),
        ("/edgetrace/pyodide/pyodide.asm.wasm", "pyodide.asm.wasm?v="),
    ],
)
def test_a_missing_file(tab: Tab, site: Site, missing: str, cause: str) -> None:
    """404 of any file of ours: the counters name it, and that no entry got out."""
    site.missing.add(missing)
    tab.visit(site.add("/", html(tag(), resources(COUNT))))
    counters = tab.flush()
    assert counters["runtime"] == "none"
    assert counters["seen"] >= COUNT
    assert cause in counters["cause"]
    _works(tab)


@pytest.mark.parametrize(
    "name", ["edgetrace-stdlib.zip", "edgetrace-bytecode.zip", "pyodide/pyodide.asm.wasm"]
)
def test_a_file_that_comes_back_is_found_by_the_next_page_view(
    tab: Tab, site: Site, name: str
) -> None:
    """A start of Python that failed is tried again: by the next page, in the same shared worker,
    which then sends what the first one had to say, too."""
    site.missing.add(f"/edgetrace/{name}")
    url = site.add("/", html(tag(), resources(COUNT)))
    tab.visit(url)
    assert tab.flush()["runtime"] == "none"
    site.missing.clear()
    tab.visit(url)
    assert tab.flush()["runtime"] == "shared"
    tab.wait_for(2 * ENTRIES)
    assert len(tab.spans()) == 2 * ENTRIES


@pytest.mark.parametrize(
    ("name", "body", "cause"),
    [
        ("pyodide/pyodide.asm.wasm", "\0asm\1\0\0\0 cut here", "CompileError"),
        ("edgetrace-bytecode.zip", "<html>Welcome</html>", "No module named 'edgetrace'"),
        ("edgetrace-stdlib.zip", "<html>Welcome</html>", "Python did not start"),
        ("pyodide/pyodide.asm.mjs", "half a fi", "SyntaxError"),
    ],
)
def test_a_broken_file(tab: Tab, site: Site, name: str, body: str, cause: str) -> None:
    """A file that arrives damaged, or as something else: the start fails, and does not hang."""
    site.add(f"/edgetrace/{name}", body, content_type=content_type(name))
    tab.visit(site.add("/", html(tag(), resources(COUNT))))
    counters = tab.flush()
    assert counters["runtime"] == "none"
    assert cause in counters["cause"]
    _works(tab)


def test_wasm_of_an_unknown_type(tab: Tab, site: Site) -> None:
    """A server that does not know .wasm: compiled all the same, though its code is not cached."""
    wasm = "/edgetrace/pyodide/pyodide.asm.wasm"
    site.types[wasm] = "application/octet-stream"
    tab.visit(site.add("/", html(tag(), resources(COUNT))))
    assert tab.flush()["exported"] == ENTRIES
    _works(tab)


def test_an_agent_that_is_missing(tab: Tab, site: Site) -> None:
    """404 of agent.js itself: calls pushed to the queue are harmless."""
    site.missing.add("/edgetrace/agent.js")
    call = "<script>(window.edgetrace ||= []).push(['setAttribute', 'a', 1])</script>"
    tab.visit(site.add("/", html(call + tag(), resources(COUNT))))
    _works(tab)


@pytest.mark.parametrize(
    ("policy", "runtime", "cause"),
    [
        ("worker-src 'none'", "none", "no window.pyodide"),
        ("script-src 'self' 'unsafe-inline'; worker-src 'self'", "none", "WebAssembly"),
        ("connect-src 'none'", "none", "Python did not start"),
    ],
)
def test_a_policy_that_blocks(tab: Tab, site: Site, policy: str, runtime: str, cause: str) -> None:
    """Worker, WebAssembly or requests forbidden: the page works, the counters say what was."""
    site.headers["Content-Security-Policy"] = policy
    tab.visit(site.add("/", html(tag(), resources(COUNT))))
    counters = tab.flush()
    assert counters["runtime"] == runtime
    assert cause in counters["cause"]
    _works(tab)


@pytest.mark.parametrize(
    ("script", "runtime"),
    [
        ("delete window.SharedWorker", "dedicated"),
        ("window.SharedWorker = class { constructor() { throw new Error('no') } }", "dedicated"),
        ("delete window.SharedWorker; delete window.Worker", "none"),
    ],
)
def test_a_browser_without_workers(tab: Tab, site: Site, script: str, runtime: str) -> None:
    """Without SharedWorker a dedicated one serves; without any, entries are only counted."""
    tab.visit(site.add("/", html(f"<script>{script}</script>" + tag(), resources(COUNT))))
    counters = tab.flush()
    assert counters["runtime"] == runtime
    assert counters["seen"] >= COUNT
    assert len(tab.spans()) == (ENTRIES if runtime == "dedicated" else 0)
    _works(tab)


@pytest.mark.parametrize(
    "script",
    [
        "delete window.PerformanceObserver",
        "performance.getEntriesByType = performance.setResourceTimingBufferSize = undefined",
        "delete window.requestIdleCallback; delete window.localStorage",
        "Storage.prototype.setItem = Storage.prototype.removeItem = () => { throw 'no' }",
        "JSON.stringify = () => { throw new Error('no') }",
    ],
)
def test_a_browser_without_an_api(tab: Tab, site: Site, script: str) -> None:
    """A performance, storage or other API that is missing or throws never reaches the page."""
    tab.visit(site.add("/", html(f"<script>{script}</script>" + tag(), resources(COUNT))))
    _works(tab)


def test_a_wrong_option_is_named(tab: Tab, site: Site) -> None:
    """ConfigError's sentence is in the counters: attribute, value, accepted form."""
    tab.visit(site.add("/", html(tag(sample_ratio="half"), resources(COUNT))))
    assert "data-sample-ratio='half': use a number from 0 to 1" in tab.flush()["cause"]
    _works(tab)


def test_debug_tells_the_console_what_happens(tab: Tab, site: Site) -> None:
    """With data-debug the console says what was collected, sent and refused."""
    site.add("/otlp", "no such tenant", status=403)
    tab.visit(site.add("/", html(tag(endpoint="/otlp", debug=""), resources(COUNT))))
    tab.flush()
    text = "\n".join(tab.said)
    assert all(line.startswith("[edgetrace] ") for line in tab.said)
    assert f"entries: {COUNT} spans of " in text
    assert f"{ENTRIES} spans" in text
    assert "403" in text
    assert "no such tenant" in text
