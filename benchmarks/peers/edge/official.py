# SPDX-License-Identifier: MIT OR Apache-2.0
# mypy: ignore-errors
"""OpenTelemetry's Python SDK in a Python Worker that hands each request on.

Its batch processor and OTLP exporter need threads and sockets: a simple processor, and an exporter
of ten lines over fetch, stand in for them. One server and one client span per request, as ours.
"""

import asyncio
import os

os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
os.environ["OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"] = ""

import js
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pyodide.ffi import to_js
from workers import WorkerEntrypoint

PROPAGATOR = TraceContextTextMapPropagator()


class Fetching(SpanExporter):
    """Sends with fetch; who awaits `sending` knows that all has left."""

    def __init__(self, url):
        self.url, self.sending = url, []

    def export(self, spans):
        body = to_js(encode_spans(spans).SerializeToString())
        options = {"method": "POST", "headers": {"content-type": "application/x-protobuf"}}
        options["body"] = body
        given = to_js(options, dict_converter=js.Object.fromEntries)
        self.sending.append(asyncio.ensure_future(js.fetch(self.url, given)))
        return SpanExportResult.SUCCESS


class Default(WorkerEntrypoint):
    """Hands each request on, in a server span with a client span in it."""

    async def fetch(self, request):
        raw = request.js_object
        path = "/" + raw.url.partition("://")[2].partition("/")[2]
        exporter = Fetching(self.env.ORIGIN + "/v1/traces")
        provider = TracerProvider(
            resource=Resource({"service.name": "shop"}), shutdown_on_exit=False
        )
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        tracer = provider.get_tracer("bench")
        context = PROPAGATOR.extract({"traceparent": raw.headers.get("traceparent") or ""})
        server = tracer.start_span("GET", context, SpanKind.SERVER, {"url.path": path})
        client = tracer.start_span(
            "GET", set_span_in_context(server), SpanKind.CLIENT, {"url.full": raw.url}
        )
        response = await js.fetch(self.env.ORIGIN + path, raw)
        for span in (client, server):
            span.set_attribute("http.response.status_code", response.status)
            span.end()
        self.ctx.waitUntil(asyncio.gather(*exporter.sending))
        return response
