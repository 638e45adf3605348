# SPDX-License-Identifier: MIT OR Apache-2.0
"""benchmarks/heap.py for OpenTelemetry's Python SDK: 10,000 ended spans kept, as its queue does."""

from __future__ import annotations

import gc
import tracemalloc

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from summary import line  # type: ignore[import-not-found]

QUEUED = 10_000


class Keep(SpanProcessor):
    """Keeps what ended."""

    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """One more."""
        self.ended.append(span)


def main() -> None:
    """Print a line per state."""
    keep = Keep()
    provider = TracerProvider(resource=Resource({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_span_processor(keep)
    tracer = provider.get_tracer("shop")

    def record() -> None:
        span = tracer.start_span("checkout")
        span.set_attribute("shop.cart.items", 3)
        span.set_attribute("shop.user", "user-17")
        span.set_attribute("shop.total", 12.5)
        span.set_attribute("shop.member", True)
        span.set_attribute("shop.currency", "EUR")
        span.end()

    record()
    encode_spans(keep.ended).SerializeToString()
    keep.ended.clear()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(QUEUED):
        record()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    line("queue of 10,000 spans, Python's allocator", "B", [held])


if __name__ == "__main__":
    main()
