# SPDX-License-Identifier: MIT OR Apache-2.0
"""A span while it is being recorded; `end` freezes it into `SpanData` and hands that on.

Limits are those of the specification: beyond a count, attributes, events and links are dropped and
counted in the span itself, longer strings are cut. Misuse (a wrong type, a call after `end`)
changes nothing and is reported through `on_misuse`. Knows neither queue nor wire.

Source: OpenTelemetry specification, trace/api "Span operations", trace/sdk "Span Limits".
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

from ._attributes import MAX_ELEMENTS, clean_attributes, exact_str, put
from ._config import Settings
from ._context import Span, text_of, type_name
from ._types import (
    Attributes,
    AttributeValue,
    Clock,
    Event,
    Link,
    SpanContext,
    SpanData,
    SpanKind,
    Status,
    StatusCode,
)

_E = TypeVar("_E", SpanKind, StatusCode)

MAX_UNIX_NANO: Final = 2**64 - 1
"""OTLP's times are fixed64."""


class SpanLimits(NamedTuple):
    """How much one span may hold: `OTEL_SPAN_*` and `OTEL_ATTRIBUTE_*`; length None is
    unlimited.
    """

    attributes: int = 128
    value_length: int | None = None
    events: int = 128
    links: int = 128
    event_attributes: int = 128
    link_attributes: int = 128

    @classmethod
    def from_settings(cls, settings: Settings) -> SpanLimits:
        """Read the options: `OTEL_SPAN_ATTRIBUTE_*` stand before `OTEL_ATTRIBUTE_*`."""
        count = settings.span_attribute_count_limit
        length = settings.span_attribute_value_length_limit
        return cls(
            settings.attribute_count_limit if count is None else count,
            settings.attribute_value_length_limit if length is None else length,
            settings.span_event_count_limit,
            settings.span_link_count_limit,
            settings.event_attribute_count_limit,
            settings.link_attribute_count_limit,
        )


class SpanSink(NamedTuple):
    """What every span of a provider needs: one object, so that a span holds one reference.

    Attributes:
        clock: Where times come from.
        limits: How much a span may hold.
        on_end: Takes the frozen span; must not raise.
        on_misuse: Takes a sentence for the application's developer; must not raise.
    """

    clock: Clock
    limits: SpanLimits
    on_end: Callable[[SpanData], None]
    on_misuse: Callable[[str], None]


class RecordingSpan(Span):
    """A sampled span between its start and its end."""

    __slots__ = (
        "_attributes",
        "_dropped_attributes",
        "_dropped_events",
        "_dropped_links",
        "_end_unix_nano",
        "_events",
        "_kind",
        "_links",
        "_name",
        "_parent",
        "_sink",
        "_start_unix_nano",
        "_status",
    )

    def __init__(
        self,
        context: SpanContext,
        parent: SpanContext | None,
        name: str,
        kind: SpanKind,
        start_time: int | None,
        sink: SpanSink,
    ) -> None:
        """Start recording.

        Args:
            context: The span's own, valid.
            parent: Its parent's, None at a root.
            name: Shown in every backend; low cardinality.
            kind: Its role.
            start_time: Nanoseconds since the Unix epoch, None for now.
            sink: What the provider's spans share.
        """
        self.context = context
        self._parent = parent
        self._sink = sink
        self._name = self._text(name)
        self._kind = (
            kind if type(kind) is SpanKind else self._member(SpanKind, kind) or SpanKind.INTERNAL
        )
        self._start_unix_nano = self._unix_nano(start_time)
        self._end_unix_nano = 0
        self._attributes: dict[str, AttributeValue] = {}
        # Most spans have none of these: lists are made when the first one comes.
        self._events: list[Event] | None = None
        self._links: list[Link] | None = None
        self._status = Status()
        self._dropped_attributes = 0
        self._dropped_events = 0
        self._dropped_links = 0

    def is_recording(self) -> bool:
        """See `Span`."""
        return not self._end_unix_nano

    def _open(self, method: str) -> bool:
        if not self._end_unix_nano:
            return True
        self._sink.on_misuse(f"{method}() on the ended span {self._name!r}")
        return False

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """See `Span`."""
        if self._open("set_attribute"):
            limits = self._sink.limits
            fault = put(self._attributes, key, value, limits.attributes, limits.value_length)
            if fault == "dropped":
                self._dropped_attributes += 1
            elif fault:
                self._invalid_attributes(1)

    def set_attributes(self, attributes: Attributes) -> None:
        """See `Span`."""
        if self._open("set_attributes"):
            limits = self._sink.limits
            # Cleaned first: a mapping that fails midway leaves what it had given.
            cleaned, dropped, invalid = clean_attributes(
                attributes, limits.attributes, limits.value_length
            )
            self._dropped_attributes += dropped
            self._invalid_attributes(invalid)
            for key, value in cleaned.items():
                if len(self._attributes) >= limits.attributes and key not in self._attributes:
                    self._dropped_attributes += 1
                else:
                    self._attributes[key] = value

    def add_event(
        self, name: str, attributes: Attributes | None = None, timestamp: int | None = None
    ) -> None:
        """See `Span`."""
        if self._open("add_event"):
            limits = self._sink.limits
            self._events = self._events or []
            if len(self._events) >= limits.events:
                self._dropped_events += 1
                return
            cleaned, dropped, invalid = clean_attributes(
                attributes, limits.event_attributes, limits.value_length
            )
            self._invalid_attributes(invalid)
            self._events.append(
                Event(self._text(name), self._unix_nano(timestamp), cleaned, dropped)
            )

    def add_link(self, context: SpanContext, attributes: Attributes | None = None) -> None:
        """See `Span`."""
        if self._open("add_link"):
            if not issubclass(type(context), SpanContext) or not context.is_valid:
                self._sink.on_misuse("add_link() takes a valid SpanContext")
                return
            limits = self._sink.limits
            self._links = self._links or []
            if len(self._links) >= limits.links:
                self._dropped_links += 1
                return
            cleaned, dropped, invalid = clean_attributes(
                attributes, limits.link_attributes, limits.value_length
            )
            self._invalid_attributes(invalid)
            self._links.append(Link(context, cleaned, dropped))

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes | None = None,
        timestamp: int | None = None,
    ) -> None:
        """See `Span`. Source: semantic conventions, exceptions/exceptions-spans."""
        if not issubclass(type(exception), BaseException):
            self._sink.on_misuse(f"record_exception() of a {type(exception).__name__}")
            return
        try:
            stack = "".join(traceback.format_exception(exception))
        except Exception:  # formatting runs the application's own __str__ and __repr__
            stack = ""
        event: dict[str, AttributeValue] = {
            "exception.type": type_name(exception),
            "exception.message": text_of(exception),
            "exception.stacktrace": stack,
        }
        cleaned, _, invalid = clean_attributes(attributes, MAX_ELEMENTS, None)
        self._invalid_attributes(invalid)
        event.update(cleaned)
        self.add_event("exception", event, timestamp)

    def set_status(self, status: Status | StatusCode, description: str = "") -> None:
        """See `Span`. Source: trace/api "Set Status", the total order Ok > Error > Unset."""
        if self._open("set_status"):
            if type(status) is Status:
                status, description = status
            code = self._member(StatusCode, status)
            if code and self._status.code is not StatusCode.OK:  # UNSET is falsy, and ignored
                kept = self._text(description) if code is StatusCode.ERROR else ""
                self._status = Status(code, kept)

    def update_name(self, name: str) -> None:
        """See `Span`."""
        if self._open("update_name"):
            self._name = self._text(name)

    def end(self, end_time: int | None = None) -> None:
        """See `Span`; an end before the start is moved to the start."""
        if not self._open("end"):
            return
        end_unix_nano = max(self._unix_nano(end_time), self._start_unix_nano, 1)
        self._end_unix_nano = end_unix_nano
        self._sink.on_end(
            SpanData(
                self.context,
                self._parent,
                self._name,
                self._kind,
                self._start_unix_nano,
                end_unix_nano,
                self._attributes,
                self._events or (),
                self._links or (),
                self._status,
                self._dropped_attributes,
                self._dropped_events,
                self._dropped_links,
            )
        )

    def _invalid_attributes(self, count: int) -> None:
        if count:
            self._sink.on_misuse(f"{count} attribute(s) of {self._name!r} have no OTLP form")

    def _text(self, text: object) -> str:
        exact = text if type(text) is str else exact_str(text)
        if exact is not None:
            return exact
        self._sink.on_misuse(f"a name has to be a string, not {type(text).__name__}")
        return type(text).__name__

    def _member(self, members: Callable[[Any], _E], value: object) -> _E | None:
        try:
            return members(value)
        except Exception:  # ValueError, or what the value's own __eq__ raises
            self._sink.on_misuse(f"{members} has no such {type(value).__name__}")
            return None

    def _unix_nano(self, timestamp: int | None) -> int:
        if timestamp is None:
            return self._sink.clock.unix_nano()
        if issubclass(type(timestamp), int):
            unix_nano = int.__int__(timestamp)
            if 0 <= unix_nano <= MAX_UNIX_NANO:
                return unix_nano
        self._sink.on_misuse("a time has to be an int, nanoseconds since the Unix epoch")
        return self._sink.clock.unix_nano()
