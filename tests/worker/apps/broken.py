# SPDX-License-Identifier: MIT OR Apache-2.0
"""Cannot be imported the first time in an isolate, as long as it runs in workerd."""

import js
from workers import Response, WorkerEntrypoint

if js.navigator.userAgent == "Cloudflare-Workers":
    js.globalThis.attempts = getattr(js.globalThis, "attempts", 0) + 1
    if js.globalThis.attempts == 1:
        raise RuntimeError("not yet")


class Default(WorkerEntrypoint):
    """Says how often it was tried."""

    async def fetch(self, request):
        return Response(f"attempt {js.globalThis.attempts}")
