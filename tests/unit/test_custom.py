# SPDX-License-Identifier: MIT OR Apache-2.0
"""_custom: what a page measured itself becomes a span, or is refused."""

from __future__ import annotations

import math

import pytest

from edgetrace._custom import MAX_TEXT, CustomSpan, check, custom_span
from edgetrace._limits import SpanLimits
from edgetrace._timing import Frame
from edgetrace._types import SpanContext, SpanKind, Status, StatusCode

ROOT = SpanContext(b"t" * 16, b"r" * 8, 3)
FRAME = Frame(ROOT, None, 1_000_000_000, 9_000_000_000)
LIMITS = SpanLimits()


def test_a_measurement_is_a_child_of_the_root() -> None:
    """Its boundaries are origin plus ms, to the microsecond."""
    custom, invalid = check("search", 1.5, 2.0625, {"hits": 3}, None, LIMITS)
    assert (custom, invalid) == (CustomSpan("search", 1.5, 2.0625, {"hits": 3}), 0)
    assert custom is not None
    span = custom_span(custom, b"c" * 8, FRAME)
    assert span.context == ROOT._replace(span_id=b"c" * 8)
    assert (span.parent, span.name, span.kind) == (ROOT, "search", SpanKind.INTERNAL)
    assert (span.start_unix_nano, span.end_unix_nano) == (1_001_500_000, 1_002_063_000)
    assert (span.attributes, span.status) == ({"hits": 3}, Status())


def test_it_cannot_end_in_the_future() -> None:
    """Like any other span of the page."""
    span = custom_span(CustomSpan("a", 0, 1e9, {}), b"c" * 8, FRAME)
    assert span.end_unix_nano == FRAME.now_unix_nano


@pytest.mark.parametrize(
    ("name", "start_ms", "end_ms"),
    [
        ("", 1, 2),
        (None, 1, 2),
        (5, 1, 2),
        ("a", None, 2),
        ("a", 1, "2"),
        ("a", -1, 2),
        ("a", 2, 1),
        ("a", math.nan, 2),
        ("a", 1, math.nan),
        ("a", 1, math.inf),
        ("a", 1, 10**400),
        ("a", 1, 1e11),
    ],
)
def test_what_cannot_be_true_is_refused(name: object, start_ms: object, end_ms: object) -> None:
    """No name, no number, before the origin, backwards or absurd."""
    assert check(name, start_ms, end_ms, None, None, LIMITS) == (None, 0)


def test_attributes_are_cleaned_and_limited() -> None:
    """Invalid ones are counted, those beyond the limit are counted in the span."""
    limits = SpanLimits(attributes=2, value_length=2)
    given = {"a": "long", "b": object(), "c": 1, "d": 2}
    custom, invalid = check("a", 0, 0, given, None, limits)
    assert (custom, invalid) == (CustomSpan("a", 0, 0, {"a": "lo", "c": 1}, 1), 1)
    assert custom is not None
    crowded = custom._replace(attributes={"page": 1, **custom.attributes})
    span = custom_span(crowded, b"c" * 8, FRAME._replace(limits=limits))
    assert span.attributes == {"page": 1, "a": "lo"}
    assert span.dropped_attributes_count == 2
    assert check("a", 0, 0, "no mapping", None, limits)[1] == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("TypeError: x is not a function", "TypeError"),
        ("Error: out of stock: 5", "Error"),
        ("out of stock", "_OTHER"),
        ("HTTP 500: no", "_OTHER"),
        ("", "_OTHER"),
    ],
)
def test_an_error_has_a_type_and_a_message(error: str, kind: str) -> None:
    """JavaScript writes both into one string; an unknown type is _OTHER."""
    custom, _ = check("a", 0, 0, None, error, LIMITS)
    assert custom is not None
    span = custom_span(custom, b"c" * 8, FRAME)
    assert span.status == Status(StatusCode.ERROR, error)
    assert span.attributes == {"error.type": kind}


def test_the_pages_own_error_type_stays() -> None:
    """It knows better."""
    custom, _ = check("a", 0, 0, {"error.type": "stock"}, "out of it", LIMITS)
    assert custom is not None
    assert custom_span(custom, b"c" * 8, FRAME).attributes == {"error.type": "stock"}


def test_texts_are_bounded() -> None:
    """A name and a message of any length are cut; an error of another type is none."""
    custom, _ = check("n" * 10**6, 0, 0, None, "m" * 10**6, LIMITS)
    assert custom is not None
    assert (len(custom.name), len(custom.error or "")) == (MAX_TEXT, MAX_TEXT)
    custom, _ = check("a", 0, 0, None, 5, LIMITS)
    assert custom is not None
    assert custom.error is None
