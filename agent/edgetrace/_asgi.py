# SPDX-License-Identifier: MIT OR Apache-2.0
"""ASGI applications: the server span of a request is named by the route that took it.

The Worker's `fetch` makes the span; the application knows the route, `/items/{id}`, and an
exception that its framework has already turned into a 500. An application that is served by
something else than a traced `fetch` gets a span of its own here.

Frameworks are recognised by what they leave in the scope: FastAPI its `route`, Starlette what its
routes match.

Source: ASGI 3.0, "HTTP & WebSocket ASGI Message Format".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ._context import Span
from ._current import get_current_span
from ._edge import EdgeRuntime, IncomingRequest, current_invocation
from ._handlers import begin_fetch
from ._http import set_response, set_route

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def is_asgi(target: object) -> bool:
    """Whether something is an ASGI application object: it is called, and it has routes."""
    return callable(target) and hasattr(target, "routes") and not isinstance(target, type)


class TracedApp:
    """An application in front of which its routes are noticed; all else of it is as it was."""

    def __init__(self, app: Any, runtime: EdgeRuntime) -> None:
        """Stand before `app`."""
        self._app, self._runtime = app, runtime

    def __getattr__(self, name: str) -> Any:
        """The application's own: `@app.get(...)` goes on working."""
        return getattr(self._app, name)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve; see ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif current_invocation() is not None:
            await self._serve(_Exchange(self._app, get_current_span(), scope, send), receive)
        elif not self._runtime.ready(scope.get("env")):
            await self._app(scope, receive, send)
        else:
            start = begin_fetch(self._runtime, _incoming(scope))
            with self._runtime.invocation(None, *start[:3], context=start.context) as span:
                await self._serve(_Exchange(self._app, span, scope, send, own=True), receive)

    async def _serve(self, exchange: _Exchange, receive: Receive) -> None:
        try:
            await self._app(exchange.scope, receive, exchange.send)
        except Exception as failure:
            exchange.fail(failure)
            raise
        finally:
            exchange.name_span()


class _Exchange:
    """One request and its response, as far as the application's messages tell of them."""

    def __init__(
        self, app: Any, span: Span, scope: Message, send: Send, *, own: bool = False
    ) -> None:
        self._app, self._span, self.scope, self._send, self._own = app, span, scope, send, own
        self._asked = dict(scope)  # routers write into theirs what they have taken off the path
        self._started = self._named = False

    async def send(self, message: Message) -> None:
        """Pass on; by the time that a response begins its route is known, and of a streamed one
        the span ends before the application does.
        """
        if message["type"] == "http.response.start":
            self._started = True
            self.name_span()
            if self._own:
                set_response(self._span, int(message["status"]), {}, server=True)
        await self._send(message)

    def fail(self, failure: Exception) -> None:
        """Record an exception that nobody else will see: it has been answered by a 500."""
        if self._started and not self._own:
            self._span.record_exception(failure)

    def name_span(self) -> None:
        """Give the span its route."""
        if not self._named and self._span.is_recording() and (route := self._route()):
            self._named = True
            set_route(self._span, str(self.scope["method"]), route)

    def _route(self) -> str:
        try:
            found, home = self.scope.get("route"), self.scope.get("root_path")
            if found is not None and home == self._asked.get("root_path"):
                return str(found.path)
            # None, or one of a mounted application, which does not know where it is mounted.
            return _path(self._app.routes, self._asked)
        except Exception:  # a framework that we do not know
            return ""


def _path(routes: Any, scope: Message) -> str:
    """The path of the first route that takes a request, a mounted application's after its own."""
    for route in routes:
        match, more = route.matches(scope)
        if match.name == "FULL":
            inner = getattr(route, "routes", None) or ()
            return str(route.path) + _path(inner, {**scope, **more})
    return ""


def _incoming(scope: Message) -> IncomingRequest:
    headers: dict[str, str] = {}
    for name, text in scope["headers"]:
        field, value = name.decode("latin-1"), text.decode("latin-1")
        headers[field] = f"{headers[field]}, {value}" if field in headers else value
    query = scope.get("query_string", b"").decode("latin-1")
    host = headers.get("host", "")
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    url = f"{scope.get('scheme', 'https')}://{host}{path}{'?' * bool(query)}{query}"
    return IncomingRequest(str(scope["method"]), url, headers, {})
