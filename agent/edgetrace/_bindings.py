# SPDX-License-Identifier: MIT OR Apache-2.0
"""Client spans for what a Worker's `env` holds, by wrapping it.

Whatever is not known comes back as it was: strings, properties, methods without an entry in
`_binding_names`, every result. A wrapper passes for what it wraps, in `isinstance` and where the
SDK turns arguments into JavaScript, and it must not be slower to start: the binding is called
within the traced call, not first when that is awaited, because a Worker may hand the promise to
`waitUntil` in another context. Fails no call: what goes wrong here is reported and counted.

Source: workers-runtime-sdk 1.9, `workers/rpc.py`: `_EnvWrapper`, `_BindingWrapper`,
`python_to_rpc`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any, Final, TypeAlias

from ._binding_calls import Call, Said, rpc
from ._binding_names import KINDS, PLAIN, Kind, Method, kind_of, raw
from ._context import Span, record_failure, text_of, type_name
from ._current import use_span
from ._tracer import Tracer, get_tracer_provider
from ._types import AttributeValue

TracedFetch: TypeAlias = Callable[
    [Callable[..., Awaitable[Any]], Mapping[str, AttributeValue], tuple[Any, ...], dict[str, Any]],
    Awaitable[Any],
]
"""Makes the HTTP client span around `call(*args, **kwargs)`: (call, attributes, args, kwargs)."""

_RPC: Final = Method(rpc)
_NO_PROCEDURE: Final = frozenset(
    {"then", "catch", "finally", "connect", "dup", "toString", "toJSON"}
)
"""Methods that every stub has for itself."""


class Tap:
    """What the wrappers of one env share.

    Attributes:
        tracer: Starts the spans.
        traced_fetch: Makes those of requests; None leaves `fetch` untraced.
        keys: Whether keys of objects are recorded.
        faults: How often the attributes of a call could not be told.
    """

    __slots__ = ("faults", "keys", "traced_fetch", "tracer")

    def __init__(self, tracer: Tracer, traced_fetch: TracedFetch | None, keys: bool) -> None:
        """Start without faults."""
        self.tracer = tracer
        self.traced_fetch = traced_fetch
        self.keys = keys
        self.faults = 0

    def fault(self, what: str, failure: Exception) -> None:
        """Count and report what went wrong in here; the call goes on."""
        self.faults += 1
        provider = self.tracer._provider or get_tracer_provider()
        if provider is not None:
            said = f"{type_name(failure)}: {text_of(failure)}"
            provider.reporter.misuse(f"{what} was traced without details: {said}")


class TracedEnv:
    """A Worker's env whose known bindings are traced; everything else is as it was."""

    _traced_env: Any = None

    def __init__(
        self, env: Any, tracer: Tracer, traced_fetch: TracedFetch, *, keys: bool = False
    ) -> None:
        """Wrap; no binding is looked at before it is asked for.

        Args:
            env: The SDK's wrapper, or anything with attributes.
            tracer: Starts the spans.
            traced_fetch: Makes the spans of requests to other Workers and objects.
            keys: Whether spans have the keys of KV and R2 objects, which may be personal data.
        """
        self._traced_env = env
        self._traced_tap = Tap(tracer, traced_fetch, keys)
        self._traced_not: set[str] = set()

    @property  # type: ignore[misc]  # object's can be assigned, this one cannot
    def __class__(self) -> Any:
        """That of the SDK's wrapper, which wraps no env twice."""
        env = self._traced_env
        return TracedEnv if raw(env, "_env") is env else type(env)

    def __getattr__(self, name: str) -> Any:
        """The binding, traced where it is known. Raises what the env raises."""
        binding = getattr(self._traced_env, name)
        if name.startswith("_") or name in self._traced_not:
            return binding
        kind = None if type(binding) is TracedBinding else kind_of(binding)
        if kind is None:
            self._traced_not.add(name)  # not its value: a variable may be set again
            return binding
        traced = TracedBinding(binding, kind, name, self._traced_tap)
        setattr(self, name, traced)
        return traced


class TracedBinding:
    """One binding, or what one of its methods returned, whose known methods are traced."""

    # Present before __init__, or asking a half-made copy for one would ask without end.
    _traced: Any = None
    _traced_sql = ""
    # A binding has items but is no sequence; only __getitem__ would make it one.
    __iter__ = None

    def __init__(self, wrapped: Any, kind: Kind, name: str, tap: Tap, sql: str = "") -> None:
        """Wrap.

        Args:
            wrapped: A wrapper of the SDK, or a JavaScript object.
            kind: What it is.
            name: The binding's, in env.
            tap: Shared by all of one env.
            sql: Of a prepared statement.
        """
        self._traced = wrapped
        self._traced_kind = kind
        self._traced_name = name
        self._traced_tap = tap
        self._traced_sql = sql

    @property  # type: ignore[misc]  # object's can be assigned, this one cannot
    def __class__(self) -> Any:
        """That of the SDK's wrapper: arguments are asked whether they are the SDK's own."""
        wrapped = self._traced
        return TracedBinding if raw(wrapped) is wrapped else type(wrapped)

    def __repr__(self) -> str:
        """That of the wrapped object."""
        return repr(self._traced)

    def __getitem__(self, key: Any) -> Any:
        """What the wrapped object has there, untouched."""
        return self._traced[key]

    def __getattr__(self, name: str) -> Any:
        """A traced method where it is known, else what the wrapped object has."""
        if name == "js_object":
            return raw(self._traced)
        if name == "constructor":  # the SDK's wrapper makes a function of it, which has no name
            return raw(self._traced).constructor
        found = getattr(self._traced, name)
        if name.startswith("_") or not callable(found):
            return found
        traced = self._trace(name, found)
        if traced is not found:
            setattr(self, name, traced)
        return traced

    def _trace(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` with a span, or itself where it is to have none."""
        kind, tap = self._traced_kind, self._traced_tap
        method = kind.methods.get(name)
        if kind.is_rpc and name == "fetch":
            return self._fetch(function, tap.traced_fetch) if tap.traced_fetch else function
        # A bare JavaScript stub has its properties as functions that can also be awaited.
        if method is None and kind.is_rpc and name not in _NO_PROCEDURE:
            method = None if hasattr(function, "then") else _RPC
        if method is None:
            return function
        known = method

        def traced(*args: Any, **kwargs: Any) -> Any:
            given = tuple([unwrap(arg) for arg in args])
            if known.describe is None:
                sql = args[0] if name == "prepare" and args else self._traced_sql
                return self._chained(function(*given, **kwargs), known, sql)
            span = self._start(name, known, args, kwargs)
            try:
                with use_span(span):
                    result = function(*given, **kwargs)
            except BaseException as failure:
                record_failure(span, failure)
                span.end()
                raise
            if isawaitable(result):
                return self._awaited(result, known, _Open(span))
            return self._ended(result, known, span)

        return traced

    def _fetch(self, function: Callable[..., Any], fetch: TracedFetch) -> Callable[..., Any]:
        attributes = self._traced_kind.attributes(self._traced_name)

        def traced(*args: Any, **kwargs: Any) -> Any:
            return fetch(function, attributes, args, kwargs)

        return traced

    def _start(
        self, name: str, method: Method, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Span:
        binding, tap = self._traced_name, self._traced_tap
        said: Said = {}
        span_name = ""
        try:
            call = Call(binding, name, args, kwargs, tap.keys, self._traced_sql, _statements(args))
            if method.describe is not None:
                span_name, said = method.describe(call)
        except Exception as failure:  # arguments may be anything
            tap.fault(f"{binding}.{name}", failure)
        said.update(self._traced_kind.attributes(binding))
        return tap.tracer.start_span(
            span_name or f"{name} {binding}", kind=method.span_kind, attributes=said
        )

    async def _awaited(self, result: Awaitable[Any], method: Method, at: _Open) -> Any:
        try:
            with use_span(at.span):
                answer = await result
        except BaseException as failure:
            record_failure(at.span, failure)
            at.span.end()
            raise
        return self._ended(answer, method, at.span)

    def _ended(self, result: Any, method: Method, span: Span) -> Any:
        if method.answer is not None and span.is_recording():
            try:
                span.set_attributes(method.answer(result))
            except Exception as failure:  # nor is it sure what a binding returns
                self._traced_tap.fault(self._traced_name, failure)
        span.end()
        return self._chained(result, method, self._traced_sql)

    def _chained(self, result: Any, method: Method, sql: object) -> Any:
        if not method.returns or isinstance(result, PLAIN):
            return result
        text = sql if isinstance(sql, str) else ""
        kind = KINDS[method.returns]
        return TracedBinding(result, kind, self._traced_name, self._traced_tap, text)


class _Open:
    """A span that is open until a promise settles, or until nobody can await it any more."""

    __slots__ = ("span",)

    def __init__(self, span: Span) -> None:
        """Hold the span."""
        self.span = span

    def __del__(self) -> None:
        """End the span of a call that was made and never awaited."""
        if self.span.is_recording():
            self.span.end()


def traced_cache(cache: Any, name: str, tracer: Tracer) -> Any:
    """A `Cache` of the Cache API, `js.caches.default` for instance, with traced methods.

    Args:
        cache: The JavaScript object.
        name: For the spans, "default" for instance.
        tracer: Starts them.
    """
    return TracedBinding(cache, KINDS["Cache"], name, Tap(tracer, None, False))


def faults(env: TracedEnv) -> int:
    """How many spans of an env were made without their details, because telling them failed."""
    return env._traced_tap.faults


def unwrap(argument: Any) -> Any:
    """An argument without our wrappers, as the binding has to get it; lists of them likewise."""
    if type(argument) is TracedBinding:
        return argument._traced
    if type(argument) in (list, tuple) and any(type(item) is TracedBinding for item in argument):
        return type(argument)([unwrap(item) for item in argument])
    return argument


def _statements(args: tuple[Any, ...]) -> tuple[str, ...]:
    if not args or type(args[0]) not in (list, tuple):
        return ()
    return tuple([item._traced_sql for item in args[0] if type(item) is TracedBinding])
