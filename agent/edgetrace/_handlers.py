# SPDX-License-Identifier: MIT OR Apache-2.0
"""A Worker's handlers, each wrapped so that what it handles is a span.

| handler                 | span             | kind     | carries                             |
| ----------------------- | ---------------- | -------- | ----------------------------------- |
| fetch                   | GET /route       | SERVER   | HTTP, see `_http`, `_edge_facts`    |
| scheduled               | scheduled        | SERVER   | faas.trigger, faas.cron             |
| queue                   | process <queue>  | CONSUMER | messaging.*, the batch's size       |
| email                   | email            | SERVER   | faas.trigger, the message's size    |
| alarm                   | alarm            | SERVER   | faas.trigger                        |
| run, of a workflow      | workflow         | SERVER   | faas.trigger; its steps: `_steps`   |
| a public method, by RPC | <class>/<method> | SERVER   | rpc.*                               |
| tail                    | none: a tail worker must not feed itself                          |

A handler gets its arguments and gives its result, or exception, as if we were not there. What we
read of an event is best effort: what cannot be read is not in the span.

Source: OpenTelemetry semantic conventions 1.44, http, faas, messaging, rpc.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, TypeVar

from ._context import EMPTY, Context, Span
from ._edge import EdgeRuntime, IncomingRequest, Invocation, current_invocation
from ._edge_facts import connection_attributes
from ._http import server_span, set_response
from ._propagation import FIELDS, get_propagators
from ._records import NamedTuple
from ._types import AttributeValue, SpanKind

_F = TypeVar("_F", bound=Callable[..., Any])

HANDLERS: Final[Mapping[str, frozenset[str]]] = {
    "WorkerEntrypoint": frozenset(("fetch", "scheduled", "queue", "email")),
    "DurableObject": frozenset(("fetch", "alarm")),
    "WorkflowEntrypoint": frozenset(("run",)),
}
"""By the SDK's base class: the methods that the platform calls. Other public ones are RPC."""
FUNCTIONS: Final = HANDLERS["WorkerEntrypoint"]
NOT_TRACED: Final = frozenset(
    (
        *("tail", "tailStream", "trace", "test", "connect", "dup"),
        *("webSocketMessage", "webSocketClose", "webSocketError"),
    )
)
"""Called by the platform too, and no span: a tail worker's own, or what OpenTelemetry has not."""
RPC: Final = "rpc"


class Start(NamedTuple):
    """How an event's span begins."""

    name: str
    kind: SpanKind = SpanKind.SERVER
    attributes: dict[str, AttributeValue] | None = None
    context: Context = EMPTY


def begin_fetch(runtime: EdgeRuntime, incoming: IncomingRequest) -> Start:
    """The server span of a request."""
    provider = runtime.provider
    assert provider is not None  # noqa: S101  # `ready` was True
    name, attributes = server_span(
        incoming.method, incoming.url, incoming.headers, provider.settings.url_query
    )
    headers = incoming.headers
    attributes.update(connection_attributes(incoming.cf, headers, runtime.settings.client_address))
    parent, state, baggage = [headers.get(field, "") for field in FIELDS]
    context = get_propagators().parse(parent, state, baggage)
    return Start(name, SpanKind.SERVER, attributes, context)


def _scheduled(controller: Any) -> Start:
    attributes: dict[str, AttributeValue] = {"faas.trigger": "timer"}
    _put(attributes, "faas.cron", controller, "cron", str)
    return Start("scheduled", SpanKind.SERVER, attributes)


def _queue(batch: Any) -> Start:
    attributes: dict[str, AttributeValue] = {
        "faas.trigger": "pubsub",
        "messaging.system": "cloudflare-queues",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
    }
    _put(attributes, "messaging.destination.name", batch, "queue", str)
    try:
        attributes["messaging.batch.message_count"] = len(batch.messages)
    except Exception:  # best effort, see above
        attributes.pop("messaging.batch.message_count", None)
    destination = attributes.get("messaging.destination.name", "")
    return Start(f"process {destination}".strip(), SpanKind.CONSUMER, attributes)


def _email(message: Any) -> Start:
    attributes: dict[str, AttributeValue] = {"faas.trigger": "pubsub"}
    _put(attributes, "messaging.message.body.size", message, "rawSize", int)
    return Start("email", SpanKind.SERVER, attributes)


def _alarm(_info: Any) -> Start:
    return Start("alarm", SpanKind.SERVER, {"faas.trigger": "timer"})


def _run(_event: Any) -> Start:
    return Start("workflow", SpanKind.SERVER, {"faas.trigger": "other"})


_STARTS: Final[Mapping[str, Callable[[Any], Start]]] = {
    "scheduled": _scheduled,
    "queue": _queue,
    "email": _email,
    "alarm": _alarm,
    "run": _run,
}


def _put(
    attributes: dict[str, AttributeValue],
    key: str,
    owner: Any,
    name: str,
    kind: type[str] | type[int],
) -> None:
    try:
        value = getattr(owner, name)
    except Exception:  # best effort, see above
        return
    if isinstance(value, kind):
        attributes[key] = value


class Wrapper:
    """Wraps one handler: a method of a class, or a function that gets event, env and ctx."""

    def __init__(
        self,
        runtime: EdgeRuntime,
        handler: str,
        method: str,
        read: Callable[[Any], IncomingRequest],
    ) -> None:
        """Set what is wrapped.

        Args:
            runtime: The isolate's tracing.
            handler: One of `HANDLERS`, or `RPC`.
            method: "<class>/<method>", or "" for a function.
            read: Reads a request.
        """
        self._runtime, self._handler, self._method, self._read = runtime, handler, method, read

    def wrap(self, function: _F) -> _F:
        """The handler to put in its place; sync stays sync but where the platform awaits anyway.

        A function gets as many of event, env and ctx as it takes; what stands in its place gets
        them all.
        """
        takes = None if self._method else _positional(function)
        if inspect.iscoroutinefunction(function) or self._handler != RPC:

            @wraps(function)
            async def traced(*args: Any, **kwargs: Any) -> Any:
                invocation, args = self._open(args)
                if invocation is None:
                    return await _settle(function(*args[:takes], **kwargs))
                with invocation as span:
                    result = await _settle(function(*args[:takes], **kwargs))
                    self._describe(span, result)
                    return result

            if not self._method:
                del traced.__wrapped__  # whose signature the platform would go by
            return traced  # type: ignore[return-value]  # wraps keeps the signature

        @wraps(function)
        def traced_sync(*args: Any, **kwargs: Any) -> Any:
            invocation, args = self._open(args)
            if invocation is None:
                return function(*args, **kwargs)
            with invocation:
                return function(*args, **kwargs)

        return traced_sync  # type: ignore[return-value]  # likewise

    def _open(self, args: tuple[Any, ...]) -> tuple[Invocation | None, tuple[Any, ...]]:
        """Begin an event; None where it is to be handled as if we were not there."""
        if current_invocation() is not None:
            return None, args  # what a handler itself calls, its base class's too, is no event
        try:
            if self._method:
                owner, event = args[0], args[1] if len(args) > 1 else None
                env, ctx = owner.env, owner.ctx
            else:
                owner, (event, env, ctx) = None, (*args[:3], None, None)[:3]
            if not self._runtime.ready(env):
                return None, args
            start = self._start(event)
            traced_env = self._runtime.traced_env(env)
            if owner is None:
                args = (event, traced_env, *args[2:])
            elif traced_env is not env:
                owner.env = traced_env
        except Exception:  # of an event, or arguments, of a shape that we do not know
            return None, args
        return self._runtime.invocation(ctx, *start), args

    def _start(self, event: Any) -> Start:
        if self._handler == "fetch":
            return begin_fetch(self._runtime, self._read(event))
        if self._handler != RPC:
            return _STARTS[self._handler](event)
        attributes: dict[str, AttributeValue] = {
            "rpc.system.name": "cloudflare.jsrpc",
            "rpc.method": self._method,
        }
        return Start(self._method, SpanKind.SERVER, attributes)

    def _describe(self, span: Span, result: Any) -> None:
        if self._handler != "fetch" or not span.is_recording():
            return
        try:
            set_response(span, int(result.status), {}, server=True)
        except Exception:  # what was returned is no response; the platform will say so
            span.set_attribute("error.type", "no_response")


def _positional(function: Callable[..., Any]) -> int | None:
    """How many positional arguments a function takes; None for any number, or if it hides it."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return None
    keyword_only = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    return sum([kind not in keyword_only for kind in kinds])


async def _settle(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result
