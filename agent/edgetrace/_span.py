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
from typing import Any, Final, TypeVar

from ._attributes import MAX_ELEMENTS, clean_attributes, exact_str, put
from ._context import Span, text_of, type_name
from ._limits import MAX_UNIX_NANO, SpanSink
from ._types import (
    Attributes,
    AttributeValue,
    Event,
    Link,
    SpanContext,
    SpanData,
    SpanKind,
    Status,
    StatusCode,
)

_E = TypeVar("_E", SpanKind, StatusCode)

_UNSET: Final = Status()
_new: Final = tuple.__new__
"""Makes a NamedTuple at half the price of calling its class: 190 against 430 ns in Pyodide."""


class RecordingSpan(Span):
    """A sampled span between its start and its end."""

    # Most spans never have these: they stand in the class, so that starting a span, half of whose
    # time goes into storing its fields, does not store them. Hence no __slots__.
    _end_unix_nano = 0
    _events: list[Event] | None = None
    _links: list[Link] | None = None
    _status = _UNSET
    _dropped_attributes = 0
    _dropped_events = 0
    _dropped_links = 0
    suspect = False  # whether it may hold a secret; ordinary attributes were looked at when set

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
        self._name = name if type(name) is str else self._text(name)
        self._kind = (
            kind if type(kind) is SpanKind else self._member(SpanKind, kind) or SpanKind.INTERNAL
        )
        self._start_unix_nano = (
            sink.clock.unix_nano() if start_time is None else self._unix_nano(start_time)
        )
        self._attributes: dict[str, AttributeValue] = {}

    def is_recording(self) -> bool:
        """See `Span`."""
        return not self._end_unix_nano

    def _open(self, method: str) -> bool:
        if not self._end_unix_nano:
            return True
        self._sink.on_misuse(f"{method}() on the ended span {self._name!r}")
        return False

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """See `Span`; what is clean as it is goes the short way."""
        sink, kind = self._sink, type(value)
        if (
            (
                value in sink.texts
                if kind is str
                else kind in sink.clean_types or (kind is int and -(2**30) < value < 2**30)  # type: ignore[operator]
            )
            and type(key) is str
            and key in sink.keys
            and len(self._attributes) < sink.max_attributes
            and not self._end_unix_nano
        ):
            self._attributes[key] = value
        elif self._open("set_attribute"):
            self._invalid_attributes(self._put(key, value))

    def set_attributes(self, attributes: Attributes) -> None:
        """See `Span`; what is clean as it is goes the short way: all at once, or each."""
        if not self._open("set_attributes"):
            return
        if self._takes(attributes):
            self._attributes.update(attributes)
            return
        invalid = 0
        if type(attributes) is not dict:
            # Cleaned first: a mapping that fails midway leaves what it had given.
            limits = self._sink.limits
            attributes, dropped, invalid = clean_attributes(
                attributes, limits.attributes, limits.value_length
            )
            self._dropped_attributes += dropped
        for key, value in tuple(attributes.items()):
            if type(key) is str and self._takes({key: value}):
                self._attributes[key] = value
            else:
                invalid += self._put(key, value)
        self._invalid_attributes(invalid)

    def _put(self, key: object, value: object) -> int:
        """Set an attribute of which nothing is known; how many were invalid, 0 or 1."""
        attributes, limits = self._attributes, self._sink.limits
        fault = put(attributes, key, value, limits.attributes, limits.value_length)
        if not fault:
            key = str.__str__(key)
            if not self._sink.redactor.harmless(key, attributes[key]):
                self.suspect = True
        elif fault == "dropped":
            self._dropped_attributes += 1
        return int(fault == "invalid")

    def _takes(self, attributes: object) -> bool:
        """Whether a dict can be taken as it is, no secret in it; no code of its values runs."""
        sink = self._sink
        if (
            type(attributes) is not dict
            or len(self._attributes) + len(attributes) > sink.max_attributes
        ):
            return False
        texts, keys, clean_types = sink.texts, sink.keys, sink.clean_types
        for key, value in attributes.items():
            kind = type(value)
            if type(key) is not str or key not in keys:
                return False
            if kind is str:
                if value not in texts:
                    return False
            elif kind not in clean_types and not (kind is int and -(2**30) < value < 2**30):
                return False
        return True

    def add_event(
        self, name: str, attributes: Attributes | None = None, timestamp: int | None = None
    ) -> None:
        """See `Span`."""
        if self._open("add_event"):
            limits = self._sink.limits
            self.suspect = True
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
            self.suspect = True
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
                self.suspect = self.suspect or bool(kept)

    def update_name(self, name: str) -> None:
        """See `Span`."""
        if self._open("update_name"):
            self._name = self._text(name)

    def end(self, end_time: int | None = None) -> None:
        """See `Span`; an end before the start is moved to the start."""
        if self._end_unix_nano and not self._open("end"):
            return
        sink, start = self._sink, self._start_unix_nano
        end = sink.clock.unix_nano() if end_time is None else self._unix_nano(end_time)
        self._end_unix_nano = end = (end if end > start else start) or 1
        ended = _new(
            SpanData,
            (
                self.context,
                self._parent,
                self._name,
                self._kind,
                start,
                end,
                self._attributes,
                self._events or (),
                self._links or (),
                self._status,
                self._dropped_attributes,
                self._dropped_events,
                self._dropped_links,
            ),
        )
        if self.suspect or self._name not in sink.texts:
            ended = sink.redactor.span(ended)
        sink.on_end(ended)

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
