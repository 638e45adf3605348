# SPDX-License-Identifier: MIT OR Apache-2.0
# mypy: ignore-errors
"""The gateway, and what its isolate holds: built beside gateway.py, asked at /-/memory.

Python's part is tracemalloc's, which counts every allocation; so it also slows all of them down.
"""

import gc
import json
import tracemalloc

import js
import pyodide_js
from gateway import Default as Gateway
from workers import Response

tracemalloc.start(1)


class Default(Gateway):
    """Answers as the gateway does, but for one path."""

    async def fetch(self, request):
        if not request.url.endswith("/-/memory"):
            return await super().fetch(request)
        for _ in range(2):  # what either side lets go of may free something of the other's
            gc.collect()
            js.gc()
        held = {"python": tracemalloc.get_traced_memory()[0]}
        return Response(json.dumps({**held, "wasm": pyodide_js._module.HEAP8.length}))
