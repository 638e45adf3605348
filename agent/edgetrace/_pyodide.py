# SPDX-License-Identifier: MIT OR Apache-2.0
"""The one seam to JavaScript: clock, fetch, and a page's own performance entries.

The only module that imports `js` or `pyodide`; nothing but plain Python data leaves it, and every
JavaScript error leaves it as one of ours. Proxies of Python objects are made, handed over and
destroyed by `PageSource` alone; JavaScript objects held here go with their last reference.

Entropy needs no code: Emscripten's `os.urandom` is `crypto.getRandomValues`, in blocks of 64 KiB.

Sources: Fetch, "fetch() method"; High Resolution Time; Pyodide 314, "Type translations".
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, Final

import js
from pyodide.ffi import JsException, create_proxy, to_js

from ._clock import AnchoredClock
from ._types import ExportRequest, ExportResponse
from .errors import TransportError

MAX_ANSWER_BYTES: Final = 65_536
"""Of an answer's body; a partial success is some hundred bytes."""
MAX_KEEPALIVE_BYTES: Final = 65_536
"""Of all bodies in flight. Fetch, "HTTP-network-or-cache fetch"."""
ENTRY_TYPES: Final = ("navigation", "resource", "paint")


def page_clock() -> AnchoredClock:
    """A clock on the time line of this page's or worker's performance entries, unread.

    `time.time_ns()` steps by 1 ms in Pyodide, `perf_counter_ns()` is `performance.now()` (November
    2026): what it adds to is `performance.timeOrigin`.
    """
    return AnchoredClock(anchor_ns=_time_origin_ns)


def _time_origin_ns() -> int:
    performance = getattr(js, "performance", None)
    return round((performance.timeOrigin or 0.0) * 1_000) * 1_000 if performance else 0


class FetchTransport:
    """A `Transport` over the platform's fetch.

    A page that goes away takes its requests with it unless they are `keepalive`; a worker's are not
    held to that (dedicated ones cannot be: 0 of 24 arrived, Chromium 156, November 2026).
    """

    __slots__ = ("_fetch", "_keepalive_bytes", "_moved", "_tell")

    def __init__(
        self,
        tell: Callable[[str], None] | None = None,
        fetch: Any = None,
        moved: Callable[[], None] | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            tell: Told of each answer, for people to read.
            fetch: What stands for the platform's; it is told how many `spans` there are, too.
            moved: Called when a request is in the hands of fetch, and when its outcome is known.
        """
        self._tell, self._fetch, self._moved = tell, fetch, moved
        self._keepalive_bytes = 0

    async def send(self, request: ExportRequest) -> ExportResponse:
        """See `Transport`; a redirect is an answer like any other, and not followed."""
        abort = js.AbortController.new()
        options = {
            "method": "POST",
            "headers": request.headers,
            "body": to_js(request.body),
            "redirect": "manual",
            "signal": js.AbortSignal.any(
                to_js([abort.signal, js.AbortSignal.timeout(request.timeout_ns // 1_000_000)])
            ),
        }
        if self._fetch:
            options["spans"] = request.spans
        keepalive = hasattr(js, "document") and (
            self._keepalive_bytes + len(request.body) <= MAX_KEEPALIVE_BYTES
        )
        options["keepalive"] = keepalive
        if keepalive:
            self._keepalive_bytes += len(request.body)
        started_ns = time.perf_counter_ns()
        try:
            given = to_js(options, dict_converter=js.Object.fromEntries)
            answer = (self._fetch or js.fetch)(request.url, given)
            if self._moved:
                self._moved()
            response = await answer
            body = (await response.arrayBuffer()).to_bytes()[:MAX_ANSWER_BYTES]
            headers = js.Object.fromEntries(response.headers).to_py()
        except JsException as failure:
            raise TransportError(f"{failure.name}: {failure.message}") from failure
        except BaseException:  # the task was cancelled: nobody wants the answer
            abort.abort()
            raise
        finally:
            if keepalive:
                self._keepalive_bytes -= len(request.body)
            if self._moved:  # once whoever has asked has taken the outcome in
                asyncio.get_running_loop().call_soon(self._moved)
        if self._tell:
            took_ms = (time.perf_counter_ns() - started_ns) / 1e6
            self._tell(
                f"{request.spans} spans, {len(request.body)} bytes to {request.url}: "
                f"{response.status} after {took_ms:.0f} ms"
            )
        return ExportResponse(response.status, headers, body)


def resolve_url(url: str) -> str:
    """`url` against the page's base, absolute; as it is where it is no URL."""
    try:
        return str(js.URL.new(url, js.document.baseURI).href)
    except JsException:
        return url


def page_facts() -> dict[str, object]:
    """What the loader's `hello` says, of the page that this interpreter runs in."""
    hints = getattr(js.navigator, "userAgentData", None)
    meta = js.document.querySelector("meta[name=traceparent]")
    return {
        "url": js.location.href,
        "referrer": js.document.referrer,
        "traceparent": meta.content if meta else "",
        "visibility": js.document.visibilityState,
        "user_agent": js.navigator.userAgent,
        "language": js.navigator.language,
        "mobile": hints.mobile if hints else None,
        "platform": hints.platform if hints else "",
        "brands": [f"{brand.brand} {brand.version}" for brand in hints.brands] if hints else [],
    }


def time_origin_ms() -> float:
    """Unix ms of the page's time zero, anchored anew at each call, as the loader does."""
    anchor: float = js.Date.now() - js.performance.now()
    origin: float = js.performance.timeOrigin
    return origin if abs(anchor - origin) < 1_000 else anchor


class PageSource:
    """The page's entries and its going away, as calls with plain data.

    Owns every proxy that JavaScript holds of it; `close` destroys them all.
    """

    def __init__(
        self,
        entries: Callable[[list[dict[str, Any]]], None],
        leave: Callable[[], None],
        restore: Callable[[float, float], None],
    ) -> None:
        """Begin to listen; entries from before come with the first call.

        Args:
            entries: Given the `toJSON()` of performance entries, in the browser's order.
            leave: The page is hidden or goes away.
            restore: The page came back from the back/forward cache: when, and its first frame
                after that, in ms since its origin.
        """
        self._entries, self._leave, self._restore = entries, leave, restore
        self._proxies: list[Any] = []
        self._listeners: list[tuple[str, Any]] = []
        self._observer = js.PerformanceObserver.new(self._proxy(self._on_entries))
        js.performance.setResourceTimingBufferSize(5_000)
        for kind in ENTRY_TYPES:
            options = {"type": kind, "buffered": True}
            self._observer.observe(to_js(options, dict_converter=js.Object.fromEntries))
        self._listen("visibilitychange", self._on_visibility)
        self._listen("pagehide", self._on_pagehide)
        self._listen("pageshow", self._on_pageshow)
        self._shown_ms = 0.0
        self._frame = self._proxy(self._on_frame)

    def navigation(self) -> list[dict[str, Any]]:
        """The navigation entry as it is now: its trace is known before its load has ended."""
        return self._plain(js.performance.getEntriesByType("navigation"))

    def pending(self) -> list[dict[str, Any]]:
        """Entries that the browser has not handed over yet."""
        return self._plain(self._observer.takeRecords())

    def close(self) -> None:
        """Stop listening and destroy the proxies; may be called again."""
        self._observer.disconnect()
        for event, proxy in self._listeners:
            js.window.removeEventListener(event, proxy, True)
        for proxy in self._proxies:
            proxy.destroy()
        self._listeners, self._proxies = [], []

    def _proxy(self, callback: Callable[..., None]) -> Any:
        proxy = create_proxy(callback)
        self._proxies.append(proxy)
        return proxy

    def _listen(self, event: str, callback: Callable[..., None]) -> None:
        proxy = self._proxy(callback)
        self._listeners.append((event, proxy))
        js.window.addEventListener(event, proxy, True)

    @staticmethod
    def _plain(entries: Any) -> list[dict[str, Any]]:
        plain: list[dict[str, Any]] = json.loads(js.JSON.stringify(entries))
        return plain

    def _on_entries(self, batch: Any, _observer: Any = None, _options: Any = None) -> None:
        self._entries(self._plain(batch.getEntries()))

    def _on_visibility(self, _event: Any) -> None:
        if js.document.visibilityState == "hidden":
            self._leave()

    def _on_pagehide(self, _event: Any) -> None:
        self._leave()

    def _on_pageshow(self, event: Any) -> None:
        if event.persisted:
            self._shown_ms = event.timeStamp
            js.requestAnimationFrame(self._frame)

    def _on_frame(self, _time: float) -> None:
        self._restore(self._shown_ms, js.performance.now())
