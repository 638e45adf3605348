# SPDX-License-Identifier: MIT OR Apache-2.0
"""A counter that lives in a Durable Object: one per path, its total kept in storage."""

from urllib.parse import urlsplit

from workers import DurableObject, Response, WorkerEntrypoint

import edgetrace.worker


@edgetrace.worker.instrument(service_name="counter")
class Counter(DurableObject):
    """Counts."""

    async def add(self, by):
        total = (await self.ctx.storage.get("total") or 0) + by
        await self.ctx.storage.put("total", total)
        return total


@edgetrace.worker.instrument(service_name="counter")
class Default(WorkerEntrypoint):
    """Each request counts one."""

    async def fetch(self, request):
        counter = self.env.COUNTER.getByName(urlsplit(request.url).path)
        return Response(f"{await counter.add(1)}\n")
