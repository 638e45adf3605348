# SPDX-License-Identifier: MIT OR Apache-2.0
"""A handler that records all that its visitor sent, calls the origin with it, and fails with it."""

from workers import WorkerEntrypoint, fetch

import edgetrace
import edgetrace.worker

tracer = edgetrace.get_tracer("app")


@edgetrace.worker.instrument(service_name="leaky")
class Default(WorkerEntrypoint):
    """Everything that a careless application does."""

    async def fetch(self, request):
        headers = dict(request.headers.items())
        query = request.url.partition("?")[2]
        with tracer.start_as_current_span("work") as span:
            for name, value in headers.items():
                span.set_attribute(f"http.request.header.{name}", (value,))
            span.set_attribute("query", f"?{query}")
            span.add_event("asked", {"token": headers["x-token"], "url": request.url})
            await fetch(f"{self.env.ORIGIN}/api?{query}", headers=headers)
        raise ValueError(f"cannot log in: token={headers['x-token']} at {request.url}")
