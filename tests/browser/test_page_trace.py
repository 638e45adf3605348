# SPDX-License-Identifier: MIT OR Apache-2.0
"""The pytest fixture `page_trace` on real pages, with the built agent in Chromium."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tasks.demo_site import SLOW_MS, Site
from tasks.paths import AGENT, BROWSER, DIST, ROOT

if TYPE_CHECKING:
    from edgetrace._page_trace.spans import PageTrace
    from edgetrace.pytest_plugin import PageTracer

pytest_plugins = ["edgetrace.pytest_plugin", "pytester"]

READY = "html[data-ready]"
PLAIN = (
    b"<!doctype html><title>plain</title><link rel=icon href=data:,>"
    b"<link rel=stylesheet href=/a.css><p>hello"
)


def bound() -> socket.socket:
    """A listening socket on a free port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The demo site; its tag names a collector that does not exist."""
    site = Site(BROWSER / "demo", DIST, "http://127.0.0.1:9/v1/traces", [bound(), bound()])
    yield site.url
    site.stop()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[bytes], str]]:
    """Serves a page's bytes at its URL, a style sheet, and 404 for everything else."""
    pages: dict[str, bytes] = {"/a.css": b"p { color: red }"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("content-type", "text/css" if "css" in self.path else "text/html")
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def add(page: bytes) -> str:
        path = f"/{len(pages)}.html"
        pages[path] = page
        return f"http://127.0.0.1:{server.server_address[1]}{path}"

    yield add
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def front(page_trace: PageTracer, demo: str) -> PageTrace:
    """The trace of the demo's front page."""
    return page_trace(f"{demo}/", ready=READY)


def failure_of(load: Callable[[], object]) -> str:
    """The text of the PageTraceError that a load ends with."""
    from edgetrace._page_trace.errors import PageTraceError

    with pytest.raises(PageTraceError) as caught:
        load()
    return str(caught.value)


def test_the_root_is_the_page_load(front: PageTrace, demo: str) -> None:
    """The root is documentLoad of the page's URL, has no parent and spans all of the load."""
    assert (front.root.name, front.root.url, front.root.parent) == (
        "documentLoad",
        f"{demo}/",
        None,
    )
    assert front.root.start_ms == 0
    assert front.root.duration_ms > 0


def test_every_resource_is_there_below_the_root(front: PageTrace, demo: str) -> None:
    """Styles, scripts, fonts, images and fetches are children of the root, in order of start."""
    paths = {span.url.removeprefix(demo) for span in front.resources}
    assert {"/css/tokens.css", "/js/first.js", "/fonts/bricolage.woff2", "/api/wind"} <= paths
    assert len(front.resources) > 30
    assert all(span.parent is front.root for span in front.resources)
    assert [s.start_ms for s in front.spans] == sorted(s.start_ms for s in front.spans)


def test_failures_and_slowness_can_be_asserted_on(front: PageTrace) -> None:
    """The failing fetch is the one error; the slow one is as long as the server made it."""
    assert [span.http_status for span in front.errors] == [503]
    assert front.find(url_contains="/api/stations/outer-light").duration_ms >= SLOW_MS - 1


def test_the_agents_own_requests_are_not_in_it(front: PageTrace) -> None:
    """Neither agent.js nor Pyodide's files are reported."""
    assert front.find_all(url_contains="/edgetrace/") == []


def test_find_says_what_there_is(front: PageTrace) -> None:
    """No match and too many matches are errors that list the candidates."""
    with pytest.raises(LookupError, match=r"no span has a url containing '/nope'(?s:.*)/api/wind"):
        front.find(url_contains="/nope")
    with pytest.raises(LookupError, match=r"\d+ spans have name 'resourceFetch'; ask more"):
        front.find(name="resourceFetch")


def test_a_page_without_a_tag_gets_one(page_trace: PageTracer, serve: Callable[..., str]) -> None:
    """Where the page has no tag, the one in the checkout's dist/ is put in, cross-origin."""
    trace = page_trace(serve(PLAIN))
    assert [span.url.rpartition("/")[2] for span in trace.resources] == ["a.css"]


def test_no_tag_and_no_agent_is_an_error_that_says_so(
    page_trace: PageTracer, serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a tag and without an agent nothing is waited for."""
    monkeypatch.setattr(page_trace, "_agent_url", None)
    message = failure_of(lambda: page_trace(serve(PLAIN)))
    assert "has no edgetrace tag" in message
    assert "--edgetrace-agent-url" in message


def test_an_agent_that_is_not_there_is_named(
    page_trace: PageTracer, serve: Callable[..., str]
) -> None:
    """A tag whose script is a 404 fails at once after the load, with its URL and the status."""
    url = serve(b"<!doctype html><script async src=/gone/agent.js></script>")
    message = failure_of(lambda: page_trace(url, timeout_s=8))
    assert re.search(r"script did not run: \S+/gone/agent\.js 404", message)


def test_a_server_that_is_down_is_said(page_trace: PageTracer) -> None:
    """A page that does not load at all is told in the browser's words."""
    message = failure_of(lambda: page_trace("http://127.0.0.1:9/"))
    assert message.startswith("http://127.0.0.1:9/ did not load: ")
    assert "ERR_" in message


def test_an_event_loop_in_the_tests_thread_does_not_matter(page_trace: PageTracer) -> None:
    """Playwright's synchronous API would refuse; it runs in a thread of its own."""

    async def load() -> str:
        return failure_of(lambda: page_trace("http://127.0.0.1:9/"))

    # Not in this thread, where the suite's own Playwright may keep a loop running.
    with ThreadPoolExecutor(1) as thread:
        assert "ERR_" in thread.submit(asyncio.run, load()).result()


def test_what_ready_waits_for_in_vain_is_named(
    page_trace: PageTracer, serve: Callable[..., str]
) -> None:
    """A selector that matches nothing ends at the timeout, with the selector in the message."""
    message = failure_of(lambda: page_trace(serve(PLAIN), ready="#late", timeout_s=2))
    assert message.startswith("nothing matched ready='#late' in time")


def test_a_chromium_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong EDGETRACE_CHROMIUM and an empty PATH are told apart, each with its remedy."""
    from edgetrace._page_trace.chrome import find_chromium

    monkeypatch.setenv("EDGETRACE_CHROMIUM", "/no/such/browser")
    assert "EDGETRACE_CHROMIUM is '/no/such/browser'" in failure_of(find_chromium)
    monkeypatch.delenv("EDGETRACE_CHROMIUM")
    monkeypatch.setenv("PATH", "")
    assert "apt-get install chromium" in failure_of(find_chromium)


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    """pytest loads the plugin in every run; Playwright and protobuf wait for the fixture."""
    code = (
        "import sys, pytest; before = set(sys.modules); import edgetrace.pytest_plugin; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(AGENT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["edgetrace"]


def test_the_documented_example_runs(
    pytester: pytest.Pytester, demo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example of docs/testing.md passes against the demo site, in a pytest of its own."""
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert example
    pytester.makepyfile(example[1].replace("http://localhost:8000", demo))
    monkeypatch.setenv("PYTHONPATH", str(AGENT))
    result = pytester.runpytest_subprocess(
        "-p", "edgetrace.pytest_plugin", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=1)
