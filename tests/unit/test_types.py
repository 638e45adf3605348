# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_types`: numbers are OTLP's, and a span context knows whether it is one."""

from __future__ import annotations

import pytest
from opentelemetry.proto.trace.v1 import trace_pb2

from edgetrace._types import INVALID_SPAN_CONTEXT, SpanContext, SpanKind, StatusCode

TRACE_ID, SPAN_ID = b"\x01" * 16, b"\x02" * 8


def test_enums_are_numbered_as_otlp_numbers_them() -> None:
    """Kinds and status codes go out as they are."""
    for kind in SpanKind:
        assert trace_pb2.Span.SpanKind.Value(f"SPAN_KIND_{kind.name}") == kind.value
    for code in StatusCode:
        assert trace_pb2.Status.StatusCode.Value(f"STATUS_CODE_{code.name}") == code.value


class Bytes(bytes):
    """Bytes of somebody's own."""


@pytest.mark.parametrize(
    ("trace_id", "span_id", "flags", "valid"),
    [
        (TRACE_ID, SPAN_ID, 0, True),
        (bytes(15) + b"\x01", bytes(7) + b"\x01", 255, True),
        (bytes(16), SPAN_ID, 1, False),
        (TRACE_ID, bytes(8), 1, False),
        (TRACE_ID[:15], SPAN_ID, 1, False),
        (TRACE_ID, SPAN_ID + b"\x01", 1, False),
        (TRACE_ID.hex(), SPAN_ID, 1, False),
        (TRACE_ID, bytearray(SPAN_ID), 1, False),
        (Bytes(TRACE_ID), SPAN_ID, 1, False),
        (None, None, 1, False),
        (TRACE_ID, SPAN_ID, "01", False),
        (TRACE_ID, SPAN_ID, None, False),
    ],
)
def test_validity(trace_id: bytes, span_id: bytes, flags: int, valid: bool) -> None:
    """A context is valid with two ids of the right length, none of zeros, and numeric flags."""
    assert SpanContext(trace_id, span_id, flags).is_valid is valid


@pytest.mark.parametrize(
    ("flags", "sampled", "random"),
    [(0, False, False), (1, True, False), (2, False, True), (3, True, True), (0xFC, False, False)],
)
def test_flags(flags: int, sampled: bool, random: bool) -> None:
    """Bit 0 says sampled, bit 1 random; others are nobody's business."""
    context = SpanContext(TRACE_ID, SPAN_ID, flags)
    assert (context.sampled, context.random) == (sampled, random)


def test_hex() -> None:
    """Text edges get lower-case hex."""
    context = SpanContext(bytes.fromhex("AB" * 16), bytes.fromhex("CD" * 8))
    assert (context.trace_id_hex, context.span_id_hex) == ("ab" * 16, "cd" * 8)
    assert not INVALID_SPAN_CONTEXT.is_valid
