# SPDX-License-Identifier: MIT OR Apache-2.0
"""The browser's adapter: `start` for a page with its own Pyodide, `serve` for the runtime worker.

    page's entries --PageSource--> PageRuntime --> Runtime --> PageViews --> provider --> fetch

Decides nothing about entries (`_page`), order (`_runtime`) or delivery (`_export`).
"""

from __future__ import annotations

from typing import Any, Final

from . import _pyodide
from ._configure import configure
from ._entries import entries_from_json
from ._runtime import Runtime
from ._serve import serve
from ._tracer import TracerProvider

__all__ = ["flush", "serve", "start", "stop"]

PAGE: Final = 1
"""The page that an interpreter of its own runs in."""
SLICE: Final = 200
"""Entries per message, as the loader's."""


class PageRuntime:
    """A page's own Pyodide: what loader and worker do elsewhere, in one place."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Configure the program's provider, then look at the page."""
        options["endpoint"] = _pyodide.resolve_url(options.get("endpoint") or "/v1/traces")
        self.provider = configure(**options)
        self.runtime = Runtime(lambda: self.provider, lambda _page, _message: None)
        self._begin()
        self.source = _pyodide.PageSource(self._add, self._leave, self._restore)
        self._add(self.source.navigation())

    def _begin(self) -> None:
        self.runtime.tell(PAGE, {"kind": "hello", "page": _pyodide.page_facts()})

    def _add(self, items: list[dict[str, Any]]) -> None:
        own = self.provider.settings.traces_url  # our sending is no work of the page's
        items = [item for item in items if item.get("name") != own]
        items.sort(key=lambda item: item.get("entryType") == "resource")  # before them: paints
        origin = _pyodide.time_origin_ms()
        for first in range(0, len(items), SLICE):
            entries, malformed = entries_from_json(items[first : first + SLICE])
            batch = {"entries": entries, "malformed": malformed, "origin": origin}
            self.runtime.tell(PAGE, {"kind": "entries", **batch})

    def _leave(self) -> None:
        self._add(self.source.pending() + self.source.navigation())
        self.runtime.tell(PAGE, {"kind": "leave"})

    def _restore(self, shown_ms: float, framed_ms: float) -> None:
        self._begin()
        row = {"entryType": "restore", "startTime": shown_ms, "responseEnd": framed_ms}
        self._add([row])


_running: list[PageRuntime] = []


def start(**options: Any) -> TracerProvider:
    """Trace the page that this Pyodide runs in: its load, its resources, now and later.

    Args:
        options: As for `edgetrace.configure`; a relative `endpoint` is the page's, default
            "/v1/traces".

    Returns:
        The program's provider: spans of `edgetrace.get_tracer` go the same way.

    Raises:
        ConfigError: An option is unknown, or its value is not of its form.
    """
    stop()
    _running.append(PageRuntime(options))
    return _running[0].provider


async def flush() -> bool:
    """Hand over what the browser holds and send everything; True if nothing is left undelivered."""
    if not _running:
        return True
    page = _running[0]
    page._add(page.source.pending())
    await page.runtime.flush()
    return await page.provider.force_flush()


def stop() -> None:
    """Erase what is not delivered, look no more, let go of every proxy; at any time."""
    while _running:
        page = _running.pop()
        page.source.close()
        page.provider.stop()
