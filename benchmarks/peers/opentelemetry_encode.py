# SPDX-License-Identifier: MIT OR Apache-2.0
"""The workloads through OpenTelemetry's own Python encoder, in CPython and in Pyodide.

Its protobuf is C in CPython (upb), and pure Python in Pyodide.
"""

from __future__ import annotations

import zlib

from dump import by_name  # type: ignore[import-not-found]
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags

from measure import measure
from workloads import PlainSpan

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


def main() -> None:
    """Print a line per workload."""
    for workload, plain in by_name().items():
        spans = [readable(span) for span in plain]
        body = encode_spans(spans).SerializeToString()
        measure(
            f"{workload} protobuf",
            lambda spans=spans: encode_spans(spans).SerializeToString(),
            count=len(spans),
            per="span",
            bytes_per_span=round(len(body) / len(spans), 1),
            gzip_bytes_per_span=round(len(zlib.compress(body, 6, 31)) / len(spans), 1),
        )


if __name__ == "__main__":
    main()
