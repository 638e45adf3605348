# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_asgi`: Starlette and applications of no framework, behind a traced fetch and without one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from edgetrace._asgi import TracedApp, is_asgi
from edgetrace._edge import EdgeRuntime
from tests.edge_platform import Event, Platform, attributes_of, run
from tests.virtual_time import this_loop

PARENT = "00-" + "12" * 16 + "-" + "34" * 8 + "-01"


async def item(request: Request) -> Response:
    """Its parameter."""
    return JSONResponse(request.path_params)


async def broken(request: Request) -> Response:
    """A bug."""
    raise ValueError("a bug")


async def stream(request: Request) -> Response:
    """In pieces."""

    async def pieces() -> Any:
        yield b"first"
        await request.app.state.gate.wait()
        yield b"second"

    return StreamingResponse(pieces())


def starlette() -> Starlette:
    """An application."""
    return Starlette(
        routes=[
            Route("/items/{id:int}", item, methods=["GET"]),
            Route("/broken", broken),
            Route("/stream", stream),
            Mount("/api", routes=[Route("/things/{name}", item)]),
            Mount("/files", app=_plain),
        ]
    )


async def _plain(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"plain"})


class Bench:
    """An application, an event, and what it answered."""

    def __init__(self, app: Any = None, env: Any = None) -> None:
        """Stand before `app`."""
        self.platform, self.ctx = Platform(), Event()
        self.runtime = EdgeRuntime(self.platform, {})
        self.app = TracedApp(app or starlette(), self.runtime)
        self.env = {} if env is None else env
        self.messages: list[Any] = []

    async def ask(self, path: str, method: str = "GET", *headers: tuple[bytes, bytes]) -> int:
        """One request, straight to the application."""

        asked: list[None] = []

        async def receive() -> Any:
            if asked:  # nobody disconnects
                await this_loop().create_future()
            asked.append(None)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            self.messages.append(message)

        scope = {
            **{"type": "http", "method": method, "path": path, "raw_path": path.encode()},
            **{"query_string": b"q=1", "scheme": "https", "env": self.env, "root_path": ""},
            "headers": [(b"host", b"shop.example"), *headers],
        }
        await self.app(scope, receive, send)
        return int(self.messages[0]["status"])

    async def ask_traced(self, path: str, method: str = "GET") -> int:
        """One request, behind a traced fetch."""
        assert self.runtime.ready(self.env)
        with self.runtime.invocation(self.ctx, method):
            return await self.ask(path, method)

    async def span(self) -> Any:
        """The one span, once it is delivered."""
        await asyncio.sleep(5)
        (span,) = self.platform.spans
        return span


def test_what_is_an_application() -> None:
    """An object that is called and has routes."""
    assert is_asgi(starlette())
    assert not is_asgi(Starlette)
    assert not is_asgi(_plain)
    assert not is_asgi(SimpleNamespace(routes=[]))


@pytest.mark.parametrize(
    ("path", "method", "name", "status"),
    [
        ("/items/7", "GET", "GET /items/{id:int}", 200),
        ("/api/things/x", "GET", "GET /api/things/{name}", 200),
        ("/files/a/b", "GET", "GET /files", 200),
        ("/api/none", "GET", "GET /api", 404),
        ("/none", "GET", "GET", 404),
        ("/items/7", "POST", "POST /items/{id:int}", 405),
        ("/items/x", "GET", "GET", 404),
    ],
)
def test_spans_are_named_by_their_route(path: str, method: str, name: str, status: int) -> None:
    """Behind a traced fetch, whose span it is, and without one."""

    async def main() -> None:
        behind, alone = Bench(), Bench()
        assert await behind.ask_traced(path, method) == status
        assert await alone.ask(path, method) == status
        for bench in (behind, alone):
            span = await bench.span()
            assert span.name == name
            route = name.partition(" ")[2]
            assert attributes_of(span).get("http.route") == (route or None)
        assert attributes_of(span)["http.response.status_code"] == status

    run(main())


def test_an_application_without_a_traced_fetch_has_its_own_span() -> None:
    """With the caller's trace; delivered under what the platform takes its event to be."""

    async def main() -> None:
        bench = Bench()
        await bench.ask("/items/7", "GET", (b"traceparent", PARENT.encode()))
        assert len(bench.platform.loose) == 1
        span = await bench.span()
        assert span.trace_id.hex() == "12" * 16
        found = attributes_of(span)
        assert (found["url.path"], found["url.query"]) == ("/items/7", "q=1")
        assert found["server.address"] == "shop.example"

    run(main())


def test_repeated_headers_are_joined() -> None:
    """Two traceparents are none; a tracestate in two lines is one."""

    async def main() -> None:
        for count in (1, 2):
            bench = Bench()
            headers = [(b"traceparent", PARENT.encode())] * count
            headers += [(b"tracestate", b"a=1"), (b"tracestate", b"b=2")]
            await bench.ask("/items/7", "GET", *headers)
            span = await bench.span()
            assert (span.trace_id.hex() == "12" * 16) is (count == 1)
            assert span.trace_state == ("a=1,b=2" if count == 1 else "")

    run(main())


def test_an_exception_is_recorded_once_and_goes_on() -> None:
    """Starlette answers 500 and raises on; a fetch that has its answer never sees it."""

    async def main() -> None:
        alone, behind = Bench(), Bench()
        with pytest.raises(ValueError, match="a bug"):
            await alone.ask("/broken")
        assert behind.runtime.ready({})
        with behind.runtime.invocation(behind.ctx, "GET"), pytest.raises(ValueError, match="a bug"):
            await behind.ask("/broken")
        for bench in (alone, behind):
            span = await bench.span()
            assert [event.name for event in span.events] == ["exception"]
            assert span.name == "GET /broken"

    run(main())


def test_an_exception_before_the_answer_is_the_fetchs() -> None:
    """It raises, and its span records it."""

    class App:
        routes = ()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            raise ValueError("a bug")

    async def main() -> None:
        bench = Bench(App())
        with pytest.raises(ValueError, match="a bug"):
            await bench.ask_traced("/")
        assert [event.name for event in (await bench.span()).events] == ["exception"]

    run(main())


def test_a_streamed_response_has_its_route_when_it_begins() -> None:
    """Its fetch has answered, and its span ended, while the application still runs."""

    async def main() -> None:
        bench = Bench()
        bench.app.state.gate = asyncio.Event()
        assert bench.runtime.ready({})
        with bench.runtime.invocation(bench.ctx, "GET"):
            task = asyncio.ensure_future(bench.ask("/stream"))
            await asyncio.sleep(0.1)
            assert bench.messages[-1]["body"] == b"first"
        assert (await bench.span()).name == "GET /stream"
        bench.app.state.gate.set()
        assert await task == 200

    run(main())


@pytest.mark.parametrize("route", [SimpleNamespace(path="/by/{framework}"), SimpleNamespace()])
def test_other_frameworks(route: Any) -> None:
    """FastAPI says the route in the scope; of what is not understood there is no route."""

    class App:
        routes = ("nonsense",)

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            scope["route"] = route
            await _plain(scope, receive, send)

    async def main() -> None:
        bench = Bench(App())
        await bench.ask("/")
        expected = "GET /by/{framework}" if hasattr(route, "path") else "GET"
        assert (await bench.span()).name == expected

    run(main())


def test_other_scopes_go_through() -> None:
    """Lifespans and WebSockets."""
    seen: list[Any] = []

    class App:
        routes = ()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            seen.append((scope, receive, send))

    async def main() -> None:
        bench = Bench(App())
        for kind in ("lifespan", "websocket"):
            await bench.app({"type": kind}, "receive", "send")  # type: ignore[arg-type]
        assert seen[1] == ({"type": "websocket"}, "receive", "send")
        assert bench.platform.sent == []

    run(main())


def test_untraced() -> None:
    """With a wrong variable the application answers, and keeps its own attributes."""

    async def main() -> None:
        bench = Bench(env={"EDGETRACE_TAIL": "nonsense"})
        assert await bench.ask("/items/7") == 200
        assert bench.app.state is bench.app._app.state
        await asyncio.sleep(5)
        assert bench.platform.sent == []

    run(main())
