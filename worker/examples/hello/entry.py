# SPDX-License-Identifier: MIT OR Apache-2.0
"""The smallest traced Python Worker; the same file runs natively and on the standalone host."""

from workers import Response, WorkerEntrypoint

import edgetrace.worker


@edgetrace.worker.instrument(service_name="hello")
class Default(WorkerEntrypoint):
    """Greets."""

    async def fetch(self, request):
        return Response(f"Hello from Python, {request.method} {request.url}\n")
