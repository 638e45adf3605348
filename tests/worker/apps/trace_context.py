# SPDX-License-Identifier: MIT OR Apache-2.0
"""The service that W3C's Trace Context test harness talks to.

POST [{"url": ..., "arguments": [...]}, ...]: POSTs each URL its arguments, in turn.
"""

import json

from workers import Response, WorkerEntrypoint, fetch

import edgetrace.worker


@edgetrace.worker.instrument(service_name="trace-context")
class Default(WorkerEntrypoint):
    """Calls whom it is told to call."""

    async def fetch(self, request):
        calls = await request.json()
        for call in calls:
            await fetch(
                call["url"],
                method="POST",
                body=json.dumps(call["arguments"]),
                headers={"content-type": "application/json"},
            )
        return Response(f"{len(calls)} calls")
