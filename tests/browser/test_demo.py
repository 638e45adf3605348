# SPDX-License-Identifier: MIT OR Apache-2.0
"""The demo site behind the gateway in Chromium: `demo --headless` without its terminal."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collector.server import Collector, serve_in_thread
from collector.store import Store
from collector.summary import TraceSummary
from tasks import demo_edge, demo_headless
from tasks.console import BuildError
from tasks.demo_check import EDGE_SERVICE
from tasks.demo_print import page_traces
from tasks.demo_site import PAGES, Site
from tasks.paths import BROWSER
from tasks.workerd import Server

# Chromium says so of every failing response, and the site has one per page on purpose.
EXPECTED = "error: Failed to load resource: the server responded with a status of 503"


def bound() -> socket.socket:
    """A listening socket on a free port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector with an empty store."""
    with serve_in_thread() as running:
        yield running


@pytest.fixture
def gateway(collector: Collector) -> Iterator[Server]:
    """The demo site behind the gateway: a tag that nobody has configured, put in on the way."""
    site = Site(BROWSER / "demo", None, "", [bound(), bound()])
    try:
        with demo_edge.running(site.url, collector.endpoint) as running:
            yield running
    finally:
        site.stop()


def test_every_page_of_the_demo_gives_a_complete_trace(
    gateway: Server, collector: Collector, tmp_path: Path
) -> None:
    """From the edge's span to every resource, pages that are left at once included.

    Python boots once in the browser; the console has only the 503s, the gateway's log nothing.
    """
    picture = tmp_path / "waterfall.png"

    def tour() -> demo_headless.Visit:
        with demo_headless.browser() as chrome:
            seen = demo_headless.visit(chrome, gateway.url, PAGES, 60, lambda line: None)
            assert demo_headless.wait_until_complete(collector.store, seen, 60) == []
            trace_id = page_traces(collector.store)[0]["trace_id"]
            demo_headless.screenshot(chrome, collector.url, trace_id, picture)
            return seen

    with ThreadPoolExecutor(1) as thread:  # this one's Playwright may be open for other tests
        seen = thread.submit(tour).result()
    assert seen.counters is not None
    assert seen.counters["boots"] == 1
    assert [line for line in seen.console if not line.startswith(EXPECTED)] == []
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert gateway.logs == []
    whole = {(EDGE_SERVICE, 2)}  # a request in, and one to the origin
    collector.store.wait_for(lambda store: {_size(trace) for trace in others(store)} == whole)
    assert len(others(collector.store)) > len(PAGES)


def test_a_gateway_that_cannot_trace_is_one_line() -> None:
    """The site would be served all the same, so the demo asks, and quotes what the log says."""
    wrong = demo_edge.running("http://127.0.0.1:9", "not an address")
    with pytest.raises(BuildError, match="^the gateway runs without tracing; its log says") as told:
        wrong.__enter__()
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" in str(told.value)
    assert "\n" not in str(told.value)


def others(store: Store) -> list[TraceSummary]:
    """The traces without a page."""
    return [trace for trace in store.traces(1000) if not trace["page"]]


def _size(trace: TraceSummary) -> tuple[str, int]:
    return trace["service"], trace["span_count"]
