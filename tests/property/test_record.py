# SPDX-License-Identifier: MIT OR Apache-2.0
"""The short way of `set_attribute` gives what `_attributes.put` gives, whatever is set."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st

from edgetrace._attributes import put
from edgetrace._limits import SpanLimits, SpanSink
from edgetrace._span import RecordingSpan
from edgetrace._types import AttributeValue, SpanContext, SpanData, SpanKind
from edgetrace.testing import ManualClock
from tests.strategies import HOSTILE

CONTEXT = SpanContext(b"\x01" * 16, b"\x02" * 8, 1)
hostile = st.sampled_from(
    ["hostile str", "hostile int", "hostile float", "mock of str", "mock of int", "enum", "cycle"]
).map(lambda name: HOSTILE[name]())
edges = [2**30, 2**31, 2**63, 2**64]
values = st.one_of(
    st.text(max_size=20),
    st.integers(),
    st.sampled_from(
        [number + step for edge in edges for number in (edge, -edge) for step in (-1, 0, 1)]
    ),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(max_size=20),
    st.lists(st.integers(), max_size=3),
    hostile,
)
keys = st.one_of(st.sampled_from(["", "a", "b", "c"]), hostile)


@given(
    st.lists(st.tuples(keys, values), max_size=8),
    st.integers(0, 4),
    st.one_of(st.none(), st.integers(0, 10)),
)
def test_what_is_set_is_what_put_keeps(
    items: list[tuple[Any, Any]], max_count: int, max_length: int | None
) -> None:
    """The same keys, values, types and order, and as many dropped and invalid."""
    ended: list[SpanData] = []
    misuses: list[str] = []
    limits = SpanLimits(attributes=max_count, value_length=max_length)
    sink = SpanSink(ManualClock(1), limits, ended.append, misuses.append)
    span = RecordingSpan(CONTEXT, None, "x", SpanKind.INTERNAL, None, sink)
    expected: dict[str, AttributeValue] = {}
    faults = {"": 0, "dropped": 0, "invalid": 0}
    for key, value in items:
        span.set_attribute(key, value)
        faults[put(expected, key, value, max_count, max_length)] += 1
    span.end()
    span.set_attribute("late", 1)
    kept = ended[0].attributes
    assert [(key, type(value), repr(value)) for key, value in kept.items()] == [
        (key, type(value), repr(value)) for key, value in expected.items()
    ]
    assert ended[0].dropped_attributes_count == faults["dropped"]
    assert len(misuses) == faults["invalid"] + 1
