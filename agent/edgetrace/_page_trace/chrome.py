# SPDX-License-Identifier: MIT OR Apache-2.0
"""Loads a page in headless Chromium as a first visitor would, its tag pointed at the sink.

Everything of Playwright happens in one thread of its own: its synchronous API refuses a thread in
which an event loop runs, and under pytest-asyncio or pytest-playwright the test's thread has one.
Each load has a fresh browser context: cold cache, no worker from before.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Error, Page, Playwright, TimeoutError, sync_playwright

from edgetrace._page_trace import scripts
from edgetrace._page_trace.errors import PageTraceError
from edgetrace._page_trace.watch import Seen

WaitUntil = Literal["commit", "domcontentloaded", "load", "networkidle"]

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page from elsewhere must ask before it may speak to this machine, where the sink is.
    # https://developer.chrome.com/blog/local-network-access (Chromium 142)
    "--disable-features=LocalNetworkAccessChecks",
)
_START_TIMEOUT_MS: Final = 60_000
_AGENT_TIMEOUT_MS: Final = 10_000


@dataclass
class Load:
    """What to load, and how."""

    url: str
    endpoint: str
    agent_url: str | None
    until: float
    """When to give up, by time.monotonic()."""
    ready: str | None
    wait_until: WaitUntil
    context_options: Mapping[str, Any]
    prepare: Callable[[Page], object] | None

    def left_ms(self) -> float:
        """How long there is still, at least a millisecond: to Playwright 0 means for ever."""
        return max((self.until - time.monotonic()) * 1e3, 1.0)


def find_chromium() -> str:
    """The browser that EDGETRACE_CHROMIUM names, else the first one on PATH.

    Raises:
        PageTraceError: There is none.
    """
    named = os.environ.get("EDGETRACE_CHROMIUM")
    if named:
        if shutil.which(named):
            return named
        raise PageTraceError(
            f"EDGETRACE_CHROMIUM is {named!r}, which is no program; give the path of a Chromium or "
            "Chrome, or unset it to take the one on PATH"
        )
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise PageTraceError(
            f"no Chromium: none of {', '.join(NAMES)} is on PATH; install one (Debian: apt-get "
            "install chromium), or give its path in EDGETRACE_CHROMIUM"
        )
    return found


class Chrome:
    """One headless browser for a test run."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="page_trace")
        self._playwright: Playwright | None = None
        self._browser: Browser
        try:
            self._thread.submit(self._start, path).result()
        except BaseException:
            self.close()
            raise

    def load(self, wanted: Load) -> Seen:
        """Load a page and have its agent send what it has.

        Raises:
            PageTraceError: The page did not load, has no agent, or its agent cannot run.
        """
        return self._thread.submit(self._load, wanted).result()

    def close(self) -> None:
        """Stop the browser."""
        self._thread.submit(self._stop).result()
        self._thread.shutdown()

    def _start(self, path: str) -> None:
        # A sandbox needs a user namespace, which root has not got in most containers.
        root = ("--no-sandbox",) if getattr(os, "geteuid", int)() == 0 else ()
        self._playwright = sync_playwright().start()
        try:
            self._browser = self._playwright.chromium.launch(
                executable_path=path, args=[*FLAGS, *root], timeout=_START_TIMEOUT_MS
            )
        except Error as error:
            raise PageTraceError(f"{path} does not start: {_first_line(error)}") from error

    def _stop(self) -> None:
        if self._playwright is not None:
            self._playwright.stop()
            self._playwright = None

    def _load(self, wanted: Load) -> Seen:
        seen = Seen()
        # The page's policy need not allow the sink; what is under test is not the policy.
        options = {"bypass_csp": True, **wanted.context_options}
        context = self._browser.new_context(**options)
        try:
            page = context.new_page()
            seen.watch(page)
            page.add_init_script(scripts.point_tag_at(wanted.endpoint, wanted.agent_url))
            if wanted.prepare is not None:
                wanted.prepare(page)
            _open(page, wanted, seen)
            _ask(page, wanted, seen)
        finally:
            context.close()
        return seen


def _open(page: Page, wanted: Load, seen: Seen) -> None:
    """Go there, until the page is as it was asked for."""
    idle = wanted.wait_until == "networkidle"
    try:
        response = page.goto(
            wanted.url,
            wait_until="load" if idle else wanted.wait_until,
            timeout=wanted.left_ms(),
        )
        seen.page_status = response.status if response else 0
        if idle and not seen.wait_until_idle(page, wanted.until):
            raise seen.failure(
                f"{wanted.url} was never half a second without requests (still open: "
                f"{', '.join(list(seen.in_flight.values())[:3]) or 'none at the moment'}); "
                "pass wait_until='load', or ready= with a selector"
            )
    except TimeoutError as error:
        raise seen.failure(f"{wanted.url} did not load in time") from error
    except Error as error:
        raise seen.failure(f"{wanted.url} did not load: {_first_line(error)}") from error
    if wanted.ready is None:
        return
    try:
        page.locator(wanted.ready).first.wait_for(state="attached", timeout=wanted.left_ms())
    except TimeoutError as error:
        raise seen.failure(f"nothing matched ready={wanted.ready!r} in time") from error
    except Error as error:
        raise seen.failure(f"ready={wanted.ready!r}: {_first_line(error)}") from error


def _ask(page: Page, wanted: Load, seen: Seen) -> None:
    """Have the agent send everything, and note what the browser itself saw."""
    try:
        state = page.evaluate(scripts.STATE)
        seen.tags, seen.injected = state["tags"], state["injected"]
        if not seen.tags:
            raise seen.failure(
                f"{wanted.url} has no edgetrace tag, and there is no agent to put into it; add the "
                "tag, or pass agent_url= (or --edgetrace-agent-url, or --edgetrace-dist)"
            )
        _wait_for_agent(page, wanted, seen)
        account = page.evaluate(scripts.ACCOUNT)
        seen.began_unix_ms, seen.resources = account["origin"], account["resources"]
        seen.counters = page.evaluate(scripts.FLUSH, wanted.left_ms()) or {}
    except Error as error:
        raise seen.failure(f"the page was gone before its trace: {_first_line(error)}") from error
    if seen.counters.get("runtime") == "none":
        raise seen.failure(f"the agent cannot run in this page: {seen.counters.get('cause')}")


def _wait_for_agent(page: Page, wanted: Load, seen: Seen) -> None:
    """Wait until agent.js has run; a tag that a script added after load may still be loading."""
    if any(tag not in seen.failed for tag in seen.tags):
        with contextlib.suppress(TimeoutError):
            timeout = min(wanted.left_ms(), _AGENT_TIMEOUT_MS)
            page.wait_for_function(scripts.IS_THERE, timeout=timeout)
            return
    reason = seen.failed.get(seen.tags[0], "is there, but window.edgetrace is not")
    raise seen.failure(f"the agent's script did not run: {seen.tags[0]} {reason}")


def _first_line(error: Exception) -> str:
    """Without Playwright's call log, and without its own name for the call."""
    return str(error).strip().partition("\n")[0].removeprefix("Page.goto: ")
