# SPDX-License-Identifier: MIT OR Apache-2.0
"""Handlers of every kind, traced, and fetches of every kind; GET /<what to do>.

Bindings: ORIGIN (variable: an origin that tells what it was asked), KV, QUEUE, COUNTER (Durable
Object of class `Counter`), OTHER (this Worker's entrypoint `Other`), SELF (this Worker), FLOW,
PRODUCER (a Worker whose tail this one is).
"""

import asyncio
import json

import js
from pyodide.ffi import create_proxy, to_js
from pyodide.http import pyfetch
from workers import (
    DurableObject,
    Request,
    Response,
    WorkerEntrypoint,
    WorkflowEntrypoint,
    fetch,
)

import edgetrace
import edgetrace.worker

tracer = edgetrace.get_tracer("app")
trace = edgetrace.worker.instrument(service_name="library")


def js_object(**members):
    return to_js(members, dict_converter=js.Object.fromEntries)


@trace
class Default(WorkerEntrypoint):
    """What the platform calls."""

    async def fetch(self, request):
        path, _, query = request.url.split("/", 3)[3].partition("?")
        return await getattr(self, "do_" + path.replace("/", "_"))(request, query)

    async def scheduled(self, controller, env, ctx):
        await fetch(f"{self.env.ORIGIN}/scheduled")

    async def queue(self, batch, env, ctx):
        await self.env.KV.put("queued", str(len(batch.messages)))

    async def tail(self, traces, env, ctx):
        await self.env.KV.put("tailed", str(len(traces)))

    async def do_hello(self, request, query):
        return Response("hello")

    async def do_counters(self, request, query):
        return Response.json(edgetrace.worker.counters())

    async def do_flush(self, request, query):
        with tracer.start_as_current_span("before"):
            pass
        return Response(str(await edgetrace.worker.flush(5_000)))

    async def do_raises(self, request, query):
        raise ValueError("a bug")

    async def do_status(self, request, query):
        return Response("", status=int(query))

    async def do_none(self, request, query):
        return None

    async def do_js(self, request, query):
        return js.Response.new("from JavaScript")

    async def do_produce(self, request, query):
        return await self.env.PRODUCER.fetch("https://producer.example/")

    # Fetches: each answers what the origin was asked.

    async def do_fetch_sdk(self, request, query):
        return await fetch(f"{self.env.ORIGIN}/sdk?token=1", headers={"x-mine": "1"})

    async def do_fetch_post(self, request, query):
        return await fetch(f"{self.env.ORIGIN}/post", method="POST", body="a body")

    async def do_fetch_request(self, request, query):
        given = Request(
            f"{self.env.ORIGIN}/request", method="PUT", headers={"x-mine": "1"}, body="b"
        )
        return await fetch(given)

    async def do_fetch_incoming(self, request, query):
        return await fetch(self.env.ORIGIN + "/incoming", headers=dict(request.headers.items()))

    async def do_fetch_list(self, request, query):
        return await fetch(f"{self.env.ORIGIN}/list", headers=[("x-mine", "1"), ("x-mine", "2")])

    async def do_fetch_headers(self, request, query):
        headers = js.Headers.new()
        headers.set("x-mine", "1")
        return await fetch(f"{self.env.ORIGIN}/headers", headers=headers)

    async def do_fetch_url(self, request, query):
        return await js.fetch(js.URL.new(f"{self.env.ORIGIN}/url"))

    async def do_fetch_js(self, request, query):
        init = js_object(method="POST", body="a body", headers={"x-mine": "1"})
        return await js.fetch(f"{self.env.ORIGIN}/js", init)

    async def do_fetch_js_keywords(self, request, query):
        headers = js.Headers.new()
        headers.set("x-mine", "1")
        return await js.fetch(f"{self.env.ORIGIN}/keywords", method="POST", headers=headers)

    async def do_fetch_js_request(self, request, query):
        given = js.Request.new(f"{self.env.ORIGIN}/jsrequest", js_object(headers={"x-mine": "1"}))
        return await js.fetch(given)

    async def do_fetch_js_override(self, request, query):
        given = js.Request.new(f"{self.env.ORIGIN}/override", js_object(headers={"x-a": "1"}))
        return await js.fetch(given, js_object(headers={"x-mine": "1"}))

    async def do_fetch_pyfetch(self, request, query):
        found = await pyfetch(f"{self.env.ORIGIN}/py", method="POST", headers={"x-mine": "1"})
        return Response(await found.text())

    async def do_fetch_forward(self, request, query):
        return await fetch(request)

    async def do_fetch_self(self, request, query):
        return await self.env.SELF.fetch("https://self.example/hello")

    async def do_fetch_down(self, request, query):
        await fetch("http://127.0.0.1:9/")

    async def do_fetch_wrong(self, request, query):
        said = []
        for call in (lambda: js.fetch(), lambda: js.fetch("not a url"), lambda: fetch("not a url")):
            try:
                await call()
            except Exception as failure:
                said.append(f"{type(failure).__name__}: {failure}")
        return Response.json(said)

    async def do_fetch_many(self, request, query):
        """Eight at once, under spans of their own."""

        async def one(number):
            with tracer.start_as_current_span(f"part {number}"):
                await asyncio.sleep(0.001 * (number % 3))
                answer = await fetch(f"{self.env.ORIGIN}/{query}-{number}")
                return json.loads(await answer.text())["headers"].get("traceparent")

        return Response.json(await asyncio.gather(*[one(number) for number in range(8)]))

    # What goes on after the response, or is not ours

    async def do_later(self, request, query):
        async def work():
            await asyncio.sleep(1.5)
            with tracer.start_as_current_span("later"):
                await fetch(f"{self.env.ORIGIN}/later")

        self.ctx.waitUntil(asyncio.create_task(work()))
        return Response("now")

    async def do_stream(self, request, query):
        """The second chunk is made only when the origin has been asked that the first is here."""
        streams = js.TransformStream.new()
        writer = streams.writable.getWriter()
        encode = js.TextEncoder.new().encode

        async def write():
            await writer.write(encode("first"))
            await js.fetch(f"{self.env.ORIGIN}/wait")
            await writer.write(encode("second"))
            await writer.close()

        self.ctx.waitUntil(asyncio.create_task(write()))
        return Response(streams.readable)

    async def do_slow(self, request, query):
        await js.fetch(f"{self.env.ORIGIN}/wait")
        return Response("slow")

    async def do_socket(self, request, query):
        client, server = js.WebSocketPair.new().object_values()
        server.accept()
        server.addEventListener("message", create_proxy(lambda event: server.send(event.data)))
        return Response(None, status=101, web_socket=client)

    # Other handlers of this Worker

    async def do_rpc(self, request, query):
        return Response.json(await self.env.OTHER.add(2, 3))

    async def do_rpc_raises(self, request, query):
        try:
            await self.env.OTHER.fails()
        except Exception as failure:
            return Response(str(failure))

    async def do_named(self, request, query):
        return await self.env.OTHER.fetch("https://other.example/named")

    async def do_send(self, request, query):
        await self.env.QUEUE.send({"n": 1})
        return Response("sent")

    async def do_object(self, request, query):
        stub = self.env.COUNTER.getByName("a")
        count = await stub.increment(2)
        answer = await stub.fetch("https://object.example/x")
        return Response.json([count, await answer.text()])

    async def do_alarm(self, request, query):
        await self.env.COUNTER.getByName("b").set_alarm()
        return Response("set")

    async def do_kv(self, request, query):
        return Response(str(await self.env.KV.get(query)))

    async def do_workflow(self, request, query):
        return Response((await self.env.FLOW.create(js_object(params={"n": 20}))).id)

    async def do_flow_status(self, request, query):
        status = await (await self.env.FLOW.get(query)).status()
        return Response.json({"status": status["status"], "output": status.get("output")})


@trace
class Other(WorkerEntrypoint):
    """A named entrypoint, reached by RPC and by fetch."""

    async def fetch(self, request):
        return Response("named")

    async def add(self, a, b):
        return self.sum(a, b)

    def sum(self, a, b):
        with tracer.start_as_current_span("sum"):
            return a + b

    async def fails(self):
        raise KeyError("no such thing")


@trace
class Counter(DurableObject):
    """Counts, answers fetch, has an alarm."""

    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.total = 0

    async def increment(self, by):
        self.total += by
        return self.total

    async def fetch(self, request):
        return Response(f"{self.total} {request.headers.get('traceparent')}")

    async def set_alarm(self):
        await self.ctx.storage.setAlarm(js.Date.now() + 1)

    async def alarm(self, info=None):
        await self.env.KV.put("alarm", "rang")


@trace
class Flow(WorkflowEntrypoint):
    """Two steps; the second fetches."""

    async def run(self, event, step):
        @step.do("double")
        async def double():
            return event["payload"]["n"] * 2

        @step.do()
        async def more(double):
            await fetch(f"{self.env.ORIGIN}/step")
            return {"n": double + 2}

        return await more()
