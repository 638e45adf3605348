# SPDX-License-Identifier: MIT OR Apache-2.0
"""One Chromium, one collector and two origins for all browser tests; a fresh profile for each.

A test gets `tab`, a page in a context of its own: no cache, storage or worker of an earlier test.
Pyodide's start is what costs time here, so tests visit a second page in the same tab where they
can.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from collector.server import Collector, serve_in_thread
from tasks import chromium
from tests.browser.site import Site
from tests.browser.tab import Tab


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as visitors have it: Playwright would switch the back/forward cache off."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path(),
            args=list(chromium.PLAYWRIGHT_FLAGS),
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _collector() -> Iterator[Collector]:
    with serve_in_thread() as running:
        yield running


@pytest.fixture
def collector(_collector: Collector) -> Collector:
    """The collector, empty."""
    _collector.store.clear()
    return _collector


@pytest.fixture(scope="session")
def _sites(_collector: Collector) -> Iterator[tuple[Site, Site]]:
    sites = Site(_collector.url), Site(_collector.url)
    yield sites
    for site in sites:
        site.close()


@pytest.fixture
def site(_sites: tuple[Site, Site]) -> Iterator[Site]:
    """The origin of the pages."""
    yield _sites[0]
    _sites[0].reset()


@pytest.fixture
def cdn(_sites: tuple[Site, Site]) -> Iterator[Site]:
    """Another origin, with the bundle too."""
    yield _sites[1]
    _sites[1].reset()


@pytest.fixture
def collector_url(collector: Collector) -> str:
    """The collector's own endpoint: another origin than the pages'."""
    return collector.endpoint


@pytest.fixture
def tab(browser: Browser, collector: Collector) -> Iterator[Tab]:
    """A page in a fresh profile."""
    context = browser.new_context()
    yield Tab(context.new_page(), collector.store)
    context.close()
