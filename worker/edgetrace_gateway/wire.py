# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP/protobuf without decoding: whether these are spans, and how many.

    ExportTraceServiceRequest > ResourceSpans > Resource
                                              > ScopeSpans > Span > Event, Link, Status, KeyValue

Every message down to attributes' values is walked, so that what is let through can be decoded by
any receiver, and one page's garbage cannot spoil a batch that it is put into. Time is linear in the
body; nesting and counts are bounded. Unknown fields are let through, as protobuf asks; known ones
of another wire type are refused, which protobuf would call unknown: no writer of OTLP makes them.

Source: https://protobuf.dev/programming-guides/encoding/; opentelemetry-proto 1.10,
trace/v1/trace.proto, common/v1/common.proto.
"""

from __future__ import annotations

from typing import Final

from . import schema
from .schema import EVENT, EXPORT_REQUEST, KEY_VALUE, RESOURCE_SPANS, SPAN, TEXT, WRONG, Table

MAX_SPANS: Final = 10_000
"""Per request; SDKs send 512 at a time."""
MAX_RESOURCES: Final = 256
"""Per request: each is given the edge's attributes, so that two bytes would become a hundred."""
MAX_DEPTH: Final = 64
"""Messages in messages; protobuf's own decoders stop at 100."""

_BOTH_IDS: Final = schema.TRACE_ID | schema.SPAN_ID
_NO_TRACE: Final = bytes(16)
_NO_SPAN: Final = bytes(8)
_MAX_KEY: Final = 2**32 - 1
KEY_BYTES: Final = 5
"""Field keys and lengths are 32-bit numbers; decoders refuse longer ones."""


class Garbage(ValueError):
    """The body is not an OTLP trace request; the message is a sentence for its sender."""


def count_spans(message: bytes) -> int:
    """Check a whole request and count its spans.

    Raises:
        Garbage: It is not a request, or a span's ids are not 16 and 8 bytes with one that is not
            zero, or something is over a bound.
    """
    found = [0, 0]
    _walk(message, 0, len(message), EXPORT_REQUEST, MAX_DEPTH, found)
    return found[0]


def _walk(
    message: bytes, position: int, end: int, table: Table, depth: int, found: list[int]
) -> None:
    """Check one message, by the loop that all the time is spent in.

    Args:
        message: The whole body.
        position: Where the message begins in it.
        end: Where the message ends.
        table: What its fields are.
        depth: How many messages may still be nested.
        found: Spans and resources so far.
    """
    ids = 0
    lookup = table.get
    try:
        while position < end:
            key = message[position]
            position += 1
            if key > 127:
                key, position = read_varint(message, position - 1, KEY_BYTES)
            action = lookup(key)
            if key & 7 == 2:
                size = message[position]
                position += 1
                if size > 127:
                    size, position = read_varint(message, position - 1, KEY_BYTES)
                start = position
                position += size
                if position > end:
                    raise Garbage(f"the field at byte {start} ends after its message")
                if action is TEXT:
                    str(message[start:position], "utf-8")
                elif action.__class__ is dict:
                    if action is KEY_VALUE and _is_simple_attribute(message, start, position):
                        continue
                    if action is EVENT and _is_simple_event(message, start, position):
                        continue
                    if action is SPAN or action is RESOURCE_SPANS:
                        _count(action is RESOURCE_SPANS, found)
                    if not depth:
                        raise Garbage(f"messages are nested over {MAX_DEPTH} deep")
                    _walk(message, start, position, action, depth - 1, found)
                elif action:
                    if action != schema.PLAIN:
                        _check_id(message[start:position], action, start)
                        ids |= action
                elif action is not None or key < 8:
                    raise Garbage(f"the field at byte {start} is of no known kind")
                continue
            if key & 7 == 1:
                position += 8
            elif key & 7 == 0:
                if message[position] > 127:
                    _, position = read_varint(message, position, 10)
                else:
                    position += 1
            elif key & 7 == 5:
                position += 4
            else:
                raise Garbage(f"there is no wire type {key & 7}, as at byte {position}")
            if action is WRONG or key < 8:
                raise Garbage(f"the field before byte {position} is of no known kind")
    except IndexError:
        raise Garbage("the message is cut off") from None
    except UnicodeDecodeError:
        raise Garbage("a text is not UTF-8") from None
    if position != end:
        raise Garbage(f"the field before byte {position} ends after its message")
    if table is SPAN and ids & _BOTH_IDS != _BOTH_IDS:
        raise Garbage(f"the span before byte {end} has no trace id or no span id")


def _is_simple_attribute(message: bytes, start: int, end: int) -> bool:
    """Whether a KeyValue is the common one, written the common way: a short ASCII key, then a
    string, number or truth; False says nothing. Halves the time of a request.

    Every length is held against `end`, so nothing outside the KeyValue decides.
    """
    try:
        key_bytes = message[start + 1]
        value = start + key_bytes + 4  # after both keys and lengths
        size = end - value
        if (
            message[start] != 10
            or key_bytes > 127
            or message[value - 2] != 18
            or message[value - 1] != size
            or not 1 < size < 128
        ):
            return False
        kind = message[value]
        if kind == 10:
            return message[value + 1] == size - 2 and message[start:end].isascii()
        if not message[start : value - 2].isascii():
            return False
        if kind == 24 or kind == 16:
            bytes_before = message[value + 1 : end - 1]
            return (
                message[end - 1] < 128
                and size < 11
                and (not bytes_before or min(bytes_before) > 127)
            )
        return kind == 33 and size == 9
    except IndexError:
        return False


def _is_simple_event(message: bytes, start: int, end: int) -> bool:
    """Likewise an Event of a time and a short ASCII name."""
    size = end - start - 11
    return (
        0 <= size < 128
        and message[start] == 9
        and message[start + 9] == 18
        and message[start + 10] == size
        and message[start + 11 : end].isascii()
    )


def _count(resource: bool, found: list[int]) -> None:
    found[resource] += 1
    if found[resource] > (MAX_RESOURCES if resource else MAX_SPANS):
        bound = f"{MAX_RESOURCES} resources" if resource else f"{MAX_SPANS} spans"
        raise Garbage(f"a request may have {bound}")


def _check_id(value: bytes, action: int, start: int) -> None:
    if action == schema.TRACE_ID:
        if len(value) != 16 or value == _NO_TRACE:
            raise Garbage(f"the trace id at byte {start} is not 16 bytes, or all zero")
    elif action == schema.SPAN_ID:
        if len(value) != 8 or value == _NO_SPAN:
            raise Garbage(f"the span id at byte {start} is not 8 bytes, or all zero")
    elif value and len(value) != (16 if action == schema.LINK_TRACE_ID else 8):
        raise Garbage(f"the id at byte {start} is of a wrong length")


def read_varint(message: bytes, position: int, most: int) -> tuple[int, int]:
    """Read a number of at most `most` bytes; the number and where it ends.

    Raises:
        Garbage: It is longer, or over 32 bits (of `KEY_BYTES`) or 64.
        IndexError: The message ends before it does.
    """
    value = shift = 0
    while shift < 7 * most:
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            if value > (_MAX_KEY if most == KEY_BYTES else 2**64 - 1):
                break
            return value, position
        shift += 7
    raise Garbage(f"the number before byte {position} is too long")
