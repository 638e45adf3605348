# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every kind of event; each says in KV, or in its answer, what it was given."""

import json

import js
from workers import DurableObject, Response, WorkerEntrypoint, WorkflowEntrypoint


def kinds(*values):
    """The Python types of values; of JavaScript objects the constructor too."""
    names = [(type(value).__name__, value) for value in values]
    return [f"{n}:{v.constructor.name}" if n == "JsProxy" else n for n, v in names]


class Base(WorkerEntrypoint):
    """Methods that the exported classes inherit."""

    async def remember(self, key, *values):
        await self.env.KV.put(key, json.dumps(kinds(*values)))


class Default(Base):
    """What the platform calls, and a way to look at it: GET /<key>."""

    async def fetch(self, request):
        path = request.url.split("/", 3)[3].split("?")[0]
        if path == "socket":
            return await self.env.COUNTER.getByName("c").fetch(request)
        do = getattr(self, "do_" + path.replace("/", "_"), None)
        if do is not None:
            return Response.json(await do(request))
        found = await self.env.KV.get(path)
        return Response(found or "null", status=200 if found else 404)

    async def do_fetch(self, request):
        return [*kinds(request, self.env, self.ctx), request.method.value]

    async def do_send(self, request):
        await self.env.QUEUE.send({"n": 1})
        return "sent"

    async def do_rpc(self, request):
        return await self.env.OTHER.add(2, {"deep": [1, None]})

    async def do_rpc_unknown(self, request):
        try:
            await self.env.OTHER.nothing()
        except Exception as exc:
            return str(exc)

    async def do_object(self, request):
        stub = self.env.COUNTER.getByName("a")
        first = await stub.increment(2)
        response = await stub.fetch("https://object.example/x")
        return [first, await response.text()]

    async def do_set_alarm(self, request):
        return await self.env.COUNTER.getByName("b").set_alarm()

    async def do_globals(self, request):
        return sorted(js.Object.getOwnPropertyNames(js.globalThis).to_py())

    async def do_produce(self, request):
        response = await self.env.PRODUCER.fetch("https://producer.example/")
        return await response.text()

    async def do_workflow(self, request):
        instance = await self.env.FLOW.create({"params": {"n": 20}})
        return instance.id

    async def do_flow_status(self, request):
        instance = await self.env.FLOW.get(request.url.split("?id=")[1])
        status = await instance.status()
        return {"status": status["status"], "output": status.get("output")}

    async def scheduled(self, controller, env, ctx):
        await self.remember("scheduled", controller, env, ctx, controller.cron)

    async def queue(self, batch, env, ctx):
        await self.remember("queue", batch, env, ctx, batch.messages[0].body, batch.queue)

    async def email(self, message, env=None, ctx=None):
        await self.remember("email", message, env, ctx)

    async def tail(self, traces, env, ctx):
        await self.remember("tail", traces, traces[0], env, ctx)


class Other(Base):
    """A named entrypoint, called by RPC."""

    async def add(self, a, b):
        return {"sum": a + b["deep"][0], "kinds": kinds(a, b, b["deep"][1])}


class Counter(DurableObject):
    """Counts, answers fetch, has an alarm."""

    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.total = 0

    async def increment(self, by):
        self.total += by
        return self.total

    async def fetch(self, request):
        if request.headers.get("upgrade") == "websocket":
            client, server = js.WebSocketPair.new().object_values()
            self.ctx.acceptWebSocket(server)
            return Response(None, status=101, web_socket=client)
        return Response(f"{type(request).__name__} {self.total}")

    async def webSocketMessage(self, socket, message):
        socket.send(f"{kinds(socket, message)} {message}")

    async def webSocketClose(self, socket, code):
        await self.env.KV.put("close", json.dumps(kinds(socket, code)))

    async def set_alarm(self):
        await self.ctx.storage.setAlarm(js.Date.now() + 1)
        return True

    async def alarm(self, info):
        await self.env.KV.put("alarm", json.dumps(kinds(info)))


class Flow(WorkflowEntrypoint):
    """Two steps."""

    async def run(self, event, step):
        @step.do("double")
        async def double():
            return event["payload"]["n"] * 2

        @step.do("more")
        async def more(double):
            return {"n": double + 2}

        return await more()
