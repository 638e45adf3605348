# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_handlers`: every kind of event as a span, and the handler's call as if we were not there."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from edgetrace._bindings import TracedEnv
from edgetrace._current import get_current_span
from edgetrace._edge import EdgeRuntime
from edgetrace._handlers import RPC, Wrapper
from edgetrace._types import SpanKind, StatusCode
from tests.edge_platform import Event, Platform, attributes_of, get, run

PARENT = "00-" + "12" * 16 + "-" + "34" * 8 + "-01"


class Bench:
    """A runtime, an event, and handlers wrapped for it."""

    def __init__(self, env: Any = None, **options: Any) -> None:
        """Begin; `env` are variables."""
        self.platform, self.ctx = Platform(), Event()
        self.env = {} if env is None else env
        self.runtime = EdgeRuntime(self.platform, options)
        self.owner = SimpleNamespace(env=self.env, ctx=self.ctx)

    def method(self, handler: str, function: Callable[..., Any], name: str = "Shop/x") -> Any:
        """A method's wrapper."""
        return Wrapper(self.runtime, handler, name, self.platform.incoming).wrap(function)

    def function(self, handler: str, function: Callable[..., Any]) -> Any:
        """A function's wrapper."""
        return Wrapper(self.runtime, handler, "", self.platform.incoming).wrap(function)

    async def sent(self) -> list[Any]:
        """The spans, once they are delivered."""
        await asyncio.sleep(5)
        return self.platform.spans


def test_a_request_is_a_server_span() -> None:
    """Of its caller's trace, with what it asked and what it was answered."""

    async def main() -> None:
        bench = Bench()

        async def fetch(self: Any, request: Any) -> Any:
            """Answer."""
            assert type(self.env) is TracedEnv
            assert get_current_span().is_recording()
            return SimpleNamespace(status=404)

        traced = bench.method("fetch", fetch)
        assert traced.__doc__ == "Answer."
        assert inspect.iscoroutinefunction(traced)
        request = get("https://shop.example/a?b=1", traceparent=PARENT, cf_ray="8d1f-FRA")
        assert (await traced(bench.owner, request)).status == 404
        (span,) = await bench.sent()
        assert (span.name, span.kind) == ("GET", SpanKind.SERVER)
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == ("12" * 16, "34" * 8)
        assert attributes_of(span) == {
            "http.request.method": "GET",
            "url.scheme": "https",
            "url.path": "/a",
            "url.query": "b=1",
            "server.address": "shop.example",
            "server.port": 443,
            "cloudflare.ray_id": "8d1f",
            "http.response.status_code": 404,
        }

    run(main())


class Broken:
    """An event whose every property raises."""

    def __getattr__(self, name: str) -> Any:
        """Fail."""
        raise RuntimeError(name)


@pytest.mark.parametrize(
    ("handler", "event", "name", "kind", "attributes"),
    [
        (
            "scheduled",
            SimpleNamespace(cron="* * * * *"),
            "scheduled",
            SpanKind.SERVER,
            {"faas.trigger": "timer", "faas.cron": "* * * * *"},
        ),
        ("scheduled", Broken(), "scheduled", SpanKind.SERVER, {"faas.trigger": "timer"}),
        (
            "queue",
            SimpleNamespace(queue="jobs", messages=[1, 2]),
            "process jobs",
            SpanKind.CONSUMER,
            {
                "faas.trigger": "pubsub",
                "messaging.system": "cloudflare-queues",
                "messaging.operation.name": "process",
                "messaging.operation.type": "process",
                "messaging.destination.name": "jobs",
                "messaging.batch.message_count": 2,
            },
        ),
        (
            "queue",
            Broken(),
            "process",
            SpanKind.CONSUMER,
            {
                "faas.trigger": "pubsub",
                "messaging.system": "cloudflare-queues",
                "messaging.operation.name": "process",
                "messaging.operation.type": "process",
            },
        ),
        (
            "email",
            SimpleNamespace(rawSize=12),
            "email",
            SpanKind.SERVER,
            {"faas.trigger": "pubsub", "messaging.message.body.size": 12},
        ),
        (
            "email",
            SimpleNamespace(rawSize="x"),
            "email",
            SpanKind.SERVER,
            {"faas.trigger": "pubsub"},
        ),
        ("alarm", None, "alarm", SpanKind.SERVER, {"faas.trigger": "timer"}),
        ("run", None, "workflow", SpanKind.SERVER, {"faas.trigger": "other"}),
        (
            RPC,
            5,
            "Shop/x",
            SpanKind.SERVER,
            {"rpc.system.name": "cloudflare.jsrpc", "rpc.method": "Shop/x"},
        ),
    ],
    ids=range(9),
)
def test_other_events(
    handler: str, event: Any, name: str, kind: SpanKind, attributes: dict[str, Any]
) -> None:
    """Roots of traces; what cannot be read of an event is not in its span."""

    async def main() -> None:
        bench = Bench()

        async def handle(self: Any, *args: Any, **kwargs: Any) -> Any:
            return args, kwargs

        traced = bench.method(handler, handle)
        assert await traced(bench.owner, event, "env", k="v") == ((event, "env"), {"k": "v"})
        (span,) = await bench.sent()
        assert (span.name, span.kind, span.parent_span_id) == (name, kind, b"")
        assert attributes_of(span) == attributes

    run(main())


def test_an_alarm_and_a_call_without_arguments() -> None:
    """The platform gives them nothing."""

    async def main() -> None:
        bench = Bench()
        for handler in ("alarm", RPC):
            assert await bench.method(handler, _nothing)(bench.owner) is None
        assert [span.name for span in await bench.sent()] == ["alarm", "Shop/x"]

    async def _nothing(self: Any) -> None:
        return None

    run(main())


def test_handlers_that_are_not_async() -> None:
    """The platform awaits a handler's result; a method that is called stays sync."""

    async def main() -> None:
        bench = Bench()
        fetch = bench.method("fetch", lambda self, request: SimpleNamespace(status=200))
        assert (await fetch(bench.owner, get())).status == 200
        add = bench.method(RPC, lambda self, a, b: a + b, "Shop/add")
        assert add(bench.owner, 1, b=2) == 3
        with pytest.raises(TypeError):
            add(bench.owner, 1)
        spans = await bench.sent()
        assert [span.name for span in spans] == ["GET", "Shop/add", "Shop/add"]
        assert [span.status.code for span in spans] == [0, 0, StatusCode.ERROR]

    run(main())


def test_exceptions_pass_unchanged() -> None:
    """The same object, recorded."""

    async def main() -> None:
        bench, failure = Bench(), ValueError("a bug")

        async def fetch(self: Any, request: Any) -> Any:
            raise failure

        with pytest.raises(ValueError, match="a bug") as caught:
            await bench.method("fetch", fetch)(bench.owner, get())
        assert caught.value is failure
        (span,) = await bench.sent()
        assert span.status.code == StatusCode.ERROR
        assert attributes_of(span)["error.type"] == "ValueError"

    run(main())


@pytest.mark.parametrize("result", [None, SimpleNamespace(status="soon"), 5])
def test_what_is_no_response_goes_to_the_platform(result: Any) -> None:
    """Which says so; the span has an error."""

    async def main() -> None:
        bench = Bench()

        async def fetch(self: Any, request: Any) -> Any:
            return result

        assert await bench.method("fetch", fetch)(bench.owner, get()) is result
        (span,) = await bench.sent()
        assert attributes_of(span)["error.type"] == "no_response"

    run(main())


def test_unsampled_requests_are_not_described() -> None:
    """Their response is not even looked at."""

    async def main() -> None:
        bench = Bench(sampler="always_off")

        async def fetch(self: Any, request: Any) -> Any:
            return Broken()

        assert type(await bench.method("fetch", fetch)(bench.owner, get())) is Broken
        assert await bench.sent() == []

    run(main())


def test_what_a_handler_calls_itself_is_no_event() -> None:
    """A public method, a base class's handler; under its span all the same."""

    async def main() -> None:
        bench = Bench()

        async def base(self: Any, request: Any) -> Any:
            return SimpleNamespace(status=total(self, 1, 1))

        total = bench.method(RPC, lambda self, a, b: a + b)
        inner = bench.method("fetch", base)

        async def fetch(self: Any, request: Any) -> Any:
            return await inner(self, request)

        assert (await bench.method("fetch", fetch)(bench.owner, get())).status == 2
        assert [span.name for span in await bench.sent()] == ["GET"]

    run(main())


@pytest.mark.parametrize(
    "function",
    [
        lambda request: ("request",),
        lambda request, env: ("request", type(env).__name__),
        lambda request, env, ctx: ("request", type(env).__name__, type(ctx).__name__),
        lambda *args: ("request", *[type(arg).__name__ for arg in args[1:]]),
        lambda request, env=None, *, more=None, **rest: ("request", type(env).__name__),
    ],
    ids=range(5),
)
def test_functions_get_as_many_arguments_as_they_take(function: Callable[..., Any]) -> None:
    """The platform goes by the signature; ours takes all, for `ctx` is needed."""

    async def main() -> None:
        bench = Bench()
        traced = bench.function("scheduled", function)
        kinds = [each.kind for each in inspect.signature(traced).parameters.values()]
        assert kinds == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]
        got = await traced("event", bench.env, bench.ctx)
        assert got == ("request", "TracedEnv", "Event")[: len(got)]
        assert len(await bench.sent()) == 1

    run(main())


def test_a_function_that_hides_its_signature_gets_all() -> None:
    """Of a kind that `inspect` cannot read."""

    class Hidden:
        __name__ = "on_fetch"

        @property
        def __signature__(self) -> Any:
            raise ValueError("hidden")

        def __call__(self, *args: Any) -> int:
            return len(args)

    async def main() -> None:
        bench = Bench()
        assert await bench.function("scheduled", Hidden())("event", bench.env, bench.ctx) == 3

    run(main())


def test_a_function_called_with_less() -> None:
    """By another host or a test: there is no event's `waitUntil` then."""

    async def main() -> None:
        bench = Bench()
        assert await bench.function("scheduled", lambda event: event)("event", bench.env) == "event"
        assert len(bench.platform.loose) == 1
        assert [span.name for span in await bench.sent()] == ["scheduled"]

    run(main())


@pytest.mark.parametrize("env", [{"EDGETRACE_TAIL": "x"}, 5])
def test_a_worker_that_cannot_be_traced_goes_on(env: Any) -> None:
    """With its own arguments, sync and async."""

    async def main() -> None:
        bench = Bench(env)

        async def fetch(self: Any, request: Any) -> Any:
            return request

        assert await bench.method("fetch", fetch)(bench.owner, "r") == "r"
        assert bench.owner.env is env
        assert bench.method(RPC, lambda self, a: a)(bench.owner, "a") == "a"
        assert await bench.function("fetch", lambda r, e: (r, e))("r", env, bench.ctx) == ("r", env)
        assert await bench.sent() == []

    run(main())


@pytest.mark.parametrize("args", [(), (SimpleNamespace(),), (5, 6, 7)])
def test_arguments_that_nobody_knows(args: tuple[Any, ...]) -> None:
    """As if we were not there; the function's own error says it best."""

    async def main() -> None:
        bench = Bench()

        async def fetch(*args: Any) -> Any:
            return args

        assert await bench.method("fetch", fetch)(*args) == args

    run(main())


def test_a_request_that_cannot_be_read_is_handled() -> None:
    """Without a span."""

    async def main() -> None:
        bench = Bench()

        async def fetch(self: Any, request: Any) -> Any:
            return request

        assert await bench.method("fetch", fetch)(bench.owner, "no request") == "no request"
        assert await bench.sent() == []

    run(main())
