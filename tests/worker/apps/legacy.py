# SPDX-License-Identifier: MIT OR Apache-2.0
"""Handlers as functions, as Python Workers had them before 2025-08."""

from workers import Response, handler


@handler
async def on_fetch(request, env):
    return Response(f"{type(request).__name__} {env.NAME}")


async def on_scheduled(controller, env, ctx):
    print("scheduled", controller.cron, env.NAME)
