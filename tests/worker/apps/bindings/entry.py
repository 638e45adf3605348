# SPDX-License-Identifier: MIT OR Apache-2.0
"""A Worker that uses each simulated binding once per path: /kv, /r2, /d1, /queue, /object, /vars.

Bindings: KV (KV namespace), BUCKET (R2), DB (D1), QUEUE (queue), COUNTER (Durable Object of class
`Counter`), GREETING (variable).
"""

from typing import Any

from workers import DurableObject, Response, WorkerEntrypoint

import edgetrace.worker


class Counter(DurableObject):
    """Counts in its storage, by RPC and by request."""

    async def increment(self, amount: int) -> int:
        """Add, and return the sum."""
        count = int(await self.ctx.storage.get("count") or 0) + int(amount)
        await self.ctx.storage.put("count", count)
        return count

    async def fetch(self, request: Any) -> Response:
        """The sum, as text."""
        return Response(str(int(await self.ctx.storage.get("count") or 0)))


@edgetrace.worker.instrument(service_name="bindings")
class Default(WorkerEntrypoint):
    """One handler per path; each answers JSON that a test compares."""

    async def fetch(self, request: Any) -> Response:
        """Run what the path names."""
        path = "/" + request.url.split("?")[0].rpartition("/")[2]
        handlers = {
            "/kv": self.kv,
            "/r2": self.r2,
            "/d1": self.d1,
            "/queue": self.queue_up,
            "/object": self.object,
            "/vars": self.vars,
        }
        if path not in handlers:
            return Response("not found", status=404)
        return Response.json(await handlers[path]())

    async def kv(self) -> dict[str, Any]:
        """Put, get, a miss, list, delete."""
        await self.env.KV.put("greeting", "hello", expirationTtl=60)
        found = await self.env.KV.get("greeting")
        missing = await self.env.KV.get("missing")
        listed = await self.env.KV.list(limit=10)
        await self.env.KV.delete("greeting")
        return {"found": found, "missing": missing, "keys": len(listed["keys"])}

    async def r2(self) -> dict[str, Any]:
        """Put, head, get, list, delete."""
        await self.env.BUCKET.put("notes.txt", "a note")
        size = (await self.env.BUCKET.head("notes.txt")).size
        text = await (await self.env.BUCKET.get("notes.txt")).text()
        listed = await self.env.BUCKET.list(limit=10)
        await self.env.BUCKET.delete("notes.txt")
        return {"size": size, "text": text, "objects": len(listed.objects)}

    async def d1(self) -> dict[str, Any]:
        """Exec, a batch of prepared statements, all, first, and a statement that fails."""
        database = self.env.DB
        await database.exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)")
        await database.exec("DELETE FROM notes")
        insert = database.prepare("INSERT INTO notes (text) VALUES (?)")
        await database.batch([insert.bind("one"), insert.bind("two")])
        rows = await database.prepare("SELECT text FROM notes ORDER BY id").all()
        first = await database.prepare("SELECT text FROM notes WHERE text = ?").bind("two").first()
        try:
            await database.prepare("SELECT * FROM nowhere").run()
            failed = False
        except Exception:
            failed = True
        texts = [row["text"] for row in rows["results"]]
        return {"texts": texts, "first": first["text"], "failed": failed}

    async def queue_up(self) -> dict[str, Any]:
        """One message, then a batch."""
        await self.env.QUEUE.send({"n": 1})
        await self.env.QUEUE.sendBatch([{"body": {"n": 2}}, {"body": {"n": 3}}])
        return {"sent": 3}

    async def object(self) -> dict[str, Any]:
        """Two calls by RPC and a request, to an object got by its id and by its name."""
        namespace = self.env.COUNTER
        counter = namespace.get(namespace.newUniqueId())
        await counter.increment(1)
        count = await counter.increment(2)
        response = await counter.fetch("http://counter/")
        fresh = namespace.get(namespace.idFromName("fresh"))
        empty = await (await fresh.fetch("http://counter/")).text()
        return {"count": count, "text": await response.text(), "empty": empty}

    async def vars(self) -> dict[str, Any]:
        """What is no binding."""
        return {"greeting": self.env.GREETING, "missing": hasattr(self.env, "MISSING")}
