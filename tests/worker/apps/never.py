# SPDX-License-Identifier: MIT OR Apache-2.0
"""Cannot be imported in workerd, and can where it is built."""

import js
from workers import Response, WorkerEntrypoint

if js.navigator.userAgent == "Cloudflare-Workers":
    raise RuntimeError("never")


class Default(WorkerEntrypoint):
    """Never answers."""

    async def fetch(self, request):
        return Response("unreachable")
