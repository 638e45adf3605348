# SPDX-License-Identifier: MIT OR Apache-2.0
"""A tab and what it sent: visits, the agent's own words, its spans in the collector."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import ConsoleMessage, Page

from collector.records import SpanRecord
from collector.store import Store

FLUSH_TIMEOUT_MS: Final = 60_000
"""Pyodide's start on a busy machine, not a measure of anything."""


class Tab:
    """One page of one context.

    Attributes:
        page: Playwright's.
        said: What the page's console shows, without what the browser itself says about requests.
        faults: Exceptions nobody caught.
        violations: What the browser says of its Content Security Policy.
    """

    def __init__(self, page: Page, store: Store) -> None:
        self.page, self.store = page, store
        self.said: list[str] = []
        self.faults: list[str] = []
        self.violations: list[str] = []
        page.set_default_timeout(FLUSH_TIMEOUT_MS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def visit(self, url: str) -> None:
        """Go there and wait for the load event."""
        self.page.goto(url)

    def flush(self) -> dict[str, Any]:
        """Hand over and send everything; the counters."""
        return self.page.evaluate("window.edgetrace.flush()")

    def counters(self) -> dict[str, Any]:
        """The counters, whether Python runs or not."""
        return self.page.evaluate("window.edgetrace.counters()")

    def resources(self) -> list[dict[str, Any]]:
        """The page's own resource entries, the agent's files and requests left out."""
        return [
            entry
            for entry in self.page.evaluate(
                "performance.getEntriesByType('resource').map(entry => entry.toJSON())"
            )
            if "/edgetrace/" not in entry["name"] and not entry["name"].endswith("/v1/traces")
        ]

    def spans(self, name: str = "") -> list[SpanRecord]:
        """All spans of that name that have arrived, or all."""
        return [span for span in self.store.spans() if not name or span["name"] == name]

    def only(self, name: str) -> SpanRecord:
        """The one span of that name."""
        (span,) = self.spans(name)
        return span

    def wait_for(self, spans: int, timeout_s: float = 60.0) -> None:
        """Wait until at least so many spans have arrived."""
        self.store.wait_for(lambda store: store.span_count >= spans, timeout_s)

    def _on_console(self, message: ConsoleMessage) -> None:
        # The browser tells of failed requests and of its policies by itself; no page can prevent
        # it.
        own = ("Failed to load resource", "Refused to", "The resource ", "Access to ")
        if "Content Security Policy" in message.text:
            self.violations.append(message.text)
        elif not message.text.startswith(own):
            self.said.append(message.text)
