# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pages on one side, a provider on the other: messages wait, in order, while the queue is full.

A page of thousands of resources tells of them within milliseconds, and the queue's limit is 2,048
spans; because its messages wait for the queue to drain, the limit loses nothing. Knows asyncio, but
no browser: `browser.py` brings the messages in, the provider's pump brings the spans out.

    tell -> waiting -> PageViews -> provider
               |  no room: force_flush, then on
               `- more than MAX_WAITING: on all the same, and the queue counts what it drops

Whoever keeps what a page has said tells `mark` now and then, and hears `taken` when it need no
longer: when all of that is delivered, or (`hands_over`) in requests, which are the transport's.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from ._columns import PackedPageView
from ._config import Settings
from ._ids import IdGenerator
from ._records import Protocol
from ._sampler import Sampler
from ._types import Clock, Scope, SpanData
from ._version import VERSION
from ._views import Message, PageViews

SCOPE: Final = Scope("edgetrace.browser", VERSION)
MAX_WAITING: Final = 100
"""Messages, of some 200 entries at most, that wait for room."""

Post = Callable[[int, dict[str, object]], None]


class Provider(Protocol):
    """Where spans go: a `TracerProvider`, or a `Pipeline`."""

    settings: Settings
    clock: Clock
    ids: IdGenerator
    sampler: Sampler

    def emitter(self, scope: Scope) -> Callable[[SpanData], None]:
        """What takes the ended, sampled spans of one scope."""

    async def force_flush(self) -> bool:
        """Send everything queued now and wait for the answers."""

    def stop(self) -> None:
        """Drop everything undelivered, now."""

    def counters(self) -> dict[str, int]:
        """By name; `queued` where spans wait."""


class Runtime:
    """All page views of one configuration.

    Attributes:
        provider: The one in use; another after each `stop`.
    """

    def __init__(
        self, make_provider: Callable[[], Provider], post: Post, *, hands_over: bool = False
    ) -> None:
        """Begin without a page.

        Args:
            make_provider: Called now and after each `stop`, which is final for a provider.
            post: Takes a page's number and what to tell it.
            hands_over: Whether the transport keeps what it is given until it is delivered.
        """
        self._hands_over = hands_over
        self._make_provider, self._post = make_provider, post
        self._waiting: deque[tuple[int, Message]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._marks: deque[tuple[int, dict[str, object], int]] = deque()
        self._past: Counter[str] = Counter()
        self._begin()

    def tell(self, page: int, message: Message) -> None:
        """Take a message of `page`; `counters`, `stop` and `online` overtake those that wait."""
        if message["kind"] == "counters":
            self._post(page, {"kind": "counters", "id": message["id"], "counters": self.counters()})
        elif message["kind"] == "stop":
            self.stop()
        elif message["kind"] == "online":
            self._start(self.flush())
        else:
            self._waiting.append((page, message))
            self._advance()

    def stop(self) -> None:
        """Erase all that is not delivered; views that begin later are traced again."""
        self._waiting.clear()
        self._marks.clear()
        self.provider.stop()
        self._past.update(self._counts())
        self._begin()

    def counters(self) -> dict[str, int]:
        """The providers' counters, the views' as `view_<name>`, and `waiting_messages`."""
        total = Counter(self._past)
        total.update(self._counts())  # unlike +, keeps zeros
        return {**total, "waiting_messages": len(self._waiting)}

    def settle(self) -> None:
        """Tell whose marks have come; to be called when requests are handed over or answered."""
        if not self._marks:
            return
        counts = self.provider.counters()
        left = counts["ended"] - counts["queued"]
        if not self._hands_over and (counts["queued"] or counts["in_flight"]):
            return
        while self._marks and self._marks[0][2] <= left:
            page, told, _ = self._marks.popleft()
            self._post(page, told)

    async def flush(self, page: int = 0, answer: int | None = None) -> None:
        """Send what has been told so far and wait for the answers; then answer `page`."""
        await self.provider.force_flush()
        if answer is not None:
            told: dict[str, object] = {"id": answer, "counters": self.counters()}
            self._post(page, {"kind": "flushed", **told})

    def _begin(self) -> None:
        self.provider = self._make_provider()
        self._emit = self.provider.emitter(SCOPE)
        provider = self.provider
        view = partial(PackedPageView, self._emit)
        self._views = PageViews(provider.settings, provider.sampler, provider.ids, view)

    def _counts(self) -> dict[str, int]:
        views = {f"view_{name}": count for name, count in self._views.counters().items()}
        return {**self.provider.counters(), **views}

    def _advance(self) -> None:
        while self._waiting and (self._has_room() or len(self._waiting) > MAX_WAITING):
            self._handle(*self._waiting.popleft())
        if self._waiting and not self._draining:
            self._draining = True
            self._start(self._drain())

    def _handle(self, page: int, message: Message) -> None:
        kind = message["kind"]
        if kind == "mark":
            if (progress := self._views.progress(page)) is not None:
                first, documents = progress
                told = {"count": message["count"], "first": first, "documents": documents}
                ended = self.provider.counters()["ended"]
                self._marks.append((page, {"kind": "taken", **told}, ended))
                self.settle()
            return
        if kind == "flush":
            self._start(self.flush(page, message["id"]))
            return
        debug = self.provider.settings.debug
        before = self._views.counters().get("spans", 0) if debug else 0
        for span in self._views.handle(page, message, self.provider.clock.unix_nano()):
            self._emit(span)
        if kind == "leave":
            self._start(self.flush())
        if debug:
            made = self._views.counters().get("spans", 0) - before  # those of columns are out
            trace = self._views.trace_id_hex(page) or "a trace not begun"
            text = f"[edgetrace] {kind}: {made} spans of {trace}"
            self._post(page, {"kind": "debug", "text": text})

    def _has_room(self) -> bool:
        queued = self.provider.counters().get("queued", 0)
        entries = len(self._waiting[0][1].get("entries", ())) + 2  # documentLoad, documentFetch
        return not queued or queued + entries <= self.provider.settings.max_queue_size

    async def _drain(self) -> None:
        try:
            await self.provider.force_flush()
        finally:
            self._draining = False
        self._advance()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)  # the loop keeps only weak references to tasks
        task.add_done_callback(self._tasks.discard)
