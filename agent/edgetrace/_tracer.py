# SPDX-License-Identifier: MIT OR Apache-2.0
"""Where spans begin: `TracerProvider` holds what they share, `Tracer` starts them.

A provider is inert until its first span: constructing one draws no entropy and reads no clock, so
it may stand at a Worker's top level. A tracer may be had before there is a provider; its spans
record nothing until then.

Source: OpenTelemetry specification, trace/api "TracerProvider", "Tracer"; trace/sdk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Final

from ._attributes import MAX_ELEMENTS, clean_scope
from ._config import Settings
from ._context import (
    CURRENT,
    EMPTY,
    Context,
    NonRecordingSpan,
    Span,
    UnsampledSpan,
    text_of,
    type_name,
)
from ._current import CurrentSpan
from ._ids import IdGenerator
from ._limits import SpanLimits, SpanSink
from ._plain_sampling import plain_results
from ._redact import redactor
from ._report import ErrorHandler, LogHandler, Reporter
from ._sampler import Decision, Sampler, sampler_from_settings
from ._span import RecordingSpan
from ._types import (
    INVALID_SPAN_CONTEXT,
    RANDOM,
    SAMPLED,
    Attributes,
    Clock,
    Delivery,
    Entropy,
    Link,
    Scope,
    SpanContext,
    SpanData,
    SpanExporter,
    SpanKind,
    SpanMirror,
)

_new: Final = tuple.__new__  # see _span
_DROP: Final = Decision.DROP
_SAMPLE: Final = Decision.RECORD_AND_SAMPLE
_OURS: Final = frozenset((RecordingSpan, UnsampledSpan))


class TracerProvider:
    """What all tracers of a program share."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        entropy: Entropy,
        exporter: SpanExporter,
        delivery: Delivery | None = None,
        sampler: Sampler | None = None,
        error_handler: ErrorHandler | None = None,
        mirror: SpanMirror | None = None,
    ) -> None:
        """Put the parts together; nothing is drawn, read or sent.

        Args:
            settings: Validated options.
            clock: Where times come from.
            entropy: Where ids come from.
            exporter: What takes ended spans.
            delivery: What brings them out; None where `exporter` keeps them.
            sampler: Stands before the options' sampler.
            error_handler: Told of misuse and failed exports; default logs each kind once a minute.
            mirror: Told of each sampled span as it begins and ends.
        """
        self.settings, self.disabled = settings, settings.disabled
        self.clock = clock
        self.ids = IdGenerator(entropy)
        self.sampler = sampler or sampler_from_settings(settings)
        self.plain_results = plain_results(self.sampler)
        self.reporter = Reporter(error_handler or LogHandler(clock))
        self._limits = SpanLimits.from_settings(settings)
        self._redactor = redactor(settings)
        self._exporter, self._delivery, self.mirror = exporter, delivery, mirror
        self.unsampled = 0

    def get_tracer(
        self,
        name: str,
        version: str = "",
        schema_url: str = "",
        attributes: Attributes | None = None,
    ) -> Tracer:
        """A tracer for one instrumentation scope: the library or module `name`, `__name__` say, its
        version, the schema URL of the conventions that it follows, and attributes.
        """
        return Tracer(clean_scope(name, version, schema_url, attributes), self)

    def sink(self, scope: Scope) -> SpanSink:
        """What the spans of one scope need."""
        take = partial(self._take, self._exporter.add_scope(scope))
        return SpanSink(self.clock, self._limits, take, self.reporter.misuse, self._redactor)

    def emitter(self, scope: Scope) -> Callable[[SpanData], None]:
        """What takes the ended spans of one scope, of any origin."""
        return partial(self.offer, self._exporter.add_scope(scope))

    def offer(self, scope: int, span: SpanData) -> None:
        """Take an ended span of any origin; unsampled ones are counted and forgotten."""
        self._take(scope, self._redactor.span(span) if span.context.sampled else span)

    def _take(self, scope: int, span: SpanData) -> None:
        if not span[0][2] & SAMPLED:  # the flags of its context; by their names they cost a call
            self.unsampled += 1
            return
        if self.mirror is not None:
            self.mirror.end(span)
        try:
            if self._exporter.offer(scope, span) and self._delivery is not None:
                self._delivery.wake()
        except Exception as failure:  # an exporter of the application's own
            self.reporter.misuse(f"the exporter raised {type_name(failure)}: {text_of(failure)}")

    async def force_flush(self, timeout_ms: int | None = None) -> bool:
        """Send everything queued now and wait for the answers, OTEL_BSP_EXPORT_TIMEOUT by default;
        True if nothing is left undelivered.
        """
        delivery = self._delivery
        return delivery is None or await delivery.flush(self._seconds(timeout_ms))

    async def shutdown(self, timeout_ms: int | None = None) -> bool:
        """Flush, then drop what is left and take nothing more; True if all was delivered."""
        delivery = self._delivery
        return delivery is None or await delivery.close(self._seconds(timeout_ms))

    def stop(self) -> None:
        """Drop everything undelivered, now; for consent withdrawn."""
        if self._delivery is not None:
            self._delivery.stop()

    def counters(self) -> dict[str, int]:
        """The exporter's counters, with `unsampled` spans and `misuses` of the API."""
        return {
            **self._exporter.counters(),
            "unsampled": self.unsampled,
            "misuses": self.reporter.misuses,
        }

    def _seconds(self, timeout_ms: int | None) -> float:
        return (self.settings.export_timeout_ms if timeout_ms is None else timeout_ms) / 1000


class Tracer:
    """Starts spans of one instrumentation scope."""

    __slots__ = ("_provider", "_sink", "_sink_provider", "scope")

    def __init__(self, scope: Scope, provider: TracerProvider | None = None) -> None:
        """Bind to `provider`, or to whichever is global when a span starts."""
        self.scope = scope
        self._provider = provider
        self._sink_provider: TracerProvider | None = None
        self._sink: SpanSink

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
    ) -> Span:
        """Start a span without making it current.

        Args:
            name: Shown in every backend; low cardinality.
            context: Whose span becomes the parent; default the current one, `EMPTY` for a root.
            kind: Its role.
            attributes: Known at the start; the sampler sees them.
            links: To spans that caused this one.
            start_time: Nanoseconds since the Unix epoch, default now.

        Returns:
            A recording span, or one that only carries the context along: it was sampled out, or
            something of the application's own, such as a sampler, failed and was reported.
        """
        provider = self._provider or get_tracer_provider()
        parent = None
        try:
            current = (CURRENT.get(EMPTY) if context is None else context).span
            if current and (type(current) in _OURS or current.context.is_valid):  # ours always are
                parent = current.context
            if provider is None or provider.disabled:
                return NonRecordingSpan(parent or INVALID_SPAN_CONTEXT)
            known, flags = provider.plain_results[0], RANDOM
            if parent:
                trace_id, _, flags, state, remote = parent
                known = None if state or remote else provider.plain_results[1 + (flags & SAMPLED)]
                flags &= RANDOM
            if known is not None and known[0] == _DROP:
                provider.unsampled += 1
                return UnsampledSpan(provider.ids, parent)
            if parent is None:
                trace_id = provider.ids.new_trace_id()
            decision, more_attributes, trace_state = known or provider.sampler.should_sample(
                parent, trace_id, name, kind, attributes, () if links is None else links
            )
            if decision == _SAMPLE:
                flags |= SAMPLED
            span_id = provider.ids.new_span_id()
            own = _new(SpanContext, (trace_id, span_id, flags, trace_state, False))
            if decision == _DROP:
                provider.unsampled += 1
                return NonRecordingSpan(own)
            if self._sink_provider is not provider:
                self._sink, self._sink_provider = provider.sink(self.scope), provider
            span = RecordingSpan(own, parent, name, kind, start_time, self._sink)
            for given in (attributes, more_attributes):
                if given is not None:
                    span.set_attributes(given)
            if links is not None:
                self._add_links(span, links, provider)
            if trace_state:
                span.suspect = True
            if provider.mirror is not None and flags & SAMPLED:
                provider.mirror.begin(own, name)
            return span
        except Exception as failure:
            if provider is not None:
                said = f"{type_name(failure)}: {text_of(failure)}"
                provider.reporter.misuse(f"no span was started: {said}")
            return NonRecordingSpan(parent or INVALID_SPAN_CONTEXT)

    @staticmethod
    def _add_links(span: Span, links: Sequence[Link], provider: TracerProvider) -> None:
        try:
            for link in islice(links, MAX_ELEMENTS):
                span.add_link(link.context, link.attributes)
        except Exception:  # no sequence, or not of links; the span is worth keeping without them
            provider.reporter.misuse("links has to be a sequence of Link")

    def start_as_current_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        *,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> CurrentSpan:
        """A span that is current inside a `with` block, or around each call of a function: a
        context manager, and a decorator for functions and coroutine functions.

        The first six arguments are those of `start_span`. `record_exception` says whether an
        exception that leaves the block becomes an event, `set_status_on_exception` whether it makes
        the status ERROR.
        """
        start = partial(self.start_span, name, context, kind, attributes, links, start_time)
        return CurrentSpan(start, record_exception, set_status_on_exception)


_global: list[TracerProvider] = []
"""The program's provider, if there is one."""


def set_tracer_provider(provider: TracerProvider | None) -> None:
    """Make `provider` the program's; None takes it away."""
    _global[:] = [] if provider is None else [provider]


def get_tracer_provider() -> TracerProvider | None:
    """The program's provider, None before `configure()`."""
    return _global[0] if _global else None


def get_tracer(
    name: str, version: str = "", schema_url: str = "", attributes: Attributes | None = None
) -> Tracer:
    """A tracer of the program's provider, whichever that is when a span starts.

    The arguments are those of `TracerProvider.get_tracer`.
    """
    return Tracer(clean_scope(name, version, schema_url, attributes))
