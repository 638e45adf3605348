# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP requests for the collector's tests: one span, or a page load as a browser would report it.

Deterministic: the same arguments give the same bytes.
"""

from __future__ import annotations

from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

START_UNIX_NANO = 1_795_000_000_000_000_000
TRACE_ID = bytes(range(1, 17))
SERVER_SPAN_ID = b"\xa1" * 8
ROOT_SPAN_ID = b"\xb2" * 8


def attribute(key: str, value: str | bool | int | float) -> KeyValue:
    """Make one KeyValue; the field follows from the type."""
    pair = KeyValue(key=key)
    if isinstance(value, bool):
        pair.value.bool_value = value
    elif isinstance(value, int):
        pair.value.int_value = value
    elif isinstance(value, float):
        pair.value.double_value = value
    else:
        pair.value.string_value = value
    return pair


def group(request: ExportTraceServiceRequest, service: str, scope: str = "test") -> ScopeSpans:
    """Add a resource with one scope to a request."""
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.append(attribute("service.name", service))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = scope
    scope_spans.scope.version = "1.2.3"
    return scope_spans


def one_span(
    trace_id: bytes = TRACE_ID, span_id: bytes = ROOT_SPAN_ID, name: str = "work", start_ms: int = 0
) -> ExportTraceServiceRequest:
    """Make a request with a single span of 5 ms."""
    request = ExportTraceServiceRequest()
    group(request, "shop").spans.add(
        trace_id=trace_id,
        span_id=span_id,
        name=name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=START_UNIX_NANO + start_ms * 1_000_000,
        end_time_unix_nano=START_UNIX_NANO + (start_ms + 5) * 1_000_000,
    )
    return request


def page_load(
    resources: int = 60, seed: int = 1, trace_id: bytes = TRACE_ID, start_unix_nano: int = 0
) -> ExportTraceServiceRequest:
    """Make a page load that joins a server's trace: the server's spans and the browser's.

    The server's span is the parent although the browser started earlier, as with
    `Server-Timing: traceparent`. Every 17th resource fails, every 11th is opaque (no phases).
    """
    random = Random(seed)
    origin = start_unix_nano or START_UNIX_NANO
    request = ExportTraceServiceRequest()

    def ns(ms: float) -> int:
        return origin + round(ms * 1e6)

    server = group(request, "storefront-edge", "edgetrace.worker")
    ids = {"trace_id": trace_id}
    span = server.spans.add(
        **ids,
        span_id=SERVER_SPAN_ID,
        name="GET /products",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=ns(52),
        end_time_unix_nano=ns(171),
    )
    span.attributes.extend(
        [
            attribute("http.request.method", "GET"),
            attribute("http.response.status_code", 200),
            attribute("url.path", "/products"),
        ]
    )
    for n, (name, start, end) in enumerate(
        [("SELECT products", 60.0, 118.0), ("render", 119.0, 169.5)]
    ):
        server.spans.add(
            **ids,
            span_id=bytes([0xC0 + n] * 8),
            parent_span_id=SERVER_SPAN_ID,
            name=name,
            kind=Span.SPAN_KIND_CLIENT,
            start_time_unix_nano=ns(start),
            end_time_unix_nano=ns(end),
        )

    page = group(request, "shop-web", "edgetrace.browser").spans
    url = "https://shop.example/products?category=lamps"
    navigation = {
        "fetch_start": 3.1,
        "domain_lookup_start": 5.0,
        "domain_lookup_end": 17.2,
        "connect_start": 17.2,
        "secure_connection_start": 29.0,
        "connect_end": 47.5,
        "request_start": 48.0,
        "response_start": 176.4,
        "response_end": 201.9,
        "dom_interactive": 388.0,
        "dom_content_loaded_event_start": 612.3,
        "dom_content_loaded_event_end": 640.0,
        "dom_complete": 1393.0,
        "load_event_start": 1393.2,
        "load_event_end": 1411.8,
    }
    root = page.add(
        **ids,
        span_id=ROOT_SPAN_ID,
        parent_span_id=SERVER_SPAN_ID,
        name="documentLoad",
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=ns(3.1),
        end_time_unix_nano=ns(1411.8),
    )
    root.attributes.extend(
        [
            attribute("url.full", url),
            attribute("user_agent.original", "Mozilla/5.0 (X11) Chrome/156"),
        ]
        + [attribute(f"browser.navigation_timing.{k}", v) for k, v in navigation.items()]
    )
    root.events.add(name="firstContentfulPaint", time_unix_nano=ns(702.0))
    fetch = page.add(
        **ids,
        span_id=b"\xb3" * 8,
        parent_span_id=ROOT_SPAN_ID,
        name="documentFetch",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=ns(3.1),
        end_time_unix_nano=ns(201.9),
    )
    fetch.attributes.extend(
        [attribute("url.full", url), attribute("http.response.status_code", 200)]
        + [attribute(f"browser.resource_timing.{k}", v) for k, v in list(navigation.items())[:9]]
    )
    kinds = [
        ("script", "js"),
        ("css", "css"),
        ("img", "webp"),
        ("fetch", "json"),
        ("font", "woff2"),
    ]
    for n in range(resources):
        initiator, extension = kinds[n % len(kinds)]
        start = 205.0 + random.random() ** 2 * 900
        queue, wait, load = (random.uniform(*r) for r in ((0.2, 60), (8, 120), (1, 70)))
        host = "https://cdn.example" if n % 4 == 0 else "https://shop.example"
        failed, opaque = n % 17 == 9, n % 11 == 5
        timing = {
            "fetch_start": start,
            "request_start": start + queue,
            "response_start": start + queue + wait,
            "response_end": start + queue + wait + load,
        }
        if n % 9 == 0:
            timing |= {
                "domain_lookup_start": start + queue * 0.1,
                "domain_lookup_end": start + queue * 0.3,
                "connect_start": start + queue * 0.3,
                "secure_connection_start": start + queue * 0.6,
                "connect_end": start + queue,
            }
        end = min(timing["response_end"], 1389.0)
        span = page.add(
            **ids,
            span_id=(0xD000_0000_0000_0000 + n).to_bytes(8, "big"),
            parent_span_id=ROOT_SPAN_ID,
            name="resourceFetch",
            kind=Span.SPAN_KIND_CLIENT,
            start_time_unix_nano=ns(start),
            end_time_unix_nano=ns(end),
        )
        span.attributes.extend(
            [
                attribute("url.full", f"{host}/assets/{initiator}/item-{n:02d}.{extension}"),
                attribute("browser.resource_timing.initiator_type", initiator),
                attribute("browser.resource_timing.transfer_size", random.randrange(300, 90_000)),
                attribute("http.response.status_code", 404 if failed else 200),
            ]
        )
        if not opaque:
            span.attributes.extend(
                attribute(f"browser.resource_timing.{k}", round(v, 1)) for k, v in timing.items()
            )
        if failed:
            span.status.code = Status.STATUS_CODE_ERROR
            span.attributes.append(attribute("error.type", "404"))
    return request
