# SPDX-License-Identifier: MIT OR Apache-2.0
"""`demo --headless`: drives Chromium through the site once, and waits for what it must have sent.

    page after page: load, wait for <html data-ready>, note the browser's own entries, go on
    last page:       edgetrace.flush() for the counters
    then:            wait for the collector until every page's trace is complete, or say what is not

The first pages are left before Python has booted in their worker, so this also shows that entries
that were handed over outlive their page. Waits are for events; only failure takes the whole time.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import (
    Browser,
    Error as PlaywrightError,
    Page,
    ViewportSize,
    sync_playwright,
)

from collector.store import Store
from tasks import chromium
from tasks.console import BuildError
from tasks.demo_check import Entry, PageLoad, problems

_PAGE_TIMEOUT_MS: Final = 20_000
_VIEWER_SIZE: Final[ViewportSize] = {"width": 1280, "height": 1480}

_ENTRIES_JS: Final = """() => ({
    origin: performance.timeOrigin,
    url: performance.getEntriesByType("navigation")[0].name,
    resources: performance.getEntriesByType("resource").map(
        (entry) => [entry.name, entry.startTime, entry.responseEnd, entry.responseStatus ?? 0]),
})"""
_FLUSH_JS: Final = """(wait_ms) => Promise.race([
    window.edgetrace?.flush?.() ?? Promise.resolve(null),
    new Promise((resolve) => setTimeout(resolve, wait_ms, null)),
])"""


class Visit:
    """What one run through the site saw."""

    def __init__(self) -> None:
        self.pages: list[PageLoad] = []
        self.counters: dict[str, Any] | None = None
        self.console: list[str] = []


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A fresh headless Chromium, the one that is on PATH.

    Raises:
        BuildError: There is none, or it does not start.
    """
    path = chromium.path()
    if path is None:
        raise BuildError("no Chromium on PATH. Remedy: apt-get install chromium")
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(
                executable_path=path, args=list(chromium.FLAGS), timeout=_PAGE_TIMEOUT_MS
            )
        except PlaywrightError as exc:
            raise BuildError(f"{path} does not start: {first_line(exc)}") from exc
        try:
            yield started
        finally:
            started.close()


def visit(
    chrome: Browser,
    site: str,
    paths: Sequence[str],
    timeout_s: float,
    note: Callable[[str], None],
) -> Visit:
    """Load every page once, in one tab.

    Args:
        chrome: A running browser.
        site: The site's origin.
        paths: What to load, in this order.
        timeout_s: How long the last page may wait for the agent to have sent everything.
        note: Gets a line for the reader per page.

    Raises:
        BuildError: A page did not load; the message says which.
    """
    seen = Visit()
    page = chrome.new_context().new_page()
    page.on("console", lambda message: seen.console.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.console.append(f"error: {error}"))
    page.set_default_timeout(_PAGE_TIMEOUT_MS)
    for path in paths:
        started = time.monotonic()
        try:
            page.goto(site + path, wait_until="load")
            page.locator("html[data-ready]").wait_for(state="attached")
            load = _account(page, site)
        except PlaywrightError as exc:
            raise BuildError(f"{path} did not load: {first_line(exc)}") from exc
        seen.pages.append(load)
        ms = (time.monotonic() - started) * 1e3
        note(f"{path:<12} {len(load.resources):>3} resources, {ms:.0f} ms")
    with contextlib.suppress(PlaywrightError):
        seen.counters = page.evaluate(_FLUSH_JS, timeout_s * 1e3)
    return seen


def wait_until_complete(store: Store, seen: Visit, timeout_s: float) -> list[str]:
    """Wait for every page's trace; say what is still missing after `timeout_s`."""

    def still_missing(held: Store) -> list[str]:
        spans = held.spans()
        return [
            f"{load.url}: {'; '.join(found)}"
            for load in seen.pages
            if (found := problems(load, spans))
        ]

    with contextlib.suppress(TimeoutError):
        store.wait_for(lambda held: not still_missing(held), timeout_s)
    return still_missing(store)


def screenshot(chrome: Browser, collector: str, trace_id: str, file: Path) -> None:
    """Open one trace in the collector's viewer and take its picture.

    Raises:
        BuildError: The viewer did not show it.
    """
    page = chrome.new_context(viewport=_VIEWER_SIZE, color_scheme="light").new_page()
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        page.goto(f"{collector}/#/trace/{trace_id}", timeout=_PAGE_TIMEOUT_MS)
        page.get_by_text("documentFetch").first.wait_for(timeout=_PAGE_TIMEOUT_MS)
        page.screenshot(path=file)
    except PlaywrightError as exc:
        raise BuildError(f"the viewer did not show the trace: {first_line(exc)}") from exc


def first_line(error: Exception) -> str:
    """The first line of an error's text; Playwright's go on with a call log."""
    return str(error).strip().partition("\n")[0]


def describe_counters(counters: dict[str, Any] | None) -> str:
    """The agent's counters in one line; what is zero is left out."""
    if counters is None:
        return "the agent gave no counters"
    shown = {key: value for key, value in counters.items() if value not in (0, "", None, False)}
    return ", ".join(
        f"{key} {value if isinstance(value, int | float) else json.dumps(value).strip(chr(34))}"
        for key, value in shown.items()
    )


def _account(page: Page, site: str) -> PageLoad:
    """The browser's own entries, without the agent's own files."""
    told = page.evaluate(_ENTRIES_JS)
    origin = told["origin"]
    return PageLoad(
        told["url"],
        tuple(
            Entry(name, origin + start, origin + end, status)
            for name, start, end, status in told["resources"]
            if not name.startswith(f"{site}/edgetrace/") and not name.endswith("/v1/traces")
        ),
    )
