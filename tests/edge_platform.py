# SPDX-License-Identifier: MIT OR Apache-2.0
"""An `EdgePlatform` in memory, in virtual time: events with `waitUntil`, killed as workerd kills.

A killed event does not see an exception: its coroutines are never run again, nor are its timers.
And no event may wait for what another one will do, which workerd ends as hung: here it is an
AssertionError, for every coroutine that runs as part of an event.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from edgetrace._bindings import TracedFetch
from edgetrace._edge import EdgeRuntime, IncomingRequest
from edgetrace._mirror import PlatformMirror
from edgetrace._types import Clock, ExportRequest, ExportResponse, SpanMirror, Transport
from tests.otlp_messages import decode
from tests.virtual_time import LoopClock, VirtualLoop, this_loop

OK = ExportResponse(200, {}, b"")


class Event:
    """One event, and an `ExecutionContext` as far as it is used: `waitUntil`.

    Attributes:
        is_dead: Set by `kill`.
        kept: What was given to `waitUntil`.
    """

    def __init__(self) -> None:
        """Begin."""
        self.is_dead = False
        self.kept: list[asyncio.Task[Any]] = []

    def waitUntil(self, work: Coroutine[Any, Any, Any]) -> None:  # noqa: N802  # the platform's
        """Run a coroutine as part of this event."""
        self.kept.append(self.run(work))

    def run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a coroutine as part of this event."""
        token = _event.set(self)
        try:
            return asyncio.ensure_future(work)
        finally:
            _event.reset(token)

    def kill(self) -> None:
        """Its client has gone, or its time is up."""
        self.is_dead = True

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left to run."""
        return self.is_dead or all(task.done() for task in self.kept)


_event: ContextVar[Event | None] = ContextVar("tests.event", default=None)
_owners: WeakKeyDictionary[Any, Event | None] = WeakKeyDictionary()


class _Mortal(Coroutine[Any, Any, Any]):
    """A coroutine of an event: it stops where it is when the event is killed."""

    def __init__(self, work: Coroutine[Any, Any, Any], event: Event) -> None:
        self.work, self.event = work, event

    def send(self, value: Any) -> Any:
        if self.event.is_dead:
            return self._never()
        awaited = self.work.send(value)
        parts = getattr(awaited, "_children", None) or [awaited]
        for part in filter(None, parts):  # None: a bare `sleep(0)`
            assert _owners.get(part, self.event) is self.event, f"awaits another event's {part}"
        return awaited

    def throw(self, *error: Any) -> Any:
        if self.event.is_dead:
            raise asyncio.CancelledError
        return self.work.throw(*error)

    def close(self) -> None:
        with contextlib.suppress(BaseException):  # half-way through whatever it was
            self.work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        raise AssertionError

    def _never(self) -> Any:
        future = this_loop().create_future()
        future._asyncio_future_blocking = True
        return future


class _Tasks:
    """Makes tasks of what events run; keeps their coroutines until the end of the test."""

    def __init__(self) -> None:
        self.works: list[_Mortal] = []

    def __call__(self, loop: Any, work: Any, **options: Any) -> asyncio.Task[Any]:
        event = _event.get()
        if event is not None:
            work = _Mortal(work, event)
            self.works.append(work)
        task = asyncio.Task(work, loop=loop, **options)
        _owners[task] = event
        return task


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """`tests.virtual_time.run`, where what runs as part of an event is held to workerd's rules."""
    tasks = _Tasks()

    def make_loop() -> VirtualLoop:
        loop = VirtualLoop()
        loop.set_task_factory(tasks)
        plain = loop.create_future

        def create_future() -> Any:
            future = plain()
            _owners[future] = _event.get()
            return future

        loop.create_future = create_future  # type: ignore[method-assign]
        return loop

    with asyncio.Runner(loop_factory=make_loop) as runner:
        result = runner.run(main)
        loop: Any = runner.get_loop()
    for work in tasks.works:
        work.close()
    assert loop.complaints == []
    return result


Answer = ExportResponse | BaseException | Callable[[ExportRequest], Awaitable[ExportResponse]]


class Platform:
    """The port: `env` is a mapping of variables, a request is an `IncomingRequest`.

    Attributes:
        answers: How the collector answers; the last one stays.
        sent: What it was sent, and when.
        tracing: What `instrument_fetch` was called with.
        loose: Work without a `ctx`.
    """

    def __init__(self, *answers: Answer) -> None:
        """Take the collector's answers in order."""
        self.answers: list[Answer] = list(answers) or [OK]
        self.sent: list[tuple[float, ExportRequest]] = []
        self.tracing: list[EdgeRuntime] = []
        self.loose: list[asyncio.Task[Any]] = []

    def clock(self) -> Clock:
        """See `EdgePlatform`."""
        return LoopClock()

    def transport(self) -> Transport:
        """See `EdgePlatform`."""
        return self

    def environ(self, env: Any) -> Mapping[str, str]:
        """See `EdgePlatform`."""
        return dict(env)

    def incoming(self, request: Any) -> IncomingRequest:
        """See `EdgePlatform`."""
        assert type(request) is IncomingRequest
        return request

    def wait_until(self, ctx: Any, work: Coroutine[Any, Any, None]) -> None:
        """See `EdgePlatform`."""
        if ctx is None:
            self.loose.append(asyncio.ensure_future(work))
        else:
            ctx.waitUntil(work)

    def instrument_fetch(self, runtime: EdgeRuntime) -> None:
        """See `EdgePlatform`."""
        self.tracing.append(runtime)

    def traced_fetch(self, runtime: EdgeRuntime) -> TracedFetch:
        """See `EdgePlatform`."""
        return lambda call, attributes, args, kwargs: call(*args, **kwargs)

    def mirror(self) -> SpanMirror:
        """See `EdgePlatform`."""
        return PlatformMirror()

    async def send(self, request: ExportRequest) -> ExportResponse:
        """Be the transport."""
        self.sent.append((round(this_loop().now, 3), request))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return await answer(request) if callable(answer) else answer

    @property
    def times(self) -> list[float]:
        """When requests were sent."""
        return [at for at, _ in self.sent]

    @property
    def spans(self) -> list[Any]:
        """Every span that was sent, as messages."""
        return [
            span
            for _, request in self.sent
            for resource_spans in decode(request).resource_spans
            for scope_spans in resource_spans.scope_spans
            for span in scope_spans.spans
        ]

    def span(self, name: str) -> Any:
        """The one span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


def attributes_of(span: Any) -> dict[str, Any]:
    """A message's attributes, plain."""
    return {
        pair.key: getattr(pair.value, str(pair.value.WhichOneof("value")))
        for pair in span.attributes
    }


def get(url: str = "https://shop.example/a?b=1", **headers: str) -> IncomingRequest:
    """A GET request; header names with _ for -."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return IncomingRequest("GET", url, named, {})
