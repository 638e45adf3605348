# SPDX-License-Identifier: MIT OR Apache-2.0
"""The demo's two origins in one thread: the shop, and the weather office beside it.

    /                        browser/demo/*.html, {{weather}} filled in; strict CSP
    /css /js /img /fonts     browser/demo/, as files
    /api/...                 browser/demo/api/*.json; one answer is slow, one fails
    other origin: /isobars.svg with Timing-Allow-Origin, /radar.avif without

The shop knows nothing of edgetrace: the gateway in front of it puts the tag into its pages and has
the agent's files. A shop without a gateway can be had too; then it does both by itself:

    /edgetrace/...           dist/, as `build.py bundle` wrote it

On one machine every file takes a millisecond and a waterfall shows nothing, so each answer waits
as long as it would from a server some way off; how long follows from its path, the same each run.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import socket
import threading
import zlib
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PAGES: Final = ("/", "/kite.html", "/wind.html", "/notes.html")
SLOW_STATION: Final = "outer-light"
FAILING_STATION: Final = "gannet-rock"
SLOW_MS: Final = 600
_NEAR_MS: Final = 6
_FAR_MS: Final = 60
_STOP_TIMEOUT_S: Final = 5.0
_TAG: Final = (
    '<script src="/edgetrace/agent.js" data-service-name="shop" data-endpoint="{collector}" async>'
    "</script>"
)

# Python 3.11's own table lacks these, or takes them from the system's, which differs by machine.
for _suffix, _type in {
    ".avif": "image/avif",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}.items():
    mimetypes.add_type(_type, _suffix)


def delay_ms(path: str) -> int:
    """How long the answer for a path waits, in ms; always the same for the same path."""
    return _NEAR_MS + zlib.crc32(path.encode()) % (_FAR_MS - _NEAR_MS)


class _Files(StaticFiles):
    """Files that take their time, and that the browser asks for again only if told so."""

    def __init__(self, directory: Path, cache_control: str, headers: dict[str, str] | None = None):
        super().__init__(directory=directory)
        self._headers = {"cache-control": cache_control, **(headers or {})}

    async def get_response(self, path: str, scope: Scope) -> Response:
        await asyncio.sleep(delay_ms(path) / 1e3)
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response


class _Shop:
    """The shop's pages and its little API."""

    def __init__(self, folder: Path, weather: str, collector: str) -> None:
        self._folder = folder
        self._values = {"{{weather}}": weather}
        if collector:
            self._values["<head>"] = "<head>\n    " + _TAG.format(collector=collector)
        connect = collector.partition("/v1/")[0]
        # What a site with a policy needs for edgetrace: its own origin for scripts and workers,
        # WebAssembly, and what takes the spans to connect to, which behind the gateway is its own
        # origin as well. Source: CSP Level 3, 'wasm-unsafe-eval'.
        self._policy = (
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
            f"style-src 'self'; font-src 'self'; img-src 'self' {weather}; "
            f"connect-src 'self' {connect}; base-uri 'none'; form-action 'none'"
        )

    async def page(self, request: Request) -> Response:
        name = request.path_params.get("name", "index")
        path = self._folder / f"{name}.html"
        if not path.is_file():
            raise HTTPException(404)
        await asyncio.sleep(delay_ms(request.url.path) / 1e3)
        text = path.read_text()
        for mark, value in self._values.items():
            text = text.replace(mark, value)
        return HTMLResponse(
            text, headers={"content-security-policy": self._policy, "cache-control": "no-cache"}
        )

    async def api(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = self._folder / "api" / f"{name}.json"
        if not path.is_file():
            raise HTTPException(404)
        return await self._answer(json.loads(path.read_text()), delay_ms(request.url.path))

    async def station(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name == FAILING_STATION:
            await asyncio.sleep(delay_ms(request.url.path) / 1e3)
            return JSONResponse({"error": "the mast does not answer"}, status_code=503)
        report = json.loads((self._folder / "api" / "stations.json").read_text()).get(name)
        if report is None:
            raise HTTPException(404)
        return await self._answer(
            report, SLOW_MS if name == SLOW_STATION else delay_ms(request.url.path)
        )

    @staticmethod
    async def _answer(value: object, wait_ms: int) -> Response:
        await asyncio.sleep(wait_ms / 1e3)
        timing = f"db;dur={wait_ms * 0.7:.1f}, app;dur={wait_ms:.1f}"
        return JSONResponse(value, headers={"server-timing": timing, "cache-control": "no-store"})


def shop(folder: Path, weather: str, dist: Path | None = None, collector: str = "") -> Starlette:
    """The shop's application.

    Args:
        folder: browser/demo.
        weather: The other origin, without a slash at its end.
        dist: What `build.py bundle` wrote, if the shop is to serve it.
        collector: What goes into the tag's data-endpoint; "" for pages without a tag.
    """
    pages = _Shop(folder, weather, collector)
    agent = [Mount("/edgetrace", StaticFiles(directory=dist, check_dir=False))] if dist else []
    return Starlette(
        routes=[
            Route("/", pages.page),
            Route("/{name:str}.html", pages.page),
            Route("/api/stations/{name:str}", pages.station),
            Route("/api/{name:str}", pages.api),
            *agent,
            *(Mount(f"/{name}", _Files(folder / name, "no-cache")) for name in ("css", "js")),
            *(
                Mount(f"/{name}", _Files(folder / name, "public, max-age=300"))
                for name in ("img", "fonts")
            ),
        ]
    )


def weather_office(folder: Path) -> Starlette:
    """The other origin: it shows its timing for one of its two files."""

    class Files(_Files):
        async def get_response(self, path: str, scope: Scope) -> Response:
            response = await super().get_response(path, scope)
            if path == "isobars.svg":
                response.headers["timing-allow-origin"] = "*"
            return response

    return Starlette(routes=[Mount("/", Files(folder / "weather", "public, max-age=300"))])


class Site:
    """The two origins, running until stop(). The caller binds: ports are known before.

    Behind a gateway `dist` is None and `collector` "".
    """

    def __init__(
        self, folder: Path, dist: Path | None, collector: str, sockets: list[socket.socket]
    ):
        self.url, weather = (f"http://127.0.0.1:{s.getsockname()[1]}" for s in sockets)
        apps = (shop(folder, weather, dist, collector), weather_office(folder))
        self._sockets = sockets
        self._servers = [
            uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off")) for app in apps
        ]
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        # The sockets listen already: a browser that comes early waits in their backlog.
        self._thread.start()

    async def _serve(self) -> None:
        await asyncio.gather(
            *(
                server.serve([bound])
                for server, bound in zip(self._servers, self._sockets, strict=True)
            )
        )

    def stop(self) -> None:
        """Stop both; open connections are given up. Calling it again does nothing."""
        for server in self._servers:
            server.should_exit = server.force_exit = True
        self._thread.join(_STOP_TIMEOUT_S)
        for bound in self._sockets:
            bound.close()
