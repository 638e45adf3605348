# SPDX-License-Identifier: MIT OR Apache-2.0
"""Counts how often it is imported in its isolate, and does what host tests ask for."""

import importlib
import json
import os
import random
import uuid

import js
from workers import Response, WorkerEntrypoint, wait_until

js.globalThis.boots = getattr(js.globalThis, "boots", 0) + 1


class Default(WorkerEntrypoint):
    """GET /<what to do>."""

    async def fetch(self, request):
        name = request.url.split("/", 3)[3].split("?")[0]
        return await getattr(self, name or "boots")(request)

    async def boots(self, request):
        return Response(str(js.globalThis.boots))

    async def missing(self, request):
        try:
            importlib.import_module("wave")
        except ImportError as exc:
            return Response(f"{type(exc).__name__} {exc.name}: {exc}")

    async def raises(self, request):
        raise ValueError("on line 33")

    async def draw(self, request):
        """Something of each generator: random, os.urandom, uuid."""
        drawn = str(random.random()), os.urandom(8).hex(), uuid.uuid4().hex
        return Response(json.dumps(drawn))

    async def later(self, request):
        async def work():
            await js.fetch(request.headers["x-tell"])

        self.ctx.waitUntil(work())
        wait_until(work())
        return Response("now")

    async def names(self, request):
        """Every global's name, and its text: that of a replaced function would differ."""
        own = js.Object.getOwnPropertyNames(js.globalThis).to_py()
        found = {name: str(js.String(getattr(js.globalThis, name, None))) for name in own}
        del found["boots"]
        return Response(json.dumps(found))

    async def asset(self, request):
        return await self.env.ASSETS.fetch("https://assets.example/a.txt")

    async def bare(self, request):
        return await self.env.B.fetch("https://bare.example/")
