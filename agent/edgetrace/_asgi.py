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
            await self._serve(get_current_span(), scope, receive, send)
        elif not self._runtime.ready(scope.get("env")):
            await self._app(scope, receive, send)
        else:
            start = begin_fetch(self._runtime, _incoming(scope))
            with self._runtime.invocation(None, *start[:3], context=start.context) as span:
                await self._serve(span, scope, receive, self._watching(span, send))

    async def _serve(self, span: Span, scope: Message, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as failure:
            span.record_exception(failure)  # the caller may make a 500 of it and be silent
            raise
        finally:
            if span.is_recording() and (route := self._route(scope)):
                set_route(span, str(scope["method"]), route)

    def _route(self, scope: Message) -> str:
        try:
            found = scope.get("route")
            if found is None:
                found = self._matching(scope)
            return str(found.path) if found is not None else ""
        except Exception:  # a framework that we do not know
            return ""

    def _matching(self, scope: Message) -> Any:
        for route in self._app.routes:
            match, _ = route.matches(dict(scope))
            if match.name == "FULL":
                return route
        return None

    @staticmethod
    def _watching(span: Span, send: Send) -> Send:
        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                set_response(span, int(message["status"]), {}, server=True)
            await send(message)

        return watch


def _incoming(scope: Message) -> IncomingRequest:
    headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
    query = scope.get("query_string", b"").decode("latin-1")
    host = headers.get("host", "")
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    url = f"{scope.get('scheme', 'https')}://{host}{path}{'?' * bool(query)}{query}"
    return IncomingRequest(str(scope["method"]), url, headers, {})
