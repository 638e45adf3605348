# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_sampler` and `_threshold` for any ratio and trace: monotone, unbiased, exact, unshaken."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from edgetrace._sampler import Decision, Sampler, TraceIdRatioBased, sampler_from_name
from edgetrace._threshold import (
    MIN_RATIO,
    NEVER,
    is_consistent,
    randomness,
    ratio_to_threshold,
    threshold_text,
    with_threshold,
)
from edgetrace._types import SpanContext, SpanKind, TraceState

ratios = st.floats(MIN_RATIO, 1.0) | st.integers(0, 56).map(lambda n: 2.0**-n) | st.just(0.0)
trace_ids = st.binary(min_size=16, max_size=16)
ot_values = st.text("thrv:;0123456789abcdefg", max_size=60)
states = st.lists(
    st.tuples(st.sampled_from(["ot", "a", "b@c"]), ot_values), max_size=3, unique_by=lambda m: m[0]
).map(tuple)
samplers = st.builds(
    lambda name, ratio: sampler_from_name(name, repr(ratio)),
    st.sampled_from(["always_on", "always_off", "traceidratio"]).flatmap(
        lambda name: st.sampled_from([name, f"parentbased_{name}"])
    ),
    ratios,
)


def kept(sampler: Sampler, trace_id: bytes, state: TraceState = ()) -> bool:
    """Whether a span of this trace is kept."""
    parent = SpanContext(trace_id, b"\x01" * 8, 0, state, True)
    result = sampler.should_sample(parent, trace_id, "name", SpanKind.CLIENT, None, ())
    return result.decision is Decision.RECORD_AND_SAMPLE


@given(ratios, ratios, trace_ids, states)
def test_what_is_kept_at_a_ratio_is_kept_at_a_higher_one(
    one: float, other: float, trace_id: bytes, state: TraceState
) -> None:
    """Monotone: sdk, "Requirements for TraceIdRatioBased sampler algorithm"."""
    low, high = sorted((one, other))
    assert ratio_to_threshold(high) <= ratio_to_threshold(low)
    if kept(TraceIdRatioBased(low), trace_id, state):
        assert kept(TraceIdRatioBased(high), trace_id, state)


@given(ratios, trace_ids)
def test_the_decision_is_the_specifications(ratio: float, trace_id: bytes) -> None:
    """Kept if and only if the number in the last 14 hex digits of the trace id is T or more."""
    sampler = TraceIdRatioBased(ratio)
    assert kept(sampler, trace_id) is (int(trace_id.hex()[-14:], 16) >= sampler.threshold)


@given(ratios.filter(bool), st.integers(1, 14))
def test_the_threshold_is_the_nearest_of_its_digits(ratio: float, digits: int) -> None:
    """T is within half a unit of the exact (1 - p) * 2**56, and has no more digits than asked."""
    threshold = ratio_to_threshold(ratio, digits)
    assert 0 <= threshold < NEVER
    leading = 0  # p < 16**-leading: so many digits of 1 - p are f
    while ratio < 16.0 ** -(leading + 1):
        leading += 1
    places = min(14, digits + leading)
    exact = (1 - Fraction(ratio)) * 2**56
    assert abs(threshold - exact) <= Fraction(max(16 ** (14 - places), 1), 2)
    assert len(threshold_text(threshold)) <= places
    assert int(threshold_text(threshold).ljust(14, "0"), 16) == threshold


@given(ratios.filter(bool))
def test_the_default_precision_is_good_enough(ratio: float) -> None:
    """What is kept at four digits is within 1/4096 of what was asked, down to 2**-43."""
    actual = 1 - Fraction(ratio_to_threshold(ratio), 2**56)
    if ratio >= 2.0**-43:
        assert abs(actual / Fraction(ratio) - 1) <= Fraction(1, 4096)


@pytest.mark.parametrize("ratio", [0.001, 0.01, 0.1, 1 / 3, 0.5, 0.9, 0.999])
def test_the_share_of_random_traces_is_the_ratio(ratio: float) -> None:
    """Of 100,000 seeded trace ids as many are kept as a fair draw keeps, within five deviations."""
    rng = random.Random(56)
    sampler = TraceIdRatioBased(ratio)
    n = 100_000
    count = sum(randomness(rng.randbytes(16)) >= sampler.threshold for _ in range(n))
    assert abs(count - n * ratio) <= 5 * (n * ratio * (1 - ratio)) ** 0.5


@given(samplers, trace_ids, st.integers(0, 3), states, st.booleans())
def test_no_tracestate_disturbs_a_sampler(
    sampler: Sampler, trace_id: bytes, flags: int, state: TraceState, remote: bool
) -> None:
    """Any `ot` gives a decision; other members and rv stay, th is consistent with the decision."""
    parent = SpanContext(trace_id, b"\x01" * 8, flags, state, remote)
    result = sampler.should_sample(parent, trace_id, "name", SpanKind.SERVER, None, ())
    others = [member for member in state if member[0] != "ot"]
    assert [member for member in result.trace_state if member[0] != "ot"] == others
    assert randomness(trace_id, result.trace_state) == randomness(trace_id, state)
    if result.decision is Decision.RECORD_AND_SAMPLE:
        assert is_consistent(trace_id, result.trace_state)
    else:
        assert result.trace_state == with_threshold(state, None)


@given(ratios, ratios, trace_ids)
def test_a_child_process_agrees_with_its_parent(one: float, other: float, trace_id: bytes) -> None:
    """Who is asked second, by ratio and with the first one's tracestate, decides as if first."""
    first = TraceIdRatioBased(one).should_sample(
        None, trace_id, "name", SpanKind.INTERNAL, None, ()
    )
    assert kept(TraceIdRatioBased(other), trace_id, first.trace_state) is kept(
        TraceIdRatioBased(other), trace_id
    )
