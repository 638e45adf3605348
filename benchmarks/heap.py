# SPDX-License-Identifier: MIT OR Apache-2.0
"""What edgetrace keeps in memory: with 10,000 spans queued, and after many batches.

On Pyodide the WebAssembly heap, which only ever grows, in its own steps; in all hosts what Python's
allocator holds (tracemalloc), which is exact and does not depend on what was freed before.
"""

from __future__ import annotations

import gc
import os
import sys
import tracemalloc

from summary import line  # type: ignore[import-not-found]

from edgetrace._clock import AnchoredClock
from edgetrace._config import Settings
from edgetrace._export import Exporter
from edgetrace._tracer import TracerProvider

QUEUED = 10_000
BATCH = 500
CYCLES = 100
EARLY = 10


def wasm_bytes() -> int:
    """Size of the WebAssembly memory; 0 where there is none."""
    if sys.platform != "emscripten":
        return 0
    from pyodide_js import _module  # type: ignore[import-not-found]

    return int(_module.HEAPU8.length)


def main() -> None:
    """Print a line per state."""
    settings = Settings.from_options(service_name="shop", max_queue_size=QUEUED)
    exporter = Exporter(settings, settings.resource(), os.urandom)
    provider = TracerProvider(
        settings, clock=AnchoredClock(), entropy=os.urandom, exporter=exporter, delivery=None
    )
    tracer = provider.get_tracer("shop")

    def record() -> None:
        span = tracer.start_span("checkout")
        span.set_attribute("shop.cart.items", 3)
        span.set_attribute("shop.user", "user-17")
        span.set_attribute("shop.total", 12.5)
        span.set_attribute("shop.member", True)
        span.set_attribute("shop.currency", "EUR")
        span.end()

    def drain() -> None:
        exporter.force_flush()
        now = 1
        while request := exporter.next_request(now):
            exporter.receive_response(request.id, 200, {}, b"", now)
            now += 1

    record()
    drain()
    rest = wasm_bytes()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(QUEUED):
        record()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    line("queue of 10,000 spans, Python's allocator", "B", [held])
    if rest:
        line("queue of 10,000 spans, wasm heap grown by", "B", [wasm_bytes() - rest])
    drain()
    early = late = 0
    tracemalloc.start()
    for cycle in range(CYCLES):
        for _ in range(BATCH):
            record()
        drain()
        if cycle == EARLY:
            gc.collect()
            early = tracemalloc.get_traced_memory()[0]
    gc.collect()
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    grown = max(0, late - early)
    line(f"grown after {(CYCLES - EARLY - 1) * BATCH:,} more spans, sent", "B", [grown])


if __name__ == "__main__":
    main()
