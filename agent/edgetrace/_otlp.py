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
from struct import Struct
from typing import Final

from . import _fields as f
from ._key_values import add_attributes, keep, key_values
from ._protobuf import delimited, fixed32, fixed64, read_fields, utf8, varint
from ._records import NamedTuple
from ._types import Event, Link, Resource, Scope, SpanContext, SpanData

HAS_IS_REMOTE: Final = 0x100
IS_REMOTE: Final = 0x200
"""Span.flags and Link.flags bits 8 and 9: the parent's or link's origin is known, and is another
process.
"""

_TRACE_ID: Final = f.SPAN_TRACE_ID + b"\x10"
_SPAN_ID: Final = f.SPAN_SPAN_ID + b"\x08"
_PARENT_SPAN_ID: Final = f.SPAN_PARENT_SPAN_ID + b"\x08"
_START: Final = f.SPAN_START_TIME_UNIX_NANO
_END: Final = f.SPAN_END_TIME_UNIX_NANO
_FIXED: Final = Struct("<cBcQcQ").pack
"""Kind, start and end in one go."""
_WRONG_IDS: Final = "a trace id has 16 bytes, a span id 8"

_names: Final[dict[str, bytes]] = {}
"""By name, the field of a span's: the same few come again and again. Emptied when they turn out to
be data, as the next is.
"""
_openings: Final[dict[int, bytes]] = {}
"""By the size of a span, its key and that size."""
_flags: Final[dict[int, bytes]] = {}
"""By flags, their field."""
_event_fields: Final[dict[str, tuple[bytes, bytes]]] = {}
"""By name of an event without attributes, what stands before and after its time."""


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
    # All at once: each field of a NamedTuple by its name costs what a call does.
    context, parent, name, kind, start, end, attributes, events, links, status, n, m, k = span
    trace_id, span_id, flags, trace_state, _ = context
    if len(trace_id) != 16 or len(span_id) != 8:
        raise ValueError(_WRONG_IDS)
    parts = [_TRACE_ID, trace_id, _SPAN_ID, span_id]
    if trace_state:
        parts.append(delimited(f.SPAN_TRACE_STATE, _trace_state(context)))
    flags = flags & 0xFF | HAS_IS_REMOTE
    if parent is not None:
        parent_trace_id, parent_span_id, _, _, is_remote = parent
        if len(parent_trace_id) != 16 or len(parent_span_id) != 8:
            raise ValueError(_WRONG_IDS)
        parts += (_PARENT_SPAN_ID, parent_span_id)
        if is_remote:
            flags |= IS_REMOTE
    if name:
        parts.append(_names.get(name) or _name(name))
    if start and end and 0 <= kind < 128:
        parts.append(_FIXED(f.SPAN_KIND, kind, _START, start, _END, end))
    else:
        parts.append(_odd(kind, start, end))
    add_attributes(parts, attributes)
    if events or links or status[0] or n or m or k:  # counts of what was dropped
        parts += _rest(span)
    parts.append(_flags.get(flags) or keep(_flags, flags, f.SPAN_FLAGS + fixed32(flags)))
    message = b"".join(parts)
    size = len(message)
    return (_openings.get(size) or _opening(size)) + message


def framed_all(messages: list[bytes]) -> list[bytes]:
    """Span messages, each with the field key and the length that open it."""
    sizes = set(map(len, messages))
    openings = {size: _openings.get(size) or _opening(size) for size in sizes}
    return [openings[len(message)] + message for message in messages]


def _opening(size: int) -> bytes:
    return keep(_openings, size, f.SCOPE_SPANS_SPANS + varint(size))


def _name(name: str) -> bytes:
    return keep(_names, name, delimited(f.SPAN_NAME, utf8(name)))


def _odd(kind: int, start: int, end: int) -> bytes:
    """What `_FIXED` cannot write: times of 0, which are left out, and kinds that there are not."""
    parts = [f.SPAN_KIND + varint(kind)]
    if start:
        parts.append(f.SPAN_START_TIME_UNIX_NANO + fixed64(start))
    if end:
        parts.append(f.SPAN_END_TIME_UNIX_NANO + fixed64(end))
    return b"".join(parts)


def _rest(span: SpanData) -> list[bytes]:
    """What most spans do not have: the fields between attributes and flags."""
    parts = []
    if span.dropped_attributes_count:
        parts.append(_count(f.SPAN_DROPPED_ATTRIBUTES_COUNT, span.dropped_attributes_count))
    for event in span.events:
        name, time, attributes, dropped = event
        if time and not attributes and not dropped:
            before, after = _event_fields.get(name) or _bare_event(name)
            parts += (before, fixed64(time), after)
        else:
            parts.append(delimited(f.SPAN_EVENTS, _event(event)))
    if span.dropped_events_count:
        parts.append(_count(f.SPAN_DROPPED_EVENTS_COUNT, span.dropped_events_count))
    for link in span.links:
        parts.append(delimited(f.SPAN_LINKS, _link(link)))
    if span.dropped_links_count:
        parts.append(_count(f.SPAN_DROPPED_LINKS_COUNT, span.dropped_links_count))
    code, description = span.status
    if code:
        message = delimited(f.STATUS_MESSAGE, utf8(description)) if description else b""
        parts.append(delimited(f.SPAN_STATUS, message + f.STATUS_CODE + varint(code)))
    return parts


def _bare_event(name: str) -> tuple[bytes, bytes]:
    before, _, after = delimited(f.SPAN_EVENTS, _event(Event(name, 1))).partition(fixed64(1))
    return keep(_event_fields, name, (before, after))


def checked(context: SpanContext) -> SpanContext:
    """Raise ValueError for ids of a wrong length: receivers refuse the whole request for them."""
    if len(context.trace_id) != 16 or len(context.span_id) != 8:
        raise ValueError(_WRONG_IDS)
    return context


def encode_resource(resource: Resource) -> bytes:
    """Encode a Resource message, without a key."""
    return key_values(f.RESOURCE_ATTRIBUTES, resource.attributes.items())


def encode_scope(scope: Scope) -> bytes:
    """Encode an InstrumentationScope message, without a key."""
    parts = []
    if scope.name:
        parts.append(delimited(f.INSTRUMENTATION_SCOPE_NAME, utf8(scope.name)))
    if scope.version:
        parts.append(delimited(f.INSTRUMENTATION_SCOPE_VERSION, utf8(scope.version)))
    parts.append(key_values(f.INSTRUMENTATION_SCOPE_ATTRIBUTES, scope.attributes))
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


def _count(key: bytes, count: int) -> bytes:
    return key + varint(min(count, 2**32 - 1))


def _event(event: Event) -> bytes:
    parts = []
    if event.time_unix_nano:
        parts.append(f.SPAN_EVENT_TIME_UNIX_NANO + fixed64(event.time_unix_nano))
    if event.name:
        parts.append(delimited(f.SPAN_EVENT_NAME, utf8(event.name)))
    parts.append(key_values(f.SPAN_EVENT_ATTRIBUTES, event.attributes.items()))
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
    parts.append(key_values(f.SPAN_LINK_ATTRIBUTES, link.attributes.items()))
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
