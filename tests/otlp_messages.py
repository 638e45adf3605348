# SPDX-License-Identifier: MIT OR Apache-2.0
"""What OTLP messages our values stand for, said with opentelemetry-proto's own classes.

Nothing here uses the agent's encoders: tests compare their output with these messages.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.trace.v1 import trace_pb2

from edgetrace._outbox import Undelivered
from edgetrace._types import ExportRequest, Resource, Scope, SpanContext, SpanData

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_LONE = re.compile("[\ud800-\udfff]")


def utf8_text(text: str) -> str:
    """Text as UTF-8 can carry it: surrogate pairs joined, lone ones U+FFFD."""

    def join(pair: re.Match[str]) -> str:
        high, low = map(ord, pair[0])
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))

    return _LONE.sub("\ufffd", _PAIR.sub(join, text))


def any_value(value: Any) -> AnyValue:
    """An attribute's value as a message."""
    if value is None:
        return AnyValue()
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=utf8_text(value))
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=key_values(value)))
    return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))


def key_values(attributes: Mapping[str, Any]) -> list[KeyValue]:
    """Attributes as messages, in order."""
    return [
        KeyValue(key=utf8_text(key), value=any_value(value)) for key, value in attributes.items()
    ]


def _trace_state(context: SpanContext) -> str:
    return ",".join(f"{key}={value}" for key, value in context.trace_state)


def _flags(own: SpanContext, origin: SpanContext | None) -> int:
    return own.trace_flags | 0x100 | (0x200 if origin is not None and origin.is_remote else 0)


def _count(count: int) -> int:
    return min(count, 2**32 - 1)


def span_message(span: SpanData) -> trace_pb2.Span:
    """A span as a message."""
    message = trace_pb2.Span(
        trace_id=span.context.trace_id,
        span_id=span.context.span_id,
        trace_state=_trace_state(span.context),
        parent_span_id=b"" if span.parent is None else span.parent.span_id,
        name=utf8_text(span.name),
        kind=trace_pb2.Span.SpanKind.ValueType(span.kind),
        start_time_unix_nano=span.start_unix_nano,
        end_time_unix_nano=span.end_unix_nano,
        attributes=key_values(span.attributes),
        dropped_attributes_count=_count(span.dropped_attributes_count),
        dropped_events_count=_count(span.dropped_events_count),
        dropped_links_count=_count(span.dropped_links_count),
        flags=_flags(span.context, span.parent),
    )
    for event in span.events:
        message.events.add(
            time_unix_nano=event.time_unix_nano,
            name=utf8_text(event.name),
            attributes=key_values(event.attributes),
            dropped_attributes_count=_count(event.dropped_attributes_count),
        )
    for link in span.links:
        message.links.add(
            trace_id=link.context.trace_id,
            span_id=link.context.span_id,
            trace_state=_trace_state(link.context),
            attributes=key_values(link.attributes),
            dropped_attributes_count=_count(link.dropped_attributes_count),
            flags=_flags(link.context, link.context),
        )
    if span.status.code:
        message.status.code = trace_pb2.Status.StatusCode.ValueType(span.status.code)
        message.status.message = utf8_text(span.status.description)
    return message


def request_message(
    resource: Resource, groups: Iterable[tuple[Scope, Sequence[SpanData]]]
) -> ExportTraceServiceRequest:
    """A whole request as a message."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add(schema_url=utf8_text(resource.schema_url))
    resource_spans.resource.attributes.extend(key_values(resource.attributes))
    resource_spans.resource.SetInParent()
    for scope, spans in groups:
        scope_spans = resource_spans.scope_spans.add(schema_url=utf8_text(scope.schema_url))
        scope_spans.scope.CopyFrom(
            InstrumentationScope(
                name=utf8_text(scope.name),
                version=utf8_text(scope.version),
                attributes=key_values(dict(scope.attributes)),
            )
        )
        scope_spans.spans.extend(span_message(span) for span in spans)
    return request


def parse_json(body: bytes) -> ExportTraceServiceRequest:
    """Read OTLP/JSON as a receiver must: proto3's mapping, but ids are hex, in strict JSON.

    Source: OTLP specification 1.10, "JSON Protobuf Encoding".
    """

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no JSON")

    def ids_to_base64(fields: dict[str, Any]) -> dict[str, Any]:
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in fields:
                fields[name] = base64.b64encode(bytes.fromhex(fields[name])).decode()
        return fields

    document = json.loads(body.decode(), parse_constant=refuse)
    for resource_spans in document["resourceSpans"]:
        for scope_spans in resource_spans["scopeSpans"]:
            for span in map(ids_to_base64, scope_spans["spans"]):
                for link in span.get("links", ()):
                    ids_to_base64(link)
    return json_format.ParseDict(document, ExportTraceServiceRequest())


def decode(request: ExportRequest | Undelivered) -> ExportTraceServiceRequest:
    """Read a request as a receiver does, by its headers."""
    body = uncompressed(request)
    if request.headers["content-type"] == "application/json":
        return parse_json(body)
    assert request.headers["content-type"] == "application/x-protobuf"
    return ExportTraceServiceRequest.FromString(body)


def uncompressed(request: ExportRequest | Undelivered) -> bytes:
    """The message inside a request's body."""
    if "content-encoding" not in request.headers:
        return request.body
    assert request.headers["content-encoding"] == "gzip"
    return gzip.decompress(request.body)


def span_names(message: ExportTraceServiceRequest) -> list[str]:
    """The names of all spans, in order within each scope."""
    return [
        span.name
        for resource_spans in message.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]
