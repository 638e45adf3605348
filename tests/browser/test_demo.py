# SPDX-License-Identifier: MIT OR Apache-2.0
"""The demo site in Chromium: what `build.py demo --headless` does, without its terminal."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collector.server import Collector, serve_in_thread
from tasks import demo_headless
from tasks.demo_site import PAGES, Site
from tasks.paths import BROWSER, DIST

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
def site(collector: Collector) -> Iterator[str]:
    """The demo site, its tag naming the collector."""
    running = Site(BROWSER / "demo", DIST, collector.endpoint, [bound(), bound()])
    yield running.url
    running.stop()


def test_every_page_of_the_demo_gives_a_complete_trace(
    site: str, collector: Collector, tmp_path: Path
) -> None:
    """Pages that are left at once included; Python boots once; the console has only the 503s."""
    picture = tmp_path / "waterfall.png"

    def tour() -> demo_headless.Visit:
        with demo_headless.browser() as chrome:
            seen = demo_headless.visit(chrome, site, PAGES, 60, lambda line: None)
            assert demo_headless.wait_until_complete(collector.store, seen, 60) == []
            trace_id = collector.store.traces()[0]["trace_id"]
            demo_headless.screenshot(chrome, collector.url, trace_id, picture)
            return seen

    with ThreadPoolExecutor(1) as thread:  # this one's Playwright may be open for other tests
        seen = thread.submit(tour).result()
    assert seen.counters is not None
    assert seen.counters["boots"] == 1
    assert [line for line in seen.console if not line.startswith(EXPECTED)] == []
    assert picture.read_bytes().startswith(b"\x89PNG")
