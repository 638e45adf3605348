# SPDX-License-Identifier: MIT OR Apache-2.0
"""The browser's adapter: `serve` for the runtime worker, `start` for a page with its own Pyodide.

    loader --messages--> host.ts --plain data--+
                                               +--> Runtime --> PageViews --> provider --> fetch
    a page's own Pyodide: PageSource ----------+

Decides nothing about entries (`_page`), order (`_runtime`) or delivery (`_export`).
"""

from __future__ import annotations

import json
import os
from typing import Any, Final

from . import _pyodide
from ._config import Settings
from ._configure import configure
from ._entries import entries_from_json, unpack_entries
from ._export import Exporter
from ._pump import Pump
from ._runtime import Runtime
from ._tracer import TracerProvider
from .errors import AgentError

__all__ = ["flush", "serve", "start", "stop"]

PAGE: Final = 1
"""The page that an interpreter of its own runs in."""
SLICE: Final = 200
"""Entries per message, as the loader's."""


class WorkerRuntime:
    """What host.ts holds: plain data in, JSON out.

    Attributes:
        last_error: The last failed send, for the counters.
    """

    def __init__(self, dataset: str, post: Any) -> None:
        """Validate the script tag.

        Args:
            dataset: JSON pairs of the tag's `dataset`.
            post: JavaScript's; takes a page's number and JSON.

        Raises:
            ConfigError: An attribute's value is not of its form.
        """
        self._settings = Settings.from_dataset(dict(json.loads(dataset)))
        self._post_json = post
        self.last_error = ""
        self._page = 0
        self._runtime = Runtime(self._provider, self._post)

    def entries(self, page: int, origin: float, numbers: Any, text: str) -> None:
        """Take a batch as the loader packs it; `numbers` is a Float64Array."""
        entries, malformed = unpack_entries(numbers.to_bytes(), text)
        message = {"kind": "entries", "origin": origin, "entries": entries, "malformed": malformed}
        self._runtime.tell(page, message)

    def receive(self, page: int, message: str) -> None:
        """Take any other message."""
        self._page = page
        self._runtime.tell(page, json.loads(message))

    def _post(self, page: int, message: dict[str, object]) -> None:
        if "counters" in message:
            message = {**message, "last_error": self.last_error}
        self._post_json(page, json.dumps(message))

    def _provider(self) -> TracerProvider:
        clock = _pyodide.page_clock()
        exporter = Exporter(self._settings, self._settings.resource(), os.urandom)
        pump = Pump(exporter, _pyodide.FetchTransport(self._tell), clock, self._failed)
        return TracerProvider(
            self._settings,
            clock=clock,
            entropy=os.urandom,
            exporter=exporter,
            delivery=pump,
            error_handler=self._failed,
        )

    def _failed(self, error: AgentError) -> None:
        self.last_error = f"{type(error).__name__}: {error}"
        self._tell(self.last_error)

    def _tell(self, text: str) -> None:
        if self._settings.debug:
            self._post(self._page, {"kind": "debug", "text": f"[edgetrace] {text}"})


class PageRuntime:
    """A page's own Pyodide: what loader and worker do elsewhere, in one place."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Configure the program's provider, then look at the page."""
        options["endpoint"] = _pyodide.resolve_url(options.get("endpoint") or "/v1/traces")
        provider = configure(**options)
        self.runtime = Runtime(lambda: provider, lambda _page, _message: None)
        self._begin()
        self.source = _pyodide.PageSource(self._add, self._leave, self._restore)
        self._add(self.source.navigation())

    def _begin(self) -> None:
        self.runtime.tell(PAGE, {"kind": "hello", "page": _pyodide.page_facts()})

    def _add(self, items: list[dict[str, Any]]) -> None:
        origin = _pyodide.time_origin_ms()
        items.sort(
            key=lambda item: item.get("entryType") == "resource"
        )  # paints before the load's end
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


def serve(dataset: str, post: Any) -> WorkerRuntime:
    """The runtime worker's end; see `WorkerRuntime`."""
    return WorkerRuntime(dataset, post)


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
    return _running[0].runtime.provider


async def flush() -> bool:
    """Hand over what the browser holds and send everything; True if nothing is left undelivered."""
    if not _running:
        return True
    page = _running[0]
    page._add(page.source.pending())
    await page.runtime.flush()
    return await page.runtime.provider.force_flush()


def stop() -> None:
    """Erase what is not delivered, look no more, let go of every proxy; at any time."""
    while _running:
        page = _running.pop()
        page.source.close()
        page.runtime.provider.stop()
