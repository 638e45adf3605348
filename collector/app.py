# SPDX-License-Identifier: MIT OR Apache-2.0
"""Puts the receiver, the JSON API and the viewer's files together as one ASGI application.

| path            | served by        |
|-----------------|------------------|
| /v1/traces      | receive          |
| /api/*          | api              |
| / and the rest  | files of static/ |

Every page carries a strict Content-Security-Policy: the viewer shows text that strangers sent.
"""

from __future__ import annotations

import json
import mimetypes
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.api import Api
from collector.body import MAX_BODY_BYTES
from collector.receive import TracesEndpoint
from collector.store import Store

_STATIC = Path(__file__).parent / "static"
_SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def create_app(store: Store, max_body_bytes: int = MAX_BODY_BYTES) -> Starlette:
    """Build the application over a store; it starts nothing and owns nothing."""
    # The type of .js comes from the machine's tables (on Windows: the registry), and a module
    # script with another type is refused.
    mimetypes.add_type("text/javascript", ".js")
    app = Starlette(
        routes=[
            # An instance instead of a function: Starlette then passes all methods on.
            Route("/v1/traces", _any_method(TracesEndpoint(store, max_body_bytes))),
            Route("/v1/{signal:path}", _other_signal, methods=["GET", "POST", "OPTIONS"]),
            *Api(store).routes(),
            Mount("/", StaticFiles(directory=_STATIC, html=True)),
        ],
        exception_handlers={HTTPException: _plain_error},  # type: ignore[dict-item]
    )
    app.add_middleware(_SecurityHeaders)
    return app


def _any_method(endpoint: TracesEndpoint) -> ASGIApp:
    class _Endpoint:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

    return _Endpoint()


async def _other_signal(request: Request) -> Response:
    raise HTTPException(404, "this collector takes traces only, at POST /v1/traces")


async def _plain_error(request: Request, error: HTTPException) -> Response:
    return Response(
        json.dumps({"error": error.detail}),
        status_code=error.status_code,
        media_type="application/json",
        headers=dict(error.headers or {}),
    )


class _SecurityHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                # Files change with the collector's version, not with a file name.
                headers.setdefault("cache-control", "no-cache")
            await send(message)

        receiving = scope["path"].startswith("/v1/")
        await self._app(scope, receive, send if receiving else send_with_headers)
