# SPDX-License-Identifier: MIT OR Apache-2.0
"""Making a span the current one: for a `with` block, or around each call of a function.

Source: OpenTelemetry specification, trace/api "Context Interaction".
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import Token
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar

from ._context import Context, Span, attach, detach, get_current, record_failure

_F = TypeVar("_F", bound=Callable[..., Any])


class CurrentSpan:
    """Starts a span on entry, ends it on exit, keeps it current between."""

    __slots__ = ("_entered", "_record_exception", "_set_status", "_start")

    def __init__(
        self, start: Callable[[], Span], record_exception: bool, set_status_on_exception: bool
    ) -> None:
        """Keep how to start; nothing is started yet."""
        self._start = start
        self._record_exception = record_exception
        self._set_status = set_status_on_exception
        # One object may be entered again before it is left, by recursion or by another task.
        self._entered: list[tuple[Span, Token[Context]]] = []

    def __enter__(self) -> Span:
        """Start the span and make it current."""
        span = self._start()
        self._entered.append((span, attach(Context(span, get_current().baggage))))
        return span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the span; an exception is recorded and goes on."""
        span, token = self._entered.pop(self._innermost())
        detach(token)
        if exception is not None:
            record_failure(span, exception, self._record_exception, self._set_status)
        span.end()

    def __call__(self, function: _F) -> _F:
        """Wrap a function or coroutine function: each call is a span of its own."""
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def traced_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return await function(*args, **kwargs)

            return traced_coroutine  # type: ignore[return-value]  # wraps keeps the signature

        @wraps(function)
        def traced(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return traced  # type: ignore[return-value]  # likewise

    def _innermost(self) -> int:
        """Which entry is left: the last whose span is current here; tasks leave in any order."""
        current = get_current().span
        for index in range(len(self._entered) - 1, -1, -1):
            if self._entered[index][0] is current:
                return index
        return -1

    def _again(self) -> CurrentSpan:
        return CurrentSpan(self._start, self._record_exception, self._set_status)


class use_span:  # noqa: N801  # reads as the function that it is in OpenTelemetry's API
    """Make an existing span current for a `with` block, without ending it."""

    __slots__ = ("_span", "_tokens")

    def __init__(self, span: Span) -> None:
        """Keep the span."""
        self._span = span
        self._tokens: list[Token[Context]] = []

    def __enter__(self) -> Span:
        """Make it current."""
        self._tokens.append(attach(get_current()._replace(span=self._span)))
        return self._span

    def __exit__(self, *exception: object) -> None:
        """Restore what was current."""
        detach(self._tokens.pop())


def get_current_span() -> Span:
    """The current span; outside of any, one that records nothing."""
    return get_current().span or Span()
