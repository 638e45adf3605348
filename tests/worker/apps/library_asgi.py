# SPDX-License-Identifier: MIT OR Apache-2.0
"""A traced Starlette application behind a traced fetch; with the header x-alone in `Alone`."""

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from workers import WorkerEntrypoint, asgi, fetch

import edgetrace.worker

trace = edgetrace.worker.instrument(service_name="asgi")


async def item(request):
    return JSONResponse(request.path_params)


def not_async(request):
    return JSONResponse({"kind": "sync"})


async def broken(request):
    raise ValueError("a bug")


async def calls(request):
    answer = await fetch(f"{request.scope['env'].ORIGIN}/called")
    return Response(await answer.text())


async def stream(request):
    async def pieces():
        yield b"first"
        await fetch(f"{request.scope['env'].ORIGIN}/wait")
        yield b"second"

    return StreamingResponse(pieces())


app = trace(
    Starlette(
        routes=[
            Route("/items/{id:int}", item),
            Route("/sync", not_async),
            Route("/broken", broken),
            Route("/calls", calls),
            Route("/stream", stream),
            Mount("/api", routes=[Route("/things/{name}", item)]),
        ]
    )
)


@trace
class Default(WorkerEntrypoint):
    """Traced, as the application is."""

    async def fetch(self, request):
        if "x-alone" in request.headers:
            return await self.env.ALONE.fetch(request)
        return await asgi.fetch(app, request, self.env, self.ctx)


class Alone(WorkerEntrypoint):
    """Not traced; its application is."""

    async def fetch(self, request):
        return await asgi.fetch(app, request, self.env, self.ctx)
