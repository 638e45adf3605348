# SPDX-License-Identifier: MIT OR Apache-2.0
"""Spans to OTLP/protobuf, byte for byte what protobuf's own serializer writes.

A span is encoded once, when it ends, with the field key that opens it inside ScopeSpans; a request
is then a join. Fields go out by number and defaults are left out, so equal spans are equal bytes.
The encoder is total over what `_attributes.clean` yields. Knows no HTTP and no queue.

    ExportTraceServiceRequest > ResourceSpans > (Resource, ScopeSpans > (InstrumentationScope,
    Span...))

Source: opentelemetry-proto 1.10, collector/trace/v1/trace_service.proto and trace/v1/trace.proto.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from . import _fields as f
from ._protobuf import delimited, double, fixed32, fixed64, read_fields, utf8, varint
from ._types import Attributes, AttributeValue, Event, Link, Resource, Scope, SpanContext, SpanData

HAS_IS_REMOTE: Final = 0x100
IS_REMOTE: Final = 0x200
"""Span.flags and Link.flags bits 8 and 9: the parent's or link's origin is known, and is another
process.
"""

_TRUE: Final = f.ANY_VALUE_BOOL_VALUE + b"\x01"
_FALSE: Final = f.ANY_VALUE_BOOL_VALUE + b"\x00"
_MAX_KEYS: Final = 1024

_key_fields: Final[dict[str, bytes]] = {}
"""KeyValue.key fields by key: the same few keys open every attribute. Emptied when keys turn out to
be data.
"""


class PartialSuccess(NamedTuple):
    """What a receiver refused of a request that it answered with 200."""

    rejected_spans: int = 0
    error_message: str = ""


class Encoding(NamedTuple):
    """One of OTLP's encodings, as functions; `frame` joins what the others made.

    Attributes:
        content_type: Of requests, and expected of answers.
        span: A span, ready to be framed.
        resource: A resource, likewise.
        scope: An instrumentation scope, likewise.
        frame: (resource, schema URL, [(scope, its schema URL, [span...])]) -> request body.
        partial_success: Reads an answer's body; anything unreadable is a full success.
    """

    content_type: str
    span: Callable[[SpanData], bytes]
    resource: Callable[[Resource], bytes]
    scope: Callable[[Scope], bytes]
    frame: Callable[[bytes, str, Iterable[tuple[bytes, str, Sequence[bytes]]]], bytes]
    partial_success: Callable[[bytes], PartialSuccess]


def encode_span(span: SpanData) -> bytes:
    """Encode one span as the `spans` field of ScopeSpans.

    Args:
        span: Clean attributes; times 0 to 2**64-1.

    Returns:
        Field key, length, and the Span message.

    Raises:
        Exception: Of whatever kind, if `span` is not as `SpanData` says.
    """
    context, parent = checked(span.context), span.parent
    parts = [
        f.SPAN_TRACE_ID + b"\x10",
        context.trace_id,
        f.SPAN_SPAN_ID + b"\x08",
        context.span_id,
    ]
    if context.trace_state:
        parts.append(delimited(f.SPAN_TRACE_STATE, _trace_state(context)))
    if parent is not None:
        parts += (f.SPAN_PARENT_SPAN_ID + b"\x08", checked(parent).span_id)
    if span.name:
        parts.append(delimited(f.SPAN_NAME, utf8(span.name)))
    parts.append(f.SPAN_KIND + varint(span.kind))
    if span.start_unix_nano:
        parts.append(f.SPAN_START_TIME_UNIX_NANO + fixed64(span.start_unix_nano))
    if span.end_unix_nano:
        parts.append(f.SPAN_END_TIME_UNIX_NANO + fixed64(span.end_unix_nano))
    for key, value in span.attributes.items():
        parts.append(_key_value(f.SPAN_ATTRIBUTES, key, value))
    if span.dropped_attributes_count:
        parts.append(_count(f.SPAN_DROPPED_ATTRIBUTES_COUNT, span.dropped_attributes_count))
    for event in span.events:
        parts.append(delimited(f.SPAN_EVENTS, _event(event)))
    if span.dropped_events_count:
        parts.append(_count(f.SPAN_DROPPED_EVENTS_COUNT, span.dropped_events_count))
    for link in span.links:
        parts.append(delimited(f.SPAN_LINKS, _link(link)))
    if span.dropped_links_count:
        parts.append(_count(f.SPAN_DROPPED_LINKS_COUNT, span.dropped_links_count))
    code, description = span.status
    if code:
        status = delimited(f.STATUS_MESSAGE, utf8(description)) if description else b""
        parts.append(delimited(f.SPAN_STATUS, status + f.STATUS_CODE + varint(code)))
    remote = IS_REMOTE if parent is not None and parent.is_remote else 0
    parts.append(f.SPAN_FLAGS + fixed32(context.trace_flags & 0xFF | HAS_IS_REMOTE | remote))
    return delimited(f.SCOPE_SPANS_SPANS, b"".join(parts))


def checked(context: SpanContext) -> SpanContext:
    """Raise ValueError for ids of a wrong length: receivers refuse the whole request for them."""
    if len(context.trace_id) != 16 or len(context.span_id) != 8:
        raise ValueError("a trace id has 16 bytes, a span id 8")
    return context


def encode_resource(resource: Resource) -> bytes:
    """Encode a Resource message, without a key."""
    return b"".join(
        [
            _key_value(f.RESOURCE_ATTRIBUTES, key, value)
            for key, value in resource.attributes.items()
        ]
    )


def encode_scope(scope: Scope) -> bytes:
    """Encode an InstrumentationScope message, without a key."""
    parts = []
    if scope.name:
        parts.append(delimited(f.INSTRUMENTATION_SCOPE_NAME, utf8(scope.name)))
    if scope.version:
        parts.append(delimited(f.INSTRUMENTATION_SCOPE_VERSION, utf8(scope.version)))
    for key, value in scope.attributes:
        parts.append(_key_value(f.INSTRUMENTATION_SCOPE_ATTRIBUTES, key, value))
    return b"".join(parts)


def frame(
    resource: bytes, schema_url: str, scopes: Iterable[tuple[bytes, str, Sequence[bytes]]]
) -> bytes:
    """Join encoded parts into one ExportTraceServiceRequest; see `Encoding.frame`."""
    parts = [delimited(f.RESOURCE_SPANS_RESOURCE, resource)]
    for scope, scope_schema_url, spans in scopes:
        body = delimited(f.SCOPE_SPANS_SCOPE, scope) + b"".join(spans)
        if scope_schema_url:
            body += delimited(f.SCOPE_SPANS_SCHEMA_URL, utf8(scope_schema_url))
        parts.append(delimited(f.RESOURCE_SPANS_SCOPE_SPANS, body))
    if schema_url:
        parts.append(delimited(f.RESOURCE_SPANS_SCHEMA_URL, utf8(schema_url)))
    return delimited(f.EXPORT_TRACE_SERVICE_REQUEST_RESOURCE_SPANS, b"".join(parts))


def decode_partial_success(body: bytes) -> PartialSuccess:
    """Read an ExportTraceServiceResponse; whatever is none is taken for a full success."""
    found: dict[int, int | bytes] = {}
    try:
        for number, value in read_fields(body):
            if number == 1 and isinstance(value, bytes):
                found.update(read_fields(value))
    except ValueError:
        return PartialSuccess()
    rejected, message = found.get(1, 0), found.get(2, b"")
    return PartialSuccess(
        rejected if isinstance(rejected, int) and rejected < 2**63 else 0,
        message.decode("utf-8", "replace") if isinstance(message, bytes) else "",
    )


def any_value(value: AttributeValue) -> bytes:
    """Encode an AnyValue message, without a key; None is the empty message."""
    kind = type(value)
    if kind is str:
        return delimited(f.ANY_VALUE_STRING_VALUE, utf8(value))  # type: ignore[arg-type]  # narrowed by identity
    if kind is int:
        return f.ANY_VALUE_INT_VALUE + varint(value)  # type: ignore[arg-type]  # as above
    if kind is float:
        return f.ANY_VALUE_DOUBLE_VALUE + double(value)
    if value is True:
        return _TRUE
    if value is False:
        return _FALSE
    if isinstance(value, bytes):
        return delimited(f.ANY_VALUE_BYTES_VALUE, value)
    if isinstance(value, dict):
        items = [_key_value(f.KEY_VALUE_LIST_VALUES, key, item) for key, item in value.items()]
        return delimited(f.ANY_VALUE_KVLIST_VALUE, b"".join(items))
    if isinstance(value, tuple):
        items = [delimited(f.ARRAY_VALUE_VALUES, any_value(item)) for item in value]
        return delimited(f.ANY_VALUE_ARRAY_VALUE, b"".join(items))
    if value is None:
        return b""
    raise TypeError(f"{kind.__name__} was not cleaned")


def _key_value(opening: bytes, key: str, value: AttributeValue) -> bytes:
    key_field = _key_fields.get(key)
    if key_field is None:
        if len(_key_fields) >= _MAX_KEYS:
            _key_fields.clear()
        named = delimited(f.KEY_VALUE_KEY, utf8(key)) if key else b""
        key_field = named + f.KEY_VALUE_VALUE
        _key_fields[key] = key_field
    encoded = any_value(value)
    size = varint(len(encoded))
    return b"".join(
        (opening, varint(len(key_field) + len(size) + len(encoded)), key_field, size, encoded)
    )


def _attributes(opening: bytes, attributes: Attributes) -> list[bytes]:
    return [_key_value(opening, key, value) for key, value in attributes.items()]


def _count(key: bytes, count: int) -> bytes:
    return key + varint(min(count, 2**32 - 1))


def _event(event: Event) -> bytes:
    parts = []
    if event.time_unix_nano:
        parts.append(f.SPAN_EVENT_TIME_UNIX_NANO + fixed64(event.time_unix_nano))
    if event.name:
        parts.append(delimited(f.SPAN_EVENT_NAME, utf8(event.name)))
    parts += _attributes(f.SPAN_EVENT_ATTRIBUTES, event.attributes)
    if event.dropped_attributes_count:
        parts.append(_count(f.SPAN_EVENT_DROPPED_ATTRIBUTES_COUNT, event.dropped_attributes_count))
    return b"".join(parts)


def _link(link: Link) -> bytes:
    context = checked(link.context)
    parts = [
        delimited(f.SPAN_LINK_TRACE_ID, context.trace_id),
        delimited(f.SPAN_LINK_SPAN_ID, context.span_id),
    ]
    if context.trace_state:
        parts.append(delimited(f.SPAN_LINK_TRACE_STATE, _trace_state(context)))
    parts += _attributes(f.SPAN_LINK_ATTRIBUTES, link.attributes)
    if link.dropped_attributes_count:
        parts.append(_count(f.SPAN_LINK_DROPPED_ATTRIBUTES_COUNT, link.dropped_attributes_count))
    remote = IS_REMOTE if context.is_remote else 0
    parts.append(f.SPAN_LINK_FLAGS + fixed32(context.trace_flags & 0xFF | HAS_IS_REMOTE | remote))
    return b"".join(parts)


def _trace_state(context: SpanContext) -> bytes:
    return utf8(",".join([f"{key}={value}" for key, value in context.trace_state]))


PROTOBUF: Final = Encoding(
    "application/x-protobuf",
    encode_span,
    encode_resource,
    encode_scope,
    frame,
    decode_partial_success,
)
