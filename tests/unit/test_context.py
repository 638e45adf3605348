# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_context`: one immutable context in one variable, and the span that records nothing."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest

from edgetrace._context import (
    EMPTY,
    Context,
    NonRecordingSpan,
    Span,
    attach,
    detach,
    get_current,
    parent_of,
    record_failure,
    text_of,
    type_name,
)
from edgetrace._types import INVALID_SPAN_CONTEXT, SpanContext, StatusCode
from tests.strategies import HOSTILE, Hostile, HostileException, HostileStr

CONTEXT = SpanContext(b"\x01" * 16, b"\x02" * 8, 1)


def test_attach_and_detach_nest() -> None:
    """Each detach restores what was in force before its attach."""
    one, two = Context(baggage={"n": "1"}), Context(baggage={"n": "2"})
    assert get_current() is EMPTY
    outer = attach(one)
    inner = attach(two)
    assert get_current() is two
    detach(inner)
    assert get_current() is one
    detach(outer)
    assert get_current() is EMPTY


def test_tokens_of_others_are_ignored() -> None:
    """A token used twice, made in another context, or none at all, changes nothing."""
    foreign = contextvars.copy_context().run(attach, Context(baggage={"a": "b"}))
    token = attach(EMPTY)
    detach(token)
    for wrong in (token, foreign, None, object()):
        detach(wrong)  # type: ignore[arg-type]
    assert get_current() == EMPTY


def test_the_base_span_records_nothing() -> None:
    """Every method may be called with anything and does nothing."""
    span: Any = NonRecordingSpan(CONTEXT)
    for make in HOSTILE.values():
        value = make()
        span.set_attribute(value, value)
        span.set_attributes(value)
        span.add_event(value, value, value)
        span.add_link(value, value)
        span.record_exception(value, value, value)
        span.set_status(value, value)
        span.update_name(value)
        span.end(value)
    assert not span.is_recording()
    assert span.context is CONTEXT
    assert Span().context is INVALID_SPAN_CONTEXT


@pytest.mark.parametrize(
    ("context", "parent"),
    [
        (EMPTY, None),
        (Context(NonRecordingSpan(CONTEXT)), CONTEXT),
        (Context(NonRecordingSpan(INVALID_SPAN_CONTEXT)), None),
        (None, None),
    ],
)
def test_parent_of(context: Context | None, parent: SpanContext | None) -> None:
    """A new span continues the context's span if that is valid, and is a root otherwise."""
    assert parent_of(context) == parent


def test_parent_of_the_current_context() -> None:
    """Without a context the one in force counts."""
    token = attach(Context(NonRecordingSpan(CONTEXT)))
    try:
        assert parent_of(None) is CONTEXT
        assert parent_of(EMPTY) is None
    finally:
        detach(token)


class Recorder(Span):
    """A span that notes what is done to it."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        """Start with no calls."""
        super().__init__(CONTEXT)
        self.calls: list[tuple[Any, ...]] = []

    def record_exception(self, exception: BaseException, *rest: Any) -> None:
        """Note it."""
        self.calls.append(("event", type(exception)))

    def set_attribute(self, key: str, value: Any) -> None:
        """Note it."""
        self.calls.append((key, value))

    def set_status(self, status: Any, description: str = "") -> None:
        """Note it."""
        self.calls.append((status, description))

    def end(self, end_time: int | None = None) -> None:
        """Note it."""
        self.calls.append(("end",))


class GroundStop(BaseException):
    """Not an ordinary exception."""


ERROR = StatusCode.ERROR


@pytest.mark.parametrize(
    ("exception", "as_event", "as_status", "calls"),
    [
        (
            ValueError("no"),
            *(True, True),
            [("event", ValueError), ("error.type", "ValueError"), (ERROR, "ValueError: no")],
        ),
        (ValueError("no"), True, False, [("event", ValueError)]),
        (
            *(ValueError("no"), False, True),
            [("error.type", "ValueError"), (ERROR, "ValueError: no")],
        ),
        (
            *(HostileException(), False, True),
            [
                ("error.type", "tests.strategies.HostileException"),
                (ERROR, "HostileException: <unprintable>"),
            ],
        ),
        (GroundStop("x"), True, False, [("event", GroundStop)]),
        (KeyboardInterrupt(), True, False, [("event", KeyboardInterrupt)]),
        (GeneratorExit(), True, True, []),
        (asyncio.CancelledError(), True, True, []),
    ],
    ids=range(8),
)
def test_record_failure(
    exception: BaseException, as_event: bool, as_status: bool, calls: list[Any]
) -> None:
    """Failures become event, error.type and status; cancellation is an ordinary end."""
    span = Recorder()
    record_failure(span, exception, as_event, as_status)
    assert span.calls == calls


def test_a_span_is_a_context_manager() -> None:
    """It ends with its block and notes what passes through; it is not made current."""
    span = Recorder()
    with span as entered:
        assert entered is span
        assert get_current() is EMPTY
    assert span.calls == [("end",)]
    with pytest.raises(KeyError), span:
        raise KeyError("k")
    assert ("event", KeyError) in span.calls
    assert span.calls[-1] == ("end",)


class Outer:
    """Holds a nested class, for its qualified name."""

    class Inner(Exception):
        """Nested."""


class Printed(Exception):
    """Its text is a string subclass that breaks."""

    def __str__(self) -> str:
        """Break later."""
        return HostileStr("text")


@pytest.mark.parametrize(
    ("exception", "name", "text"),
    [
        (ValueError("x"), "ValueError", "x"),
        (Outer.Inner(), f"{__name__}.Outer.Inner", ""),
        (HostileException(), "tests.strategies.HostileException", "<unprintable>"),
        (Printed(), f"{__name__}.Printed", "text"),
        (ValueError(Hostile()), "ValueError", "<unprintable>"),
    ],
    ids=range(5),
)
def test_names_and_texts_of_exceptions(exception: Exception, name: str, text: str) -> None:
    """Builtins go without their module; a broken __str__ does not break the report."""
    assert type_name(exception) == name
    found = text_of(exception)
    assert type(found) is str
    assert found == text
