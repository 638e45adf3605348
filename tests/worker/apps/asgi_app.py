# SPDX-License-Identifier: MIT OR Apache-2.0
"""A Starlette application behind the SDK's ASGI adapter, with a handler that is not async."""

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from workers import WorkerEntrypoint, asgi


def item(request):
    return JSONResponse({"item": request.path_params["name"]})


app = Starlette(routes=[Route("/items/{name}", item)])


class Default(WorkerEntrypoint):
    """Serves `app`."""

    async def fetch(self, request):
        return await asgi.fetch(app, request, self.env, self.ctx)
