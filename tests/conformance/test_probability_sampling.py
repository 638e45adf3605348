# SPDX-License-Identifier: MIT OR Apache-2.0
"""OpenTelemetry's consistent probability sampling: the numbers printed in the specification.

Sources, of https://github.com/open-telemetry/opentelemetry-specification at 1377f53 (August 2026):
specification/trace/tracestate-probability-sampling.md (the table of 1-in-N thresholds),
specification/trace/tracestate-handling.md and specification/trace/sdk.md, as each test says.
"""

from __future__ import annotations

import pytest

from edgetrace._propagation import extract
from edgetrace._sampler import Decision, TraceIdRatioBased
from edgetrace._threshold import randomness, ratio_to_threshold, threshold_text
from edgetrace._types import SpanKind

TABLE = [
    (1, "0", "0", "0"),
    (2, "8", "8", "8"),
    (3, "aab", "aaab", "aaaab"),
    (4, "c", "c", "c"),
    (5, "ccd", "cccd", "ccccd"),
    (8, "e", "e", "e"),
    (10, "e66", "e666", "e6666"),
    (16, "f", "f", "f"),
    (100, "fd71", "fd70a", "fd70a4"),
    (1000, "ffbe7", "ffbe77", "ffbe76d"),
    (10000, "fff972", "fff9724", "fff97247"),
    (100000, "ffff584", "ffff583a", "ffff583a5"),
    (1000000, "ffffef4", "ffffef39", "ffffef391"),
]


@pytest.mark.parametrize(("n", "three", "four", "five"), TABLE)
def test_one_in_n(n: int, three: str, four: str, five: str) -> None:
    """The thresholds of 1 in N at 3, 4 (the recommended default) and 5 digits are the table's."""
    for digits, expected in ((3, three), (4, four), (5, five)):
        assert threshold_text(ratio_to_threshold(1 / n, digits)) == expected
    assert ratio_to_threshold(1 / n) == int(four.ljust(14, "0"), 16)


@pytest.mark.parametrize(
    ("n", "probability"),
    [
        (3, 0.3333282470703125),
        (10, 0.100006103515625),
        (100, 0.010000228881835938),
        (1000, 0.0009999871253967285),
        (1000000, 1.00000761449337e-06),
    ],
)
def test_actual_probability(n: int, probability: float) -> None:
    """What a threshold of 4 digits keeps is the table's "actual probability"."""
    assert (2**56 - ratio_to_threshold(1 / n)) / 2**56 == pytest.approx(probability, rel=1e-14)


def test_th_c_is_a_quarter() -> None:
    """tracestate-handling, `th`: c0000000000000 rejects 75 %, so 0.25 writes th:c."""
    assert threshold_text(ratio_to_threshold(0.25)) == "c"


def test_rv_example() -> None:
    """tracestate-handling, `rv`: 0x6e6d1a75832a2f is kept from 56.9 % up."""
    state = (("ot", "rv:6e6d1a75832a2f"),)
    assert randomness(b"\xff" * 16, state) == 0x6E6D1A75832A2F
    assert ratio_to_threshold(0.57) <= 0x6E6D1A75832A2F < ratio_to_threshold(0.568)


def test_explicit_randomness_of_a_trace_id_that_is_not_random() -> None:
    """sdk, "Root samplers set explicit randomness": its example's R is rv, not ff...ff."""
    context = extract(
        {
            "traceparent": "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-00",
            "tracestate": "ot=rv:7479cfb506891d",
        }
    )
    assert context.span is not None
    parent = context.span.context
    for ratio, decision in ((0.5, Decision.DROP), (0.6, Decision.RECORD_AND_SAMPLE)):
        result = TraceIdRatioBased(ratio).should_sample(
            parent, parent.trace_id, "name", SpanKind.SERVER, None, ()
        )
        assert result.decision is decision
        assert "rv:7479cfb506891d" in dict(result.trace_state)["ot"]
