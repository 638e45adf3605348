# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_percent`: decoding that never fails."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from edgetrace._percent import percent_decode


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("", ""),
        ("plain +text", "plain +text"),
        ("Bearer%20abc", "Bearer abc"),
        ("%C3%A9", "é"),
        ("%c3%a9%F0%9F%98%80", "é\U0001f600"),
        ("a%2", "a%2"),
        ("%", "%"),
        ("%zz%41", "%zzA"),
        ("%2541", "%41"),
        ("%ff", "\ufffd"),
        ("%C3x%A9", "\ufffdx\ufffd"),
    ],
)
def test_decoding(text: str, decoded: str) -> None:
    """`%XX` runs are UTF-8; what is none becomes U+FFFD, a stray percent sign stays."""
    assert percent_decode(text) == decoded


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_decodes(text: str) -> None:
    """No text raises, and text without a percent sign stays as it is."""
    decoded = percent_decode(text)
    assert "%" in text or decoded == text
