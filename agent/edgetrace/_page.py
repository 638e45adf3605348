# SPDX-License-Identifier: MIT OR Apache-2.0
"""One page view is one trace: whether it is sampled, and when its spans go out.

Sans-IO: entries, spans and the time come in, `SpanData` comes out; kept is only what has to wait.
Children need no more of the root than its id, so a documentLoad that goes out last loses nothing.

    undecided --navigation, restore, finish or MAX_WAITING--> decided --sampled--> spans
      entries and spans wait                                     `--------else---> counted

documentLoad and documentFetch go out when the load has ended, or with `finish`: a load that its
visitor left ends at the last time known. What comes afterwards still joins the trace.

Source: OpenTelemetry specification, trace/sdk "Sampling".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ._attributes import put
from ._config import Settings
from ._custom import CustomSpan, check, custom_span
from ._join import begin, same_trace, server_context
from ._limits import MAX_UNIX_NANO, SpanLimits
from ._page_info import PageInfo
from ._phases import PAINTS
from ._sampler import Sampler
from ._timing import Frame, Kind, TimingEntry, document_spans, mend, resource_span, unix_nano
from ._types import AttributeValue, Link, SpanContext, SpanData
from ._urls import redact

COUNTERS: Final = (
    *("entries", "spans", "unsampled", "repaired", "clamped", "late", "unknown"),
    *("without_origin", "invalid_spans", "invalid_attributes", "dropped_attributes"),
)
MAX_WAITING: Final = 4096
"""Entries and spans that wait for the navigation; with more, the trace begins without it."""
MAX_UNIX_MS: Final = 2.0**63 / 1e6  # the year 2262


class PageView:
    """One page view. Nothing that a page says can make a method raise; what is ignored is counted.

    Attributes:
        counters: By name: `entries` that came in, `spans` that went out, and what was ignored.
        documents_out: Whether documentLoad and documentFetch are, by this runtime or another.
    """

    def __init__(
        self,
        info: PageInfo,
        settings: Settings,
        sampler: Sampler,
        new_trace_id: Callable[[], bytes],
        new_span_id: Callable[[], bytes],
        new_fetch_id: Callable[[], bytes] | None = None,
        new_span_ids: Callable[[int], list[bytes]] | None = None,
    ) -> None:
        """Begin; no id is drawn yet. `new_fetch_id` is asked for documentFetch's, `new_span_id` for
        documentLoad's first, then for that of each row and span in turn, `new_span_ids` for many.
        """
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._frame: Frame | None = None
        self._info, self._settings, self._sampler = info, settings, sampler
        self._new_trace_id, self._new_span_id = new_trace_id, new_span_id
        self._new_fetch_id, self._new_span_ids = new_fetch_id or new_span_id, new_span_ids
        self._limits = SpanLimits.from_settings(settings)
        self._links: list[Link] = []
        self._facts = info.attributes(settings.url_query)
        self._attributes: dict[str, AttributeValue] = {}
        self._navigation: tuple[int, TimingEntry] | None = None
        self._paints: dict[str, float] = {}
        self._waiting: list[tuple[int, TimingEntry | CustomSpan]] = []
        self.documents_out = False
        self._origin_unix_nano: int | None = None
        self._now_unix_nano = MAX_UNIX_NANO  # until a time is given
        self._first_unix_nano: int | None = None
        self._last_unix_nano = 0

    @property
    def context(self) -> SpanContext | None:
        """The documentLoad span's context; None until the trace is decided."""
        return self._frame.root if self._frame else None

    @property
    def sampled(self) -> bool:
        """Whether spans go out; False until the trace is decided."""
        return self._frame is not None and self._frame.root.sampled

    @property
    def waiting(self) -> int:
        """How many entries and spans wait for the trace to be decided."""
        return len(self._waiting)

    def add(
        self, entries: Iterable[TimingEntry], origin_unix_ms: float, now_unix_nano: int
    ) -> list[SpanData]:
        """Take entries, in any order.

        Args:
            entries: They need not be mended.
            origin_unix_ms: The page's time origin, ms since 1970; where it cannot be true, the one
                of the batch before is taken.
            now_unix_nano: The wall time.

        Returns:
            The spans that can go out now, documentLoad first.
        """
        self._set_time(origin_unix_ms, now_unix_nano)
        for entry in entries:
            self.counters["entries"] += 1
            if self._origin_unix_nano is None:
                self.counters["without_origin"] += 1
                continue
            entry, repaired = mend(entry)
            self.counters["repaired"] += repaired
            if entry.kind == Kind.RESOURCE:
                self._waiting.append((self._origin_unix_nano, entry))
            elif entry.kind in (Kind.NAVIGATION, Kind.RESTORE):
                self._take_navigation(entry, self._origin_unix_nano)
            elif entry.kind == Kind.PAINT and entry.name in PAINTS:
                if self.documents_out:
                    self.counters["late"] += 1
                else:
                    self._paints[entry.name] = entry.start_time
            else:
                self.counters["unknown"] += 1
        if self._frame is None and len(self._waiting) > MAX_WAITING:
            self._decide(None)
        return self._release(leaving=False)

    def span(
        self,
        name: str,
        start_ms: float,
        end_ms: float,
        attributes: object = None,
        error: str | None = None,
        *,
        origin_unix_ms: float = 0.0,
        now_unix_nano: int = 0,
    ) -> SpanData | None:
        """Take a span that the page measured itself; its parent is documentLoad.

        Args:
            name: Like the next four, see `_custom.check`.
            start_ms: In ms since the origin, as `performance.now()` gives it.
            end_ms: The same.
            attributes: A mapping.
            error: A message, if what was measured failed.
            origin_unix_ms: As for `add`; 0 for the last known, as for the next.
            now_unix_nano: As for `add`.

        Returns:
            The span; None if it waits, and comes with a later `add` or `finish`, or is not to go
            out.
        """
        self._set_time(origin_unix_ms, now_unix_nano)
        custom, invalid = check(name, start_ms, end_ms, attributes, error, self._limits)
        self.counters["invalid_attributes"] += invalid
        if custom is None or self._origin_unix_nano is None:
            self.counters["invalid_spans"] += 1
            return None
        if self._frame is None and len(self._waiting) >= MAX_WAITING:
            self._decide(None)
        if self._frame is None:
            self._waiting.append((self._origin_unix_nano, custom))
            return None
        if not self.sampled:
            self.counters["unsampled"] += 1
            return None
        return self._span(custom, self._at(self._frame, self._origin_unix_nano))

    def _count(self, spans: int, first_unix_nano: int, last_unix_nano: int) -> None:
        """Take note of spans that go out."""
        self.counters["spans"] += spans
        if self._first_unix_nano is None or first_unix_nano < self._first_unix_nano:
            self._first_unix_nano = first_unix_nano
        self._last_unix_nano = max(self._last_unix_nano, last_unix_nano)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set an attribute of the view: of documentLoad, if it is not out, and of custom spans."""
        limits = self._limits
        outcome = put(self._attributes, key, value, limits.attributes, limits.value_length)
        if outcome:
            self.counters[f"{outcome}_attributes"] += 1

    def finish(self, now_unix_nano: int = 0) -> list[SpanData]:
        """Give out all that is left: the page may not speak again.

        May be called again, and entries may still come: what is out stays out. `now_unix_nano` is
        as for `add`, 0 for the last known.
        """
        self._set_time(0.0, now_unix_nano)
        if self._frame is None and self._waiting:
            self._decide(None)
        return self._release(leaving=True)

    def _set_time(self, origin_unix_ms: float, now_unix_nano: int) -> None:
        if now_unix_nano > 0:
            self._now_unix_nano = now_unix_nano
        try:
            if 0.0 < origin_unix_ms < MAX_UNIX_MS:
                self._origin_unix_nano = unix_nano(origin_unix_ms)
        except TypeError:
            return

    def _take_navigation(self, entry: TimingEntry, origin_unix_nano: int) -> None:
        """Keep the latest word on a navigation: it is announced, and said again when it ended."""
        if self.documents_out and self._frame:
            self.counters["late"] += 1
            return
        if not entry.name:
            entry = entry._replace(name=self._info.url)
        first, self._navigation = not self._navigation, (origin_unix_nano, entry)
        if self._frame is None:
            self._decide(entry)
        elif first:  # it came too late to be the parent
            server = server_context(entry)
            if server and not same_trace(server, self._frame.root):
                self._links.append(Link(server))

    def _decide(self, navigation: TimingEntry | None) -> None:
        """Fix the trace, its parent and whether it is sampled, once."""
        settings = self._settings
        url = redact(navigation.name if navigation else self._info.url, settings.url_query)
        trace = begin(
            self._info.traceparent,
            navigation,
            {"url.full": url, **self._facts},
            self._sampler,
            self._new_trace_id,
            self._new_span_id,
        )
        self._links = trace.links
        self._facts.update(trace.attributes)
        self._frame = Frame(
            trace.context, trace.parent, 0, 0, settings.phases, settings.url_query, self._limits
        )

    def _release(self, leaving: bool) -> list[SpanData]:
        """Give out what can go: the documents where the load has ended, and what waited."""
        if self._frame is None:
            return []
        waiting, self._waiting = self._waiting, []
        if not self.sampled:
            self.counters["unsampled"] += len(waiting)
            return []
        frame = self._frame
        spans = [self._span(item, frame := self._at(frame, origin)) for origin, item in waiting]
        return self._documents(frame, leaving) + spans

    def _documents(self, frame: Frame, leaving: bool) -> list[SpanData]:
        """Make documentLoad and documentFetch, once, when the load has ended or the page leaves."""
        if self.documents_out:
            return []
        if self._navigation:
            origin, entry = self._navigation
            ended = entry.response_end if entry.kind == Kind.RESTORE else entry.load_event_end
            if not ended and not leaving:
                return []
        elif leaving and self._first_unix_nano is not None:
            # No navigation ever came: a root around what did, so that none of it is an orphan.
            origin = self._first_unix_nano
            entry = TimingEntry(kind=float(Kind.NAVIGATION), name=self._info.url)
        else:
            return []
        self.documents_out = True
        spans = document_spans(
            entry,
            self._new_fetch_id(),
            self._at(frame, origin),
            {**self._facts, **self._attributes},
            self._paints,
            self._links,
            self._last_unix_nano,
        )
        if not self._navigation:
            del spans[1:]
        self.counters["spans"] += len(spans)
        return spans

    def _span(self, item: TimingEntry | CustomSpan, frame: Frame) -> SpanData:
        if isinstance(item, TimingEntry):
            span, end_ms = resource_span(item, self._new_span_id(), frame), item.response_end
        else:
            item = item._replace(attributes={**self._attributes, **item.attributes})
            span, end_ms = custom_span(item, self._new_span_id(), frame), item.end_ms
        self._count(1, span.start_unix_nano, span.end_unix_nano)
        self.counters["clamped"] += frame.origin_unix_nano + int(end_ms * 1e6) > frame.now_unix_nano
        return span

    def _at(self, frame: Frame, origin_unix_nano: int) -> Frame:
        """The frame for another origin, and for now."""
        if frame[2:4] == (origin_unix_nano, self._now_unix_nano):
            return frame
        return frame._replace(origin_unix_nano=origin_unix_nano, now_unix_nano=self._now_unix_nano)
