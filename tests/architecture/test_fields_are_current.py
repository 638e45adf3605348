# SPDX-License-Identifier: MIT OR Apache-2.0
"""The checked-in field keys are what the pinned opentelemetry-proto says."""

from __future__ import annotations

import pytest

from tasks import fields
from tasks.paths import ROOT


def test_the_checked_in_module_is_what_the_generator_writes() -> None:
    """Regenerating agent/edgetrace/_fields.py changes nothing (remedy: python3 build.py fields)."""
    assert (ROOT / fields.FIELDS_PATH).read_text(encoding="utf-8") == fields.render()


@pytest.mark.parametrize(
    ("number", "wire_type", "expected"),
    [
        (1, 2, b"\x0a"),
        (15, 2, b"\x7a"),
        (16, 5, b"\x85\x01"),
        (2047, 0, b"\xf8\x7f"),
        (2048, 0, b"\x80\x80\x01"),
    ],
)
def test_a_key_is_the_varint_of_number_and_wire_type(
    number: int, wire_type: int, expected: bytes
) -> None:
    """Keys above field 15 take a second byte, above 2047 a third."""
    assert fields.key_bytes(number, wire_type) == expected
