# SPDX-License-Identifier: MIT OR Apache-2.0
"""The arithmetic of consistent sampling, and its two fields in a tracestate's `ot` member.

A ratio p is a rejection threshold T = (1 - p) * 2**56, and a trace has one random number R of 56
bits: `rv` where there is one, else the last seven bytes of the trace id. A span is kept if R >= T.
So whoever samples at p keeps at least what others keep at less, in whatever SDK.

    ot=th:e666;rv:6e6d1a75832a2f     T = 0xe6660000000000 (10 %), R = 0x6e6d1a75832a2f: R < T, drop

Integers only: no platform's floating point decides. Who samples and why is not known here.

Sources: OpenTelemetry specification, trace/tracestate-probability-sampling and
trace/tracestate-handling (commit 1377f53, August 2026).
"""

from __future__ import annotations

import math
from typing import Final

from ._records import pattern
from ._types import TraceState
from .errors import ConfigError

THRESHOLD_DIGITS: Final = 4
"""Hex digits of a threshold that count, its leading f aside: the specification's recommendation."""
MIN_RATIO: Final = 2.0**-56
NEVER: Final = 1 << 56
"""The threshold that no trace reaches: a ratio of 0."""
RATIO_FORM: Final = "give the share of traces to keep as a number: 0, or 2**-56 to 1"

_RANDOMNESS: Final = pattern(r"[0-9a-f]{14}")
_THRESHOLD: Final = pattern(r"[0-9a-f]{1,14}")
_MAX_OT_CHARS: Final = 256


def ratio_to_threshold(ratio: float, digits: int = THRESHOLD_DIGITS) -> int:
    """Turn a sampling ratio into a rejection threshold, 0 to 2**56.

    Args:
        ratio: 0, or 2**-56 to 1.
        digits: To how many hex digits after its leading f a threshold is rounded, halves up.

    Raises:
        ConfigError: Not such a ratio.

    Source: "Converting floating-point probability to threshold value".
    """
    if type(ratio) not in (int, float) or not (ratio == 0 or MIN_RATIO <= ratio <= 1):
        raise ConfigError("ratio", ratio, RATIO_FORM)
    if ratio == 0:
        return NEVER
    numerator, denominator = ratio.as_integer_ratio()
    kept = ((numerator << 57) + denominator) // (denominator << 1)
    # `kept` is at least 4,096 units, or the unit is 1: rounding cannot reach NEVER.
    unit: int = 16 ** max(0, 14 - digits - math.frexp(ratio)[1] // -4)
    return (NEVER - kept + unit // 2) // unit * unit


def threshold_text(threshold: int) -> str:
    """Write a threshold below 2**56 as `th` does: 14 hex digits without trailing zeros, or "0"."""
    return f"{threshold:014x}".rstrip("0") or "0"


def randomness(trace_id: bytes, trace_state: TraceState = ()) -> int:
    """The trace's R, 0 to 2**56 - 1: a well-formed `rv`, else the trace id's last seven bytes."""
    explicit = _field(trace_state, "rv:") if trace_state else None
    if explicit is not None and _RANDOMNESS.fullmatch(explicit):
        return int(explicit, 16)
    return int.from_bytes(trace_id[-7:], "big")


def has_threshold(trace_state: TraceState) -> bool:
    """Whether there is a `th`, well-formed or not."""
    return _field(trace_state, "th:") is not None


def is_consistent(trace_id: bytes, trace_state: TraceState) -> bool:
    """Whether a sampled trace can have passed the `th` it came with; True without one."""
    threshold = _field(trace_state, "th:")
    if threshold is None:
        return True
    if not _THRESHOLD.fullmatch(threshold):
        return False
    return randomness(trace_id, trace_state) >= int(threshold.ljust(14, "0"), 16)


def with_threshold(trace_state: TraceState, threshold: str | None) -> TraceState:
    """Set `th`, or with None take it away; `rv` and all else is kept.

    A changed `ot` moves to the left, as W3C asks. Where 256 characters have no room for it, `th` is
    left out, as trace/tracestate-handling advises.
    """
    old = next((value for key, value in trace_state if key == "ot"), "")
    others = [field for field in old.split(";") if field and not field.startswith("th:")]
    new = ";".join(others if threshold is None else [f"th:{threshold}", *others])
    if len(new) > _MAX_OT_CHARS:
        new = ";".join(others)
    if new == old:
        return trace_state
    rest = tuple([member for member in trace_state if member[0] != "ot"])
    return (("ot", new), *rest) if new else rest


def _field(trace_state: TraceState, prefix: str) -> str | None:
    for key, value in trace_state:
        if key == "ot":
            for field in value.split(";"):
                if field.startswith(prefix):
                    return field[len(prefix) :]
    return None
