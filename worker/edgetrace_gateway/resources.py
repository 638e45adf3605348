# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the edge says of every resource in an OTLP/protobuf request: spliced in, not re-encoded.

Only the lengths around a changed resource are written anew, canonically; every other byte, unknown
fields included, is the sender's. The work goes with the number of resources, not of spans.

Source: https://protobuf.dev/programming-guides/encoding/; opentelemetry-proto 1.10,
trace/v1/trace.proto, resource/v1/resource.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from edgetrace import _fields as f
from edgetrace._otlp import encode_resource
from edgetrace._protobuf import delimited, utf8, varint
from edgetrace._types import Resource

from .wire import KEY_BYTES, Garbage, read_varint

_RESOURCE_SPANS: Final = f.EXPORT_TRACE_SERVICE_REQUEST_RESOURCE_SPANS[0]
_RESOURCE: Final = f.RESOURCE_SPANS_RESOURCE[0]
_ATTRIBUTE: Final = f.RESOURCE_ATTRIBUTES[0]
_KEY: Final = f.KEY_VALUE_KEY[0]


class _Field(NamedTuple):
    """A length-delimited field: its key, where that begins; its content, from where to where."""

    key: int
    opens: int
    start: int
    end: int


def with_resource_attributes(message: bytes, attributes: Mapping[str, str | int]) -> bytes:
    """Add attributes to every resource in a request, whatever it said of itself.

    Attributes of the same keys are taken away, so that no page can forge them; a resource that is
    missing is made.

    Args:
        message: A request; one that `wire.count_spans` has passed, else its spans are not checked.
        attributes: By key; numbers from -2**63 to 2**63-1.

    Raises:
        Garbage: The messages that are walked, down to resources' attributes, are none.
    """
    if not attributes:
        return message
    added = encode_resource(Resource(dict(attributes)))
    taken = frozenset(map(utf8, attributes))
    view = memoryview(message)
    parts: list[bytes | memoryview] = []  # copied once, by the join
    copied = 0
    for field in _fields(message, 0, len(message)):
        if field.key == _RESOURCE_SPANS:
            content = _resource_spans(message, field.start, field.end, added, taken)
            parts += (
                view[copied : field.opens],
                f.EXPORT_TRACE_SERVICE_REQUEST_RESOURCE_SPANS + varint(sum(map(len, content))),
                *content,
            )
            copied = field.end
    parts.append(view[copied:])
    return b"".join(parts)


def _resource_spans(
    message: bytes, start: int, end: int, added: bytes, taken: frozenset[bytes]
) -> list[bytes | memoryview]:
    """The parts of one ResourceSpans. Of several resources, which decoders merge, the last is
    added to.

    Source: https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    view = memoryview(message)
    resources = [field for field in _fields(message, start, end) if field.key == _RESOURCE]
    if not resources:
        return [delimited(f.RESOURCE_SPANS_RESOURCE, added), view[start:end]]
    parts: list[bytes | memoryview] = []
    copied = start
    for field in resources:
        content = _without(message, field, taken)
        if field is resources[-1]:
            content += added
        parts += (view[copied : field.opens], delimited(f.RESOURCE_SPANS_RESOURCE, content))
        copied = field.end
    parts.append(view[copied:end])
    return parts


def _without(message: bytes, resource: _Field, taken: frozenset[bytes]) -> bytes:
    """A Resource less its attributes of some keys."""
    parts = []
    copied = resource.start
    for field in _fields(message, resource.start, resource.end):
        if field.key == _ATTRIBUTE and _key(message, field) in taken:
            parts.append(message[copied : field.opens])
            copied = field.end
    parts.append(message[copied : resource.end])
    return b"".join(parts)


def _key(message: bytes, attribute: _Field) -> bytes:
    key = b""
    for field in _fields(message, attribute.start, attribute.end):
        if field.key == _KEY:
            key = message[field.start : field.end]  # the last one counts
    return key


def _fields(message: bytes, position: int, end: int) -> Iterator[_Field]:
    """The length-delimited fields of one message; others are passed over."""
    try:
        while position < end:
            opens = position
            key, position = read_varint(message, position, KEY_BYTES)
            if key & 7 == 2:
                size, start = read_varint(message, position, KEY_BYTES)
                position = start + size
                if position <= end:
                    yield _Field(key, opens, start, position)
            elif key & 7 == 0:
                _, position = read_varint(message, position, 10)
            elif key & 7 in (1, 5):
                position += 8 if key & 7 == 1 else 4
            else:
                raise Garbage(f"there is no wire type {key & 7}, as at byte {position}")
    except IndexError:
        raise Garbage("the message is cut off") from None
    if position != end:
        raise Garbage(f"the field before byte {position} ends after its message")
