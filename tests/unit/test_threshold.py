# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_threshold`: the edges of ratios, of `rv` and `th`, and of the `ot` member that holds them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from edgetrace._threshold import (
    MIN_RATIO,
    NEVER,
    has_threshold,
    is_consistent,
    randomness,
    ratio_to_threshold,
    threshold_text,
    with_threshold,
)
from edgetrace._types import TraceState
from edgetrace.errors import ConfigError

TRACE_ID = bytes.fromhex("ffffffffffffffffff6e6d1a75832a2f")


def test_the_edges_of_a_ratio() -> None:
    """1 rejects nothing, 0 everything, and the least ratio all but one number in 2**56."""
    assert ratio_to_threshold(1) == ratio_to_threshold(1.0) == 0
    assert ratio_to_threshold(0) == ratio_to_threshold(-0.0) == NEVER
    assert ratio_to_threshold(MIN_RATIO) == NEVER - 1
    assert ratio_to_threshold(math.nextafter(1, 0)) == 0


@pytest.mark.parametrize(
    "ratio",
    [
        *(-0.1, 1.0000001, 2, math.nan, math.inf, -math.inf, math.nextafter(MIN_RATIO, 0), 5e-324),
        *(10**400, True, "0.5", None, 0.5j, b"1"),
    ],
    ids=lambda ratio: repr(ratio)[:20],
)
def test_what_is_no_ratio_is_refused(ratio: Any) -> None:
    """Anything but 0 and 2**-56 to 1 is an error that says so."""
    with pytest.raises(ConfigError, match=r"^ratio=.*: give the share of traces"):
        ratio_to_threshold(ratio)


def test_threshold_text() -> None:
    """Trailing zeros are cut, leading ones are not, and 0 keeps its digit."""
    assert threshold_text(0) == "0"
    assert threshold_text(0x80 << 48) == "8"
    assert threshold_text(0x00A << 44) == "00a"
    assert threshold_text(NEVER - 1) == "f" * 14


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ((), 0x6E6D1A75832A2F),
        ((("ot", "rv:00000000000001"),), 1),
        ((("a", "1"), ("ot", "th:8;rv:fffffffffffffe;x:y")), 2**56 - 2),
        ((("ot", "rv:0000000000001"),), 0x6E6D1A75832A2F),
        ((("ot", "rv:000000000000001"),), 0x6E6D1A75832A2F),
        ((("ot", "rv:0000000000000A"),), 0x6E6D1A75832A2F),
        ((("ot", "xrv:00000000000001;th:8"),), 0x6E6D1A75832A2F),
        ((("rv", "00000000000001"),), 0x6E6D1A75832A2F),
    ],
)
def test_randomness(state: TraceState, expected: int) -> None:
    """A well-formed rv counts, and where there is none the trace id's last seven bytes."""
    assert randomness(TRACE_ID, state) == expected


@pytest.mark.parametrize(
    ("state", "has", "consistent"),
    [
        ((), False, True),
        ((("a", "th:f"),), False, True),
        ((("ot", "rv:ffffffffffffff"),), False, True),
        ((("ot", "th:0"),), True, True),
        ((("ot", "th:6e6d1a75832a2f"),), True, True),
        ((("ot", "th:6e6d1a75832a3"),), True, False),
        ((("ot", "th:8"),), True, False),
        ((("ot", "rv:80000000000000;th:8"),), True, True),
        ((("ot", "th:"),), True, False),
        ((("ot", "th:xyz"),), True, False),
        ((("ot", "th:000000000000000"),), True, False),
    ],
)
def test_is_consistent(state: TraceState, has: bool, consistent: bool) -> None:
    """A sampled trace bears out its th if R >= T; a th that is none bears nothing out."""
    assert has_threshold(state) is has
    assert is_consistent(TRACE_ID, state) is consistent


@pytest.mark.parametrize(
    ("before", "threshold", "after"),
    [
        ((), "8", (("ot", "th:8"),)),
        ((), None, ()),
        ((("a", "1"),), "8", (("ot", "th:8"), ("a", "1"))),
        ((("a", "1"), ("ot", "p:8;th:c;rv:0")), "8", (("ot", "th:8;p:8;rv:0"), ("a", "1"))),
        ((("a", "1"), ("ot", "th:8")), "8", (("a", "1"), ("ot", "th:8"))),
        ((("a", "1"), ("ot", "th:8;th:c;;x")), None, (("ot", "x"), ("a", "1"))),
        ((("a", "1"), ("ot", "th:8")), None, (("a", "1"),)),
        ((("a", "1"), ("ot", "p:8")), None, (("a", "1"), ("ot", "p:8"))),
    ],
)
def test_with_threshold(before: TraceState, threshold: str | None, after: TraceState) -> None:
    """th is set or taken away, the rest kept; what changed goes left, what did not stays put."""
    assert with_threshold(before, threshold) == after


def test_with_threshold_keeps_within_256_characters() -> None:
    """Where th has no room others' fields stay and th does not, not even an old one."""
    assert with_threshold((("ot", "x:" + "y" * 249),), "8") == (("ot", "th:8;x:" + "y" * 249),)
    full = (("ot", "x:" + "y" * 250),)
    assert with_threshold(full, "8") == full
    assert with_threshold((("ot", "th:c;" + full[0][1]),), "8a") == full
