# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP messages to plain Python values: what the JSON API returns and what tests assert on.

    Span + Resource + InstrumentationScope -> SpanRecord (a dict; ids in hex, times in unix ns)

Values keep their Python types (bytes stay bytes, NaN stays NaN); ``json_safe`` makes the few
replacements JSON needs. Must not know storage or HTTP.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Any, TypedDict

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

# Number.MAX_SAFE_INTEGER: beyond it a JSON reader in JavaScript rounds. OTLP/JSON has the same
# trouble and writes every int64 as a string; here only those that would be damaged.
_MAX_SAFE_INTEGER = 2**53 - 1
UNKNOWN_SERVICE = "unknown_service"


class SpanRecord(TypedDict):
    """One span as plain values; enums are OTLP's numbers, absent ids are ""."""

    trace_id: str
    span_id: str
    parent_span_id: str
    trace_state: str
    flags: int
    name: str
    kind: int
    start_unix_nano: int
    end_unix_nano: int
    attributes: dict[str, Any]
    dropped_attributes_count: int
    events: list[dict[str, Any]]
    dropped_events_count: int
    links: list[dict[str, Any]]
    dropped_links_count: int
    status: dict[str, Any]
    service: str
    resource: dict[str, Any]
    scope: dict[str, Any]


def any_value(value: AnyValue) -> Any:
    """Turn an AnyValue into the Python value it stands for; an unset one is None."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [any_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    return getattr(value, kind)


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Turn KeyValues into a dict; of equal keys the last one counts."""
    return {pair.key: any_value(pair.value) for pair in pairs}


def resource_record(resource: Resource, schema_url: str) -> dict[str, Any]:
    """Describe a resource."""
    return {
        "attributes": attributes(resource.attributes),
        "dropped_attributes_count": resource.dropped_attributes_count,
        "schema_url": schema_url,
    }


def scope_record(scope: InstrumentationScope, schema_url: str) -> dict[str, Any]:
    """Describe an instrumentation scope."""
    return {
        "name": scope.name,
        "version": scope.version,
        "attributes": attributes(scope.attributes),
        "dropped_attributes_count": scope.dropped_attributes_count,
        "schema_url": schema_url,
    }


def service_of(resource: dict[str, Any]) -> str:
    """Name the service of a resource record. Source: semantic conventions, service.name."""
    name = resource["attributes"].get("service.name")
    return name if isinstance(name, str) and name else UNKNOWN_SERVICE


def span_record(span: Span, resource: dict[str, Any], scope: dict[str, Any]) -> SpanRecord:
    """Describe a span; resource and scope are shared between the records, not copied."""
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_span_id": span.parent_span_id.hex() if any(span.parent_span_id) else "",
        "trace_state": span.trace_state,
        "flags": span.flags,
        "name": span.name,
        "kind": int(span.kind),
        "start_unix_nano": span.start_time_unix_nano,
        "end_unix_nano": span.end_time_unix_nano,
        "attributes": attributes(span.attributes),
        "dropped_attributes_count": span.dropped_attributes_count,
        "events": [
            {
                "name": event.name,
                "time_unix_nano": event.time_unix_nano,
                "attributes": attributes(event.attributes),
                "dropped_attributes_count": event.dropped_attributes_count,
            }
            for event in span.events
        ],
        "dropped_events_count": span.dropped_events_count,
        "links": [
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "trace_state": link.trace_state,
                "flags": link.flags,
                "attributes": attributes(link.attributes),
                "dropped_attributes_count": link.dropped_attributes_count,
            }
            for link in span.links
        ],
        "dropped_links_count": span.dropped_links_count,
        "status": {"code": int(span.status.code), "message": span.status.message},
        "service": service_of(resource),
        "resource": resource,
        "scope": scope,
    }


def json_safe(value: Any) -> Any:
    """Make an attribute value (or a tree of them) fit JSON without loss of meaning.

    NaN and infinities become their names, bytes become base64, and integers that JavaScript
    would round become decimal strings, each as proto3 JSON does it.
    """
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _MAX_SAFE_INTEGER else str(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {key: json_safe(item) for key, item in value.items()}
    return [json_safe(item) for item in value]
