# SPDX-License-Identifier: MIT OR Apache-2.0
"""Spans to OTLP/JSON: the second encoding, for receivers that take no protobuf.

Proto3's JSON mapping with OTLP's three exceptions: ids are hex, enums are numbers, names are
lowerCamelCase. 64-bit integers are strings and NaN and the infinities are names, so the output is
strict JSON. Each span is serialized once, when it ends; a request is a join.

Source: OTLP specification 1.10, "JSON Protobuf Encoding";
https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ._nesting import parse_json
from ._otlp import HAS_IS_REMOTE, IS_REMOTE, Encoding, PartialSuccess, checked
from ._protobuf import utf8
from ._types import (
    Attributes,
    AttributeValue,
    Resource,
    Scope,
    SpanContext,
    SpanData,
    SpanKind,
    StatusCode,
)


def encode_span(span: SpanData) -> bytes:
    """Serialize one span as an element of `scopeSpans[].spans`, with the comma that parts it from
    the one before it: limits in bytes then hold exactly.
    """
    fields: dict[str, Any] = {
        **_ids(span.context),
        "name": _text(span.name),
        "kind": int(SpanKind(span.kind)),
        "startTimeUnixNano": _fixed64(span.start_unix_nano),
        "endTimeUnixNano": _fixed64(span.end_unix_nano),
        "flags": _flags(span.context.trace_flags, span.parent),
    }
    if span.parent is not None:
        fields["parentSpanId"] = checked(span.parent).span_id_hex
    _put_attributes(fields, span.attributes, span.dropped_attributes_count)
    if span.events:
        fields["events"] = [
            _put_attributes(
                {"timeUnixNano": _fixed64(event.time_unix_nano), "name": _text(event.name)},
                event.attributes,
                event.dropped_attributes_count,
            )
            for event in span.events
        ]
    if span.dropped_events_count:
        fields["droppedEventsCount"] = _count(span.dropped_events_count)
    if span.links:
        fields["links"] = [
            _put_attributes(
                {**_ids(link.context), "flags": _flags(link.context.trace_flags, link.context)},
                link.attributes,
                link.dropped_attributes_count,
            )
            for link in span.links
        ]
    if span.dropped_links_count:
        fields["droppedLinksCount"] = _count(span.dropped_links_count)
    code, description = span.status
    if code:
        fields["status"] = {"code": int(StatusCode(code))}
        if description:
            fields["status"]["message"] = _text(description)
    return b"," + _dump(fields)


def encode_resource(resource: Resource) -> bytes:
    """Serialize a Resource."""
    return _dump(_put_attributes({}, resource.attributes, 0))


def encode_scope(scope: Scope) -> bytes:
    """Serialize an InstrumentationScope."""
    fields: dict[str, Any] = {"name": scope.name}
    if scope.version:
        fields["version"] = scope.version
    return _dump(_put_attributes(fields, dict(scope.attributes), 0))


def frame(
    resource: bytes, schema_url: str, scopes: Iterable[tuple[bytes, str, Sequence[bytes]]]
) -> bytes:
    """Join serialized parts into one request; see `Encoding.frame`."""
    scope_spans = b",".join(
        [
            b'{"scope":%b,"spans":[%b]%b}' % (scope, b"".join(spans)[1:], _schema(scope_schema_url))
            for scope, scope_schema_url, spans in scopes
        ]
    )
    return b'{"resourceSpans":[{"resource":%b,"scopeSpans":[%b]%b}]}' % (
        resource,
        scope_spans,
        _schema(schema_url),
    )


def decode_partial_success(body: bytes) -> PartialSuccess:
    """Read an ExportTraceServiceResponse; whatever is none is taken for a full success."""
    try:
        partial = parse_json(body)["partialSuccess"]
        rejected = int(partial.get("rejectedSpans", 0))
        message = str(partial.get("errorMessage", ""))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return PartialSuccess()
    return PartialSuccess(rejected if 0 <= rejected < 2**63 else 0, message)


def any_value(value: AttributeValue) -> dict[str, Any]:
    """One AnyValue; None is the empty object."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, int):
        return {"intValue": _integer(value, -(2**63), 2**63)}
    if isinstance(value, float):
        return {"doubleValue": value if math.isfinite(value) else _NON_FINITE[str(value)]}
    if isinstance(value, bytes):
        return {"bytesValue": b64encode(value).decode()}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _key_values(value)}}
    if isinstance(value, tuple):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    if value is None:
        return {}
    raise TypeError(f"{type(value).__name__} was not cleaned")


# Anything else than these would be valid JSON too, and make receivers refuse the whole request.
_text: Final = str.__str__
_NON_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _key_values(attributes: Attributes) -> list[dict[str, Any]]:
    return [{"key": _text(key), "value": any_value(value)} for key, value in attributes.items()]


def _put_attributes(fields: dict[str, Any], attributes: Attributes, dropped: int) -> dict[str, Any]:
    if attributes:
        fields["attributes"] = _key_values(attributes)
    if dropped:
        fields["droppedAttributesCount"] = _count(dropped)
    return fields


def _ids(context: SpanContext) -> dict[str, Any]:
    ids = {"traceId": checked(context).trace_id_hex, "spanId": context.span_id_hex}
    if context.trace_state:
        ids["traceState"] = ",".join([f"{key}={value}" for key, value in context.trace_state])
    return ids


def _flags(trace_flags: int, origin: SpanContext | None) -> int:
    remote = IS_REMOTE if origin is not None and origin.is_remote else 0
    return trace_flags & 0xFF | HAS_IS_REMOTE | remote


def _fixed64(number: int) -> str:
    return _integer(number, 0, 2**64)


def _integer(number: int, start: int, stop: int) -> str:
    if not start <= number < stop:
        raise ValueError("an integer has to fit 64 bits")
    return str(int(number))


def _count(count: int) -> int:
    return max(0, min(int(count), 2**32 - 1))


def _schema(url: str) -> bytes:
    return b',"schemaUrl":%b' % _dump(url) if url else b""


def _dump(fields: object) -> bytes:
    # Unescaped, so that `utf8` can repair lone surrogates: escaped ones are refused by strict
    # decoders.
    return utf8(json.dumps(fields, separators=(",", ":"), ensure_ascii=False))


JSON: Final = Encoding(
    "application/json",
    encode_span,
    encode_resource,
    encode_scope,
    frame,
    decode_partial_success,
)
