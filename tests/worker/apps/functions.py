# SPDX-License-Identifier: MIT OR Apache-2.0
"""Traced handlers as functions, in both orders of the decorators."""

from workers import Response, fetch, handler

import edgetrace.worker

trace = edgetrace.worker.instrument(service_name="functions")


@trace
@handler
async def on_fetch(request, env):
    if request.url.endswith("/kv"):
        await env.KV.put("key", "value")
        return Response(await env.KV.get("key"))
    return await fetch(f"{env.ORIGIN}/called")


@trace
async def on_scheduled(controller, env, ctx):
    await env.KV.put("cron", controller.cron)


@trace
async def on_queue(batch):
    pass


@trace
async def on_tail(traces, env, ctx):
    pass
