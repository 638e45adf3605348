# SPDX-License-Identifier: MIT OR Apache-2.0
"""OpenTelemetry's Python SDK at what benchmarks/record.py does, in CPython and in Pyodide.

Its batching needs threads, which Pyodide has not: a processor that drops what it is given stands in
for it in both, so encoding is not in these figures.
"""

from __future__ import annotations

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import Tracer, set_span_in_context

from measure import measure

RESOURCE = Resource({"service.name": "shop"})


def tracer(sampler: Sampler) -> Tracer:
    """A tracer whose spans go nowhere."""
    provider = TracerProvider(sampler, RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SpanProcessor())
    return provider.get_tracer("shop")


def main() -> None:
    """Print a line per way to make a span."""
    on, off = tracer(ALWAYS_ON), tracer(ALWAYS_OFF)

    def attributes(made: Tracer) -> None:
        span = made.start_span("checkout")
        span.set_attribute("shop.cart.items", 3)
        span.set_attribute("shop.user", "user-17")
        span.set_attribute("shop.total", 12.5)
        span.set_attribute("shop.member", True)
        span.set_attribute("shop.currency", "EUR")
        span.end()

    def children() -> None:
        parent = on.start_span("checkout")
        inside = set_span_in_context(parent)
        for _ in range(3):
            on.start_span("step", inside).end()
        parent.end()

    def nested() -> None:
        with on.start_as_current_span("outer"), on.start_as_current_span("inner"):
            pass

    for case, operation, count in (
        ("start, end", lambda: on.start_span("checkout").end(), 1),
        ("start, 5 attributes, end", lambda: attributes(on), 1),
        ("start, end, with 3 children", children, 4),
        ("start_as_current_span", nested, 2),
        ("sampled out", lambda: off.start_span("checkout").end(), 1),
        ("sampled out, 5 attributes", lambda: attributes(off), 1),
    ):
        measure(case, operation, count=count, per="span")


if __name__ == "__main__":
    main()
