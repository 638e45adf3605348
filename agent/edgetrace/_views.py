# SPDX-License-Identifier: MIT OR Apache-2.0
"""The page views of one runtime: each message of a page, to the view that it belongs to.

Sans-IO: messages and the time come in, `SpanData` comes out. A page is known by the number of its
line to the runtime; `hello` begins its next view. What no view claims is counted, never raised.

    hello      a view begins, the page's last one is finished; or one goes on that another runtime
               has begun, with its seed, behind the rows and the documents that were sent there
    entries    spans, as `PageView` decides     span, attribute   the same
    leave      the view is finished; entries may still follow

Source: browser/src/protocol.ts, the same words on the other side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from ._clock import page_unix_nano
from ._config import Settings
from ._ids import IdGenerator
from ._nesting import parse_json
from ._page import PageView
from ._page_info import PageInfo
from ._sampler import Sampler
from ._types import SpanData
from ._view_ids import MAX_FIRST, ViewIds, read_seed

MAX_VIEWS: Final = 256
"""Views kept: nothing tells a worker that a page is gone for good."""

Message = Mapping[str, Any]


class PageViews:
    """Views by page, and what all of them counted."""

    def __init__(
        self,
        settings: Settings,
        sampler: Sampler,
        ids: IdGenerator,
        view: Callable[..., PageView] = PageView,
    ) -> None:
        """Begin without a page; `view` makes a view of one."""
        self._view = view
        self._settings, self._sampler, self._ids = settings, sampler, ids
        self._views: dict[int, PageView] = {}
        self._named: dict[int, ViewIds] = {}
        self._past: Counter[str] = Counter(views=0, malformed=0, strays=0)

    def handle(self, page: int, message: Message, now_unix_nano: int) -> list[SpanData]:
        """Take one message.

        Args:
            page: Who says it.
            message: With `kind` and its fields; `entries` as `TimingEntry` objects.
            now_unix_nano: The wall time here, for messages that do not say theirs.

        Returns:
            Spans that go out.
        """
        if message["kind"] == "hello":
            spans = self._end(page)
            if len(self._views) >= MAX_VIEWS:
                spans += self._end(next(iter(self._views)))
            self._begin(page, message)
            return spans
        view = self._views.get(page)
        if view is None:
            self._past["strays"] += 1
            return []
        self._past["malformed"] += message.get("malformed", 0)
        return self._advance(view, message, _now(message, now_unix_nano))

    def counters(self) -> dict[str, int]:
        """`PageView.counters` summed, `views` begun, `malformed` rows, `strays` without a view."""
        total = Counter(self._past)
        for view in self._views.values():
            total.update(view.counters)
        return dict(total)

    def trace_id_hex(self, page: int) -> str:
        """The page's trace; "" while nobody knows."""
        view = self._views.get(page)
        return "" if view is None or view.context is None else view.context.trace_id_hex

    def progress(self, page: int) -> tuple[int, bool] | None:
        """How far the page's view has come, for another runtime's `hello`.

        Returns:
            How many rows and spans have gone out, and whether the documents have, or never will;
            None while something waits in the view.
        """
        view = self._views.get(page)
        if view is None or view.context is None or view.waiting:
            return None
        return self._named[page].count, view.documents_out or not view.sampled

    def _begin(self, page: int, message: Message) -> None:
        self._past["views"] += 1
        first = message.get("first")
        if type(first) is not int or not 0 <= first < MAX_FIRST:
            first = 0
        seed = read_seed(message.get("view"))
        ids = ViewIds(*(seed or (self._ids.new_trace_id(), self._ids.new_span_id())), first)
        self._named[page] = ids
        view = self._views[page] = self._view(
            PageInfo.from_json(message.get("page")),
            self._settings,
            self._sampler,
            ids.new_trace_id,
            ids.new_span_id,
            ids.fetch_id,
            ids.new_span_ids,
        )
        view.documents_out = message.get("documents") is True

    def _end(self, page: int) -> list[SpanData]:
        view = self._views.pop(page, None)
        if view is None:
            return []
        spans = view.finish()
        del self._named[page]
        self._past.update(view.counters)
        return spans

    @staticmethod
    def _advance(view: PageView, message: Message, now_unix_nano: int) -> list[SpanData]:
        kind = message["kind"]
        if kind == "entries":
            return view.add(message["entries"], message["origin"], now_unix_nano)
        if kind == "leave":
            return view.finish()
        if kind == "attribute":
            view.set_attribute(message["key"], _from_json(message.get("value")))
        elif kind == "span":
            span = view.span(
                message["name"],
                message["start"],
                message["end"],
                _from_json(message.get("attributes")),
                message.get("error") or None,
                origin_unix_ms=message["origin"],
                now_unix_nano=now_unix_nano,
            )
            return [] if span is None else [span]
        return []


def _now(message: Message, here_unix_nano: int) -> int:
    """When the page said it."""
    said = message.get("now")
    return page_unix_nano(said, here_unix_nano) if isinstance(said, float | int) else here_unix_nano


def _from_json(text: object) -> Any:
    """What the page said, as it was when it said it; None if it was no JSON."""
    try:
        return parse_json(text) if isinstance(text, str) else None
    except ValueError:
        return None
