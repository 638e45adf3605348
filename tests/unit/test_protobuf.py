# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_protobuf`: the wire's primitives, against protobuf's own."""

from __future__ import annotations

from contextlib import suppress

import pytest
from google.protobuf.internal import decoder, encoder
from hypothesis import given, strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from edgetrace._protobuf import delimited, double, fixed32, fixed64, read_fields, utf8, varint
from tests.otlp_messages import utf8_text

EDGES = [0, 1, 127, 128, 129, 16_383, 16_384, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1]


@given(st.sampled_from(EDGES) | st.integers(0, 2**64 - 1))
def test_varints_are_protobuf_s(value: int) -> None:
    """Shortest form, and read back as they were."""
    encoded = varint(value)
    assert encoded == encoder._VarintBytes(value)  # type: ignore[attr-defined]
    assert decoder._DecodeVarint(encoded, 0) == (value, len(encoded))  # type: ignore[attr-defined]
    assert list(read_fields(b"\x08" + encoded)) == [(1, value)]


@given(st.integers(-(2**63), -1))
def test_negative_varints_are_two_s_complement(value: int) -> None:
    """They take ten bytes, as int64 has it."""
    assert len(varint(value)) == 10
    assert AnyValue.FromString(b"\x18" + varint(value)).int_value == value


def test_fixed_widths_are_little_endian() -> None:
    """4, 8 and 8 bytes, least significant first."""
    assert fixed32(1) == b"\x01\x00\x00\x00"
    assert fixed64(2**64 - 1) == b"\xff" * 8
    assert double(1.0) == b"\x00\x00\x00\x00\x00\x00\xf0\x3f"


@pytest.mark.parametrize("size", [0, 1, 127, 128, 20_000])
def test_delimited(size: int) -> None:
    """Key, length, payload."""
    (field,) = read_fields(delimited(b"\x0a", b"x" * size))
    assert field == (1, b"x" * size)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", b""),
        ("a\x00é", b"a\x00\xc3\xa9"),
        ("\U0001f600", b"\xf0\x9f\x98\x80"),
        ("\ud83d\ude00", b"\xf0\x9f\x98\x80"),
        ("\ud83d", b"\xef\xbf\xbd"),
        ("\ude00\ud83d", b"\xef\xbf\xbd\xef\xbf\xbd"),
        ("a\ud83db", b"a\xef\xbf\xbdb"),
        ("\ud83d\ud83d\ude00", b"\xef\xbf\xbd\xf0\x9f\x98\x80"),
    ],
)
def test_utf8(text: str, encoded: bytes) -> None:
    """Surrogate pairs are joined, lone ones become U+FFFD, as TextEncoder does it."""
    assert utf8(text) == encoded


@given(st.text(st.characters(exclude_categories=()) | st.characters(categories=["Cs"])))
def test_any_text_is_valid_utf8(text: str) -> None:
    """What comes out decodes strictly, and is what an independent repair gives."""
    assert utf8(text).decode() == utf8_text(text)


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (b"", []),
        (b"\x08\x05", [(1, 5)]),
        (b"\x0a\x02hi\x10\x01", [(1, b"hi"), (2, 1)]),
        (b"\x09" + b"\x01" * 8 + b"\x15" + b"\x02" * 4, [(1, b"\x01" * 8), (2, b"\x02" * 4)]),
        (b"\x08\x80\x80\x00", [(1, 0)]),  # padded varints are legal
        (b"\x08" + b"\xff" * 9 + b"\x7f", [(1, 2**64 - 1)]),  # bits beyond 64 are cut
        (b"\xf8\xff\xff\xff\x0f\x01", [(2**29 - 1, 1)]),
    ],
)
def test_reading(message: bytes, fields: list[tuple[int, int | bytes]]) -> None:
    """Varints are numbers, all else is bytes."""
    assert list(read_fields(message)) == fields


@pytest.mark.parametrize(
    "message",
    [
        b"\x08",
        b"\x80",
        b"\x08" + b"\x80" * 10,
        b"\x0a\x05hi",
        b"\x0a" + b"\xff" * 9 + b"\x01",
        b"\x09\x01",
        b"\x15\x01",
        b"\x0b\x0c",
        b"\x0c",
        b"\x0e",
        b"\x0f",
    ],
)
def test_what_is_no_message(message: bytes) -> None:
    """Truncated, overlong, groups and unknown wire types are refused."""
    with pytest.raises(ValueError, match="byte|after"):
        list(read_fields(message))


@given(st.binary(max_size=64))
def test_any_bytes(message: bytes) -> None:
    """Reading ends, with fields or a ValueError and nothing else."""
    with suppress(ValueError):
        assert all(number >= 0 for number, _ in read_fields(message))
