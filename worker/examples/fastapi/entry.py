# SPDX-License-Identifier: MIT OR Apache-2.0
"""FastAPI, traced. Native Python Workers only: pydantic-core is compiled code."""

from fastapi import FastAPI
from workers import WorkerEntrypoint, asgi

import edgetrace.worker

app = FastAPI()


@app.get("/items/{name}")
async def item(name: str) -> dict[str, str]:
    """An item, by its name."""
    return {"item": name}


@edgetrace.worker.instrument(service_name="items")
class Default(WorkerEntrypoint):
    """Serves `app`."""

    async def fetch(self, request):
        return await asgi.fetch(app, request, self.env, self.ctx)
