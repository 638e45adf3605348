# SPDX-License-Identifier: MIT OR Apache-2.0
# mypy: ignore-errors
"""The least that a Python Worker in front of a site can do: what the gateway is held to."""

import js
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    """Hands each request on."""

    async def fetch(self, request):
        raw = request.js_object
        path = raw.url.partition("://")[2].partition("/")[2]
        return await js.fetch(self.env.ORIGIN + "/" + path, raw)
