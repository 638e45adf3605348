# SPDX-License-Identifier: MIT OR Apache-2.0
"""A page load's spans as a test wants them: names, milliseconds, plain values.

Pure but for the protobuf classes it reads: OTLP spans in, `PageTrace` out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

ROOT_NAME: Final = "documentLoad"
_STATUSES: Final = ("unset", "ok", "error")
_LISTED: Final = 40


@dataclass(frozen=True, eq=False, repr=False)
class PageSpan:
    """One span. Times in ms count from the trace's first span; ids are hex."""

    name: str
    attributes: dict[str, Any]
    start_ms: float
    end_ms: float
    status: str
    """"unset", "ok" or "error"."""
    status_message: str
    parent: PageSpan | None
    """None for the root, and for a span whose parent is elsewhere (see parent_span_id)."""
    events: list[tuple[str, float]]
    """Name, and ms from the trace's start."""
    trace_id: str
    span_id: str
    parent_span_id: str
    start_unix_nano: int
    end_unix_nano: int

    @property
    def duration_ms(self) -> float:
        """How long it took."""
        return self.end_ms - self.start_ms

    @property
    def url(self) -> str:
        """The attribute url.full, or ""."""
        return str(self.attributes.get("url.full", ""))

    @property
    def http_status(self) -> int:
        """The response's status code; 0 where the browser hides it."""
        return int(self.attributes.get("http.response.status_code", 0))

    def __repr__(self) -> str:
        """As one would say it: what, how long, and whether it failed."""
        words = [self.name, self.url, f"{self.duration_ms:.1f} ms"]
        if self.status == "error":
            words.append(f"error {self.http_status or self.status_message}".strip())
        return f"<{' '.join(filter(None, words))}>"


@dataclass(frozen=True, repr=False)
class PageTrace:
    """The trace of one page load."""

    url: str
    spans: list[PageSpan]
    """All of them, by start."""
    root: PageSpan
    """documentLoad."""
    counters: dict[str, Any] = field(default_factory=dict)
    """What the page's edgetrace.flush() said of itself."""

    @property
    def resources(self) -> list[PageSpan]:
        """The resourceFetch spans, by start."""
        return [span for span in self.spans if span.name == "resourceFetch"]

    @property
    def errors(self) -> list[PageSpan]:
        """The spans whose status is "error"."""
        return [span for span in self.spans if span.status == "error"]

    def find_all(self, name: str | None = None, url_contains: str | None = None) -> list[PageSpan]:
        """Every span of this name whose url.full contains this text; either may be left out."""
        return [
            span
            for span in self.spans
            if (name is None or span.name == name)
            and (url_contains is None or url_contains in span.url)
        ]

    def find(self, name: str | None = None, url_contains: str | None = None) -> PageSpan:
        """The one span that fits.

        Raises:
            LookupError: None fits, or several do; the message lists the candidates.
        """
        __tracebackhide__ = True  # pytest then shows the test's own line
        found = self.find_all(name, url_contains)
        if len(found) == 1:
            return found[0]
        asked = " and ".join(
            f"{key} {value!r}"
            for key, value in (("name", name), ("a url containing", url_contains))
            if value is not None
        )
        if found:
            raise LookupError(
                f"{len(found)} spans have {asked}; ask more narrowly, or take find_all():\n"
                + _listing(found)
            )
        raise LookupError(
            f"no span has {asked}; the trace of {self.url} has {len(self.spans)}:\n"
            + _listing(self.spans)
        )

    def __repr__(self) -> str:
        """How many spans, how long, what failed."""
        return (
            f"<PageTrace {self.url}: {len(self.spans)} spans, {self.root.duration_ms:.0f} ms, "
            f"{len(self.errors)} errors>"
        )

    def __str__(self) -> str:
        """The spans, a line each."""
        return f"{self!r}\n{_listing(self.spans)}"


def page_trace_of(url: str, spans: Iterable[Span], near_unix_ms: float) -> PageTrace | None:
    """Put the spans of one page load together.

    Args:
        url: The page's, for messages.
        spans: OTLP spans of any traces.
        near_unix_ms: When the page load began by the browser's clock; of several page loads the
            nearest is taken.

    Returns:
        None if there is no documentLoad span among them.
    """
    known = list(spans)
    roots = [span for span in known if span.name == ROOT_NAME]
    if not roots:
        return None
    chosen = min(roots, key=lambda span: abs(span.start_time_unix_nano / 1e6 - near_unix_ms))
    own = {span.span_id: span for span in known if span.trace_id == chosen.trace_id}
    zero = min(span.start_time_unix_nano for span in own.values())
    made: dict[bytes, PageSpan] = {}
    for first in own.values():
        # Parents first; a chain that comes round to itself ends where it began.
        chain: list[Span] = []
        current: Span | None = first
        while current is not None and current.span_id not in made and current not in chain:
            chain.append(current)
            current = own.get(current.parent_span_id)
        for span in reversed(chain):
            made[span.span_id] = _page_span(span, made.get(span.parent_span_id), zero)
    ordered = sorted(made.values(), key=lambda span: (span.start_unix_nano, -span.end_unix_nano))
    return PageTrace(url=url, spans=ordered, root=made[chosen.span_id])


def _page_span(span: Span, parent: PageSpan | None, zero_unix_nano: int) -> PageSpan:
    return PageSpan(
        name=span.name,
        attributes=_values(span.attributes),
        start_ms=(span.start_time_unix_nano - zero_unix_nano) / 1e6,
        end_ms=(span.end_time_unix_nano - zero_unix_nano) / 1e6,
        status=_STATUSES[span.status.code],
        status_message=span.status.message,
        parent=parent,
        events=[(e.name, (e.time_unix_nano - zero_unix_nano) / 1e6) for e in span.events],
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex(),
        start_unix_nano=span.start_time_unix_nano,
        end_unix_nano=span.end_time_unix_nano,
    )


def _values(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _values(value.kvlist_value.values)
    return getattr(value, kind)


def _listing(spans: Sequence[PageSpan]) -> str:
    lines = [f"  {span!r}" for span in spans[:_LISTED]]
    if len(spans) > _LISTED:
        lines.append(f"  and {len(spans) - _LISTED} more")
    return "\n".join(lines)
