# SPDX-License-Identifier: MIT OR Apache-2.0
"""What goes on in a page while it loads: for knowing when it is idle, and for explaining a failure.

Playwright's own "networkidle" never comes in a page with edgetrace: the script of a SharedWorker
is reported as asked for and never as answered (Playwright 1.65, Chromium 156, November 2026). So
requests are counted here, without those that have no end by nature.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Page, Request, Response

from edgetrace._page_trace.errors import PageTraceError

# Playwright's definition of an idle network.
_IDLE_S: Final = 0.5
_STEP_MS: Final = 50
_ENDLESS: Final = {"eventsource", "websocket", "ping"}
_CONSOLE_LINES: Final = 12
_FAILED_SHOWN: Final = 5


@dataclass
class Seen:
    """What a load showed."""

    began_unix_ms: float = 0.0
    resources: list[str] = field(default_factory=list)
    counters: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    injected: bool = False
    page_status: int = 0
    console: deque[str] = field(default_factory=lambda: deque(maxlen=_CONSOLE_LINES))
    failed: dict[str, str] = field(default_factory=dict)
    """URL -> why it did not load: a status from 400 on, else the browser's word for it."""
    in_flight: dict[Request, str] = field(default_factory=dict)
    changed: float = 0.0
    """When a request last began or ended, by time.monotonic()."""

    def watch(self, page: Page) -> None:
        """Note the page's requests and its console from now on."""
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"uncaught: {error}"))
        page.on("request", self._began)
        page.on("response", self._answered)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def wait_until_idle(self, page: Page, until: float) -> bool:
        """Wait for half a second without requests; False at `until` (time.monotonic)."""
        while self.in_flight or time.monotonic() - self.changed < _IDLE_S:
            if time.monotonic() > until:
                return False
            page.wait_for_timeout(_STEP_MS)
        return True

    def failure(self, headline: str) -> PageTraceError:
        """An error that also tells what was seen."""
        facts = [f"page: status {self.page_status}"] if self.page_status else []
        if self.tags:
            facts.append(f"tag: {self.tags[0]}{' (put in by page_trace)' if self.injected else ''}")
        told = {key: value for key, value in self.counters.items() if value}
        if told:
            facts.append("agent: " + ", ".join(f"{key} {value}" for key, value in told.items()))
        failed = list(self.failed.items())[:_FAILED_SHOWN]
        facts += [f"did not load: {url} ({why})" for url, why in failed]
        facts += [f"console {line}" for line in self.console]
        return PageTraceError("\n  ".join([headline, *facts]))

    def _began(self, request: Request) -> None:
        worker = request.url.startswith("blob:") or "/edgetrace-worker.js" in request.url
        if not worker and request.resource_type not in _ENDLESS:
            self.in_flight[request] = request.url
            self.changed = time.monotonic()

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.failed[response.url] = str(response.status)

    def _ended(self, request: Request) -> None:
        if request.failure is not None:
            self.failed.setdefault(request.url, request.failure)
        if self.in_flight.pop(request, None) is not None:
            self.changed = time.monotonic()
