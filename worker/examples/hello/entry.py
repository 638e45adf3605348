# SPDX-License-Identifier: MIT OR Apache-2.0
"""The smallest Python Worker; the same file runs natively and on the standalone host."""

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    """Greets."""

    async def fetch(self, request):
        return Response(f"Hello from Python, {request.method} {request.url}\n")
