# SPDX-License-Identifier: MIT OR Apache-2.0
"""What travels along a call chain: the current span and the baggage, in one `ContextVar`.

A `Context` is immutable, so a task inherits its parent's and cannot change it: right under asyncio
tasks, `gather` and callbacks without further care. `Span` is here too, as the interface that a
context carries; by itself it records nothing, which is what a remote parent or an unsampled span
is. `_span` adds recording.

Source: OpenTelemetry specification, context; trace/api "Span" and "Wrapping a SpanContext in a
Span".
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Final, TypeVar

from ._ids import IdGenerator
from ._records import NamedTuple
from ._types import (
    INVALID_SPAN_CONTEXT,
    RANDOM,
    Attributes,
    AttributeValue,
    SpanContext,
    Status,
    StatusCode,
)

_S = TypeVar("_S", bound="Span")


class Span:
    """One operation of a trace; this base carries its context along and records nothing.

    Every method may be called at any time, with anything: misuse is a no-op, counted by the
    provider. As a context manager it ends itself and records an exception that passes through.
    """

    __slots__ = ("context",)

    context: SpanContext

    def __init__(self, context: SpanContext = INVALID_SPAN_CONTEXT) -> None:
        """Wrap `context`."""
        self.context = context

    def is_recording(self) -> bool:
        """Whether what is set now will be exported: False after `end`, and always where
        unsampled.
        """
        return False

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set one attribute, replacing an earlier value; beyond the count limit it is dropped and
        counted.
        """

    def set_attributes(self, attributes: Attributes) -> None:
        """Set several attributes."""

    def add_event(
        self, name: str, attributes: Attributes | None = None, timestamp: int | None = None
    ) -> None:
        """Record that something happened, now or at `timestamp` (ns since the Unix epoch)."""

    def add_link(self, context: SpanContext, attributes: Attributes | None = None) -> None:
        """Refer to a span that caused this one, usually of another trace."""

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes | None = None,
        timestamp: int | None = None,
    ) -> None:
        """Add the `exception` event of the semantic conventions; the status stays as it is."""

    def set_status(self, status: Status | StatusCode, description: str = "") -> None:
        """Set the status: OK is final, ERROR overrides UNSET, UNSET is ignored; only ERROR keeps a
        description.
        """

    def update_name(self, name: str) -> None:
        """Rename the span; its sampling decision stays."""

    def end(self, end_time: int | None = None) -> None:
        """End the span, now or at `end_time` (ns since the Unix epoch); the second call is a
        no-op.
        """

    def __enter__(self: _S) -> _S:
        """Return the span; it is not made current, see `Tracer.start_as_current_span`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Record what passes through, then end."""
        if exception is not None:
            record_failure(self, exception)
        self.end()


class NonRecordingSpan(Span):
    """A span context as a span: a remote parent, or a span that was sampled out."""

    __slots__ = ()


class UnsampledSpan(NonRecordingSpan):
    """A span that was sampled out: its context is made when somebody asks for it.

    Nobody does, as a rule, and drawing ids is most of what such a span costs.
    """

    __slots__ = ("_ids", "_parent")

    def __init__(self, ids: IdGenerator, parent: SpanContext | None) -> None:
        """Keep where ids come from, and the parent's context, which has no tracestate."""
        self._ids, self._parent = ids, parent

    def __getattr__(self, name: str) -> Any:
        """Make `context`, once: the parent's trace or a new one, unsampled, and a new span id."""
        if name != "context":
            raise AttributeError(name)
        ids, parent = self._ids, self._parent
        try:
            trace_id = parent.trace_id if parent else ids.new_trace_id()
            flags = parent.trace_flags & RANDOM if parent else RANDOM
            self.context = SpanContext(trace_id, ids.new_span_id(), flags)
        except Exception:  # entropy is a platform's, and may fail: a Worker's top level has none
            self.context = parent or INVALID_SPAN_CONTEXT
        return self.context


class Context(NamedTuple):
    """One immutable set of what is in force.

    Attributes:
        span: The current span, a remote parent as `NonRecordingSpan`, or None.
        baggage: W3C baggage, name to decoded value.
    """

    span: Span | None = None
    baggage: Mapping[str, str] = {}


EMPTY: Final = Context()

CURRENT: Final[ContextVar[Context]] = ContextVar("edgetrace")


def get_current() -> Context:
    """The context in force here; `EMPTY` where none was attached."""
    return CURRENT.get(EMPTY)


def attach(context: Context) -> Token[Context]:
    """Put `context` in force until `detach` is called with the token."""
    return CURRENT.set(context)


def detach(token: Token[Context]) -> None:
    """Restore what was in force before `attach`.

    A token of another task or generator, or none at all, is ignored: its context ended with it, and
    a tracer must not raise into the application that mixed them up.
    """
    try:
        CURRENT.reset(token)
    except (ValueError, RuntimeError, TypeError):
        return


def parent_of(context: Context | None) -> SpanContext | None:
    """What a span started in `context` continues, None for a root; by default the current context.

    Raises whatever reading an object that is no Context raises.
    """
    span = (get_current() if context is None else context).span
    return span.context if span is not None and span.context.is_valid else None


def record_failure(
    span: Span, exception: BaseException, as_event: bool = True, as_status: bool = True
) -> None:
    """Record an exception that leaves a span's block: an event, ERROR status and `error.type`.

    Leaving by GeneratorExit or a cancelled task is an ordinary way to end and no error.
    """
    name = type(exception).__name__
    if not isinstance(exception, Exception) and name in ("GeneratorExit", "CancelledError"):
        return
    if as_event:
        span.record_exception(exception)
    if as_status:
        span.set_attribute("error.type", type_name(exception))
        span.set_status(StatusCode.ERROR, f"{name}: {text_of(exception)}")


def type_name(exception: BaseException) -> str:
    """The exception's qualified name as semantic conventions want it; builtins without their
    module.
    """
    kind = type(exception)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def text_of(exception: BaseException) -> str:
    """`str(exception)`, which an application may have broken."""
    try:
        return str.__str__(str(exception))
    except Exception:  # an application's __str__ may do anything
        return "<unprintable>"
