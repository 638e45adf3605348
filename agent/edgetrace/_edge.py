# SPDX-License-Identifier: MIT OR Apache-2.0
"""One isolate's tracing, and one event that it handles: what the Worker adapter is made of.

An `EdgeRuntime` is inert until the first event brings `env`, where a Worker's settings are. An
`Invocation` is one event: its span is the local root, and when it has ended the isolate's spans may
be delivered under that event's `waitUntil`.

    instrument ── EdgeRuntime(options)                          at import: nothing
    event ── ready(env) ── Invocation ── span ... ── deliver    in a request

Knows no JavaScript: `EdgePlatform` is the port, `_workerd` its one implementation.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Coroutine, Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Final

from ._bindings import TracedEnv, TracedFetch
from ._context import EMPTY, Context, Span, attach, detach, record_failure, text_of, type_name
from ._edge_config import EdgeSettings, edge_settings
from ._export import Exporter
from ._isolate import IsolateDelivery
from ._propagation import propagators_from_names, set_propagators
from ._records import NamedTuple, Protocol
from ._report import LogHandler, Reporter
from ._routes import RouteSampler
from ._sampler import sampler_from_settings
from ._tail import TailExporter, TailRules
from ._tracer import (
    Tracer,
    TracerProvider,
    get_tracer_provider,
    set_tracer_provider,
)
from ._types import (
    Attributes,
    Clock,
    ExportRequest,
    ExportResponse,
    Scope,
    SpanExporter,
    SpanKind,
    SpanMirror,
    Transport,
)
from ._version import VERSION

SCOPE: Final = Scope("edgetrace.worker", VERSION)


class IncomingRequest(NamedTuple):
    """What a handler's request says of itself: plain data, read across the boundary once.

    Attributes:
        method: As it came.
        url: Absolute.
        headers: Lower-case names; of repeated ones the values joined by ", ".
        cf: `_edge_facts.PROPERTIES`, as far as they are there.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    cf: Mapping[str, object]


class EdgePlatform(Protocol):
    """The port to workerd."""

    def clock(self) -> Clock:
        """A clock, unread."""

    def transport(self) -> Transport:
        """What POSTs."""

    def environ(self, env: Any) -> Mapping[str, str]:
        """A Worker's `env` as variables: what is no text is not there."""

    def incoming(self, request: Any) -> IncomingRequest:
        """Read a request, whichever form the handler got it in."""

    def wait_until(self, ctx: Any, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` after the response, within the event that `ctx` belongs to."""

    def instrument_fetch(self, runtime: EdgeRuntime) -> None:
        """Trace fetches that handlers make; once per isolate."""

    def traced_fetch(self, runtime: EdgeRuntime) -> TracedFetch:
        """What makes a client span around a binding's fetch."""

    def mirror(self) -> SpanMirror:
        """The platform's own tracing."""


class EdgeRuntime:
    """The tracing of one isolate for one set of options.

    Attributes:
        tracer: For the adapter's own spans.
        settings: The edge's, valid once `ready` was True.
    """

    def __init__(self, platform: EdgePlatform, options: Mapping[str, object]) -> None:
        """Validate the keywords; nothing is read, drawn or sent.

        Raises:
            ConfigError: A keyword is unknown, or its value is not of its form.
        """
        edge_settings({}, options)
        self._platform = platform
        self._options = options
        self._settled = False
        self.provider: TracerProvider | None = None
        self.settings = EdgeSettings()
        self.tracer = Tracer(SCOPE)
        self._delivery: IsolateDelivery | None = None
        self._tail: TailExporter | None = None

    def ready(self, env: Any) -> bool:
        """Take the settings from the first event's `env`; whether there is anything to trace with.

        A wrong variable is logged, once per isolate: the Worker goes on untraced.
        """
        if not self._settled:
            self._settled = True
            try:
                self._begin(self._platform.environ(env))
            except Exception as failure:  # a ConfigError, or whatever reading `env` raises
                said = f"{type_name(failure)}: {text_of(failure)}"
                logging.getLogger("edgetrace").error("this Worker is not traced: %s", said)
        return self.provider is not None

    def _begin(self, environ: Mapping[str, str]) -> None:
        settings, edge = edge_settings(environ, self._options)
        propagators = propagators_from_names(settings.propagators)
        clock = self._platform.clock()
        exporter = Exporter(settings, settings.resource(), os.urandom)
        handler = LogHandler(clock)
        transport = _Aside(self._platform.transport())
        self._delivery = IsolateDelivery(
            exporter, transport, clock, Reporter(handler).error, self._woken
        )
        front: SpanExporter = exporter
        if edge.tail not in (None, TailRules()):
            assert edge.tail is not None  # noqa: S101  # for mypy
            front = self._tail = TailExporter(edge.tail, exporter, self._delivery.wake)
        sampler = sampler_from_settings(settings)
        if edge.route_ratios:
            sampler = RouteSampler(edge.route_ratios, sampler)
        provider = TracerProvider(
            settings,
            clock=clock,
            entropy=os.urandom,
            exporter=front,
            delivery=self._delivery,
            sampler=sampler,
            error_handler=handler,
            mirror=self._platform.mirror() if edge.platform_tracing else None,
        )
        self.provider, self.settings, self.tracer = provider, edge, Tracer(SCOPE, provider)
        if get_tracer_provider() is None:
            set_propagators(propagators)
            set_tracer_provider(provider)
        if not settings.disabled:
            self._platform.instrument_fetch(self)

    def invocation(
        self,
        ctx: Any,
        name: str,
        kind: SpanKind = SpanKind.SERVER,
        attributes: Attributes | None = None,
        context: Context = EMPTY,
    ) -> Invocation:
        """One event, for a `with` block; the arguments are its span's, and the event's `ctx`."""
        return Invocation(self, ctx, (name, context, kind, attributes), self._tail)

    def traced_env(self, env: Any) -> Any:
        """A Worker's `env` with its bindings traced; as it is where that has been done."""
        if type(env) is TracedEnv or self.provider is None or self.provider.settings.disabled:
            return env
        fetch = self._platform.traced_fetch(self)
        return TracedEnv(env, self.tracer, fetch, keys=self.settings.binding_keys)

    def deliver_after(self, ctx: Any) -> None:
        """Have the isolate's spans sent after the response, if there is anything to do."""
        if self._delivery is not None and self._delivery.is_due():
            self._platform.wait_until(ctx, self._delivery.deliver())

    def counters(self) -> dict[str, int]:
        """The provider's; {} before the first event."""
        return self.provider.counters() if self.provider is not None else {}

    def _woken(self) -> None:
        """A span has ended in what an event left running: under `waitUntil`, in a stream."""
        invocation = current_invocation()
        if invocation is not None and invocation.is_over:
            invocation.deliver()


class Invocation:
    """One event while it is handled.

    Attributes:
        ctx: The platform's, with `waitUntil`.
        is_over: Whether its handler has ended; what it left running may go on.
    """

    __slots__ = (
        "_context_token",
        "_own_token",
        "_runtime",
        "_span",
        "_start",
        "_tail",
        "_tail_token",
        "ctx",
        "is_over",
    )

    def __init__(
        self,
        runtime: EdgeRuntime,
        ctx: Any,
        start: tuple[str, Context, SpanKind, Attributes | None],
        tail: TailExporter | None,
    ) -> None:
        """Keep the parts, `start_span`'s arguments among them; nothing has begun."""
        self.ctx, self.is_over = ctx, False
        self._runtime, self._start, self._tail = runtime, start, tail

    def __enter__(self) -> Span:
        """Begin: the event's span is current."""
        self._own_token: Token[Invocation | None] = _current.set(self)
        if self._tail is not None:
            self._tail_token = self._tail.begin()
        # As `CurrentSpan` does, for one entry, and with the caller's baggage.
        self._span = self._runtime.tracer.start_span(*self._start)
        self._context_token = attach(Context(self._span, self._start[1].baggage))
        return self._span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; an exception is recorded and goes on. What waits to be sent may go now."""
        detach(self._context_token)
        if exception is not None:
            record_failure(self._span, exception)
        self._span.end()
        if self._tail is not None:
            self._tail.end(self._tail_token)
        _current.reset(self._own_token)
        self.is_over = True
        self.deliver()

    def deliver(self) -> None:
        """Have the isolate's spans sent under this event's `waitUntil`."""
        try:
            self._runtime.deliver_after(self.ctx)
        except Exception as failure:  # a ctx of a third party's test, say; the answer is made
            said = f"{type_name(failure)}: {text_of(failure)}"
            logging.getLogger("edgetrace").error("spans were not sent: %s", said)


class _Aside:
    """A transport whose requests are no part of the event that happens to send them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, request: ExportRequest) -> ExportResponse:
        """See `Transport`; each send is a task, and this is its context."""
        _current.set(None)
        return await self._transport.send(request)


_current: Final[ContextVar[Invocation | None]] = ContextVar("edgetrace.invocation", default=None)


def current_invocation() -> Invocation | None:
    """The event that is being handled here; None outside of any."""
    return _current.get()
