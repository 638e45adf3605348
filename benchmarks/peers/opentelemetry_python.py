# SPDX-License-Identifier: MIT OR Apache-2.0
"""The same workloads through OpenTelemetry's own Python SDK and encoder, in CPython.

Its protobuf is C there (upb); in Pyodide it is pure Python and far slower, and the SDK's batching
needs threads that Pyodide has not.
"""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags

from measure import measure
from workloads import PlainSpan, w1, w2

RESOURCE = Resource({"service.name": "shop"})
SCOPE = InstrumentationScope("edgetrace", "0.1.0")


def readable(span: PlainSpan) -> ReadableSpan:
    """The SDK's own kind of ended span."""
    trace_id = int.from_bytes(span.trace_id, "big")
    flags = TraceFlags(1)

    def context(span_id: bytes) -> SpanContext:
        return SpanContext(trace_id, int.from_bytes(span_id, "big"), False, flags)

    return ReadableSpan(
        name=span.name,
        context=context(span.span_id),
        parent=context(span.parent_id),
        resource=RESOURCE,
        attributes=span.attributes,
        events=[Event(name, timestamp=time) for name, time in span.events],
        start_time=span.start,
        end_time=span.end,
        instrumentation_scope=SCOPE,
    )


class Forget(SpanExporter):
    """An exporter that drops what it is given."""

    def export(self, spans: object) -> SpanExportResult:
        """Say that all is well."""
        return SpanExportResult.SUCCESS


def main() -> None:
    """Print a line per workload, and one for recording."""
    for workload, plain in (("W1", w1()), ("W2", w2())):
        spans = [readable(span) for span in plain]
        body = encode_spans(spans).SerializeToString()
        measure(
            f"{workload} protobuf: encode and frame",
            lambda spans=spans: encode_spans(spans).SerializeToString(),
            count=len(spans),
            per="span",
            bytes_per_span=round(len(body) / len(spans), 1),
        )
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Forget()))
    tracer = provider.get_tracer("shop")

    def record() -> None:
        span = tracer.start_span("checkout")
        span.set_attribute("shop.cart.items", 3)
        span.set_attribute("shop.user", "user-17")
        span.set_attribute("shop.total", 12.5)
        span.set_attribute("shop.member", True)
        span.set_attribute("shop.currency", "EUR")
        span.end()

    measure("start, 5 attributes, end: kept", record, per="span")


if __name__ == "__main__":
    main()
