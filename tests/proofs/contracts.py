# SPDX-License-Identifier: MIT OR Apache-2.0
"""What CrossHair looks for a counterexample to: contracts on the agent's own functions.

Each function here is a claim. Its first asserts say for which arguments, those after them what
holds. CrossHair runs the agent's code with symbolic arguments, path by path, and asks an SMT solver
for values that break an assert. Time bounds it, so this is a search and no proof; `smt` has those.

Source: W3C Trace Context Level 2.
"""

from __future__ import annotations

from edgetrace._propagation import (
    MAX_TRACESTATE_CHARS,
    MAX_TRACESTATE_MEMBERS,
    format_traceparent,
    format_tracestate,
    parse_traceparent,
    parse_tracestate,
)
from edgetrace._retry import (
    INITIAL_BACKOFF_NS,
    MAX_BACKOFF_NS,
    MAX_RETRY_AFTER_NS,
    backoff_ns,
    retry_after_ns,
)
from edgetrace._types import RANDOM, SAMPLED, SpanContext


def backoffs_are_bounded(attempts: int, fraction: float) -> None:
    """Full jitter: from 0 up to a ceiling that doubles, then stays, whatever is drawn."""
    assert 1 <= attempts <= 1_000
    assert 0.0 <= fraction < 1.0
    wait = backoff_ns(attempts, fraction)
    assert 0 <= wait <= min(MAX_BACKOFF_NS, INITIAL_BACKOFF_NS << min(attempts - 1, 9))


def retry_after_is_bounded(value: str) -> None:
    """Any header's value is a wait of 0 to an hour, or none."""
    assert len(value) <= 12
    wait = retry_after_ns({"retry-after": value})
    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER_NS


def retry_after_dates_are_bounded(until: str, now: str) -> None:
    """So is any pair of dates."""
    assert len(until) == len(now) == 29
    wait = retry_after_ns({"retry-after": until, "date": now})
    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER_NS


def traceparents_come_back(trace_id: bytes, span_id: bytes, flags: int) -> None:
    """What is written of valid ids is read as the same ids, with the flags that are defined."""
    assert len(trace_id) == 16
    assert len(span_id) == 8
    assert 0 <= flags < 256
    context = SpanContext(trace_id, span_id, flags)
    text = format_traceparent(context)
    found = parse_traceparent(text)
    if not any(trace_id) or not any(span_id):
        assert text == ""
        assert found is None
        return
    assert len(text) == 55
    assert found == SpanContext(trace_id, span_id, flags & (SAMPLED | RANDOM), (), True)


def traceparents_are_valid_or_nothing(text: str) -> None:
    """Of any text a valid context comes, which is written and read as itself, or None."""
    assert len(text) <= 60
    found = parse_traceparent(text)
    if found is not None:
        assert len(found.trace_id) == 16
        assert len(found.span_id) == 8
        assert any(found.trace_id)
        assert any(found.span_id)
        assert parse_traceparent(format_traceparent(found)) == found


def tracestates_come_back(text: str) -> None:
    """Of any text a list comes that is written within the limits, and read as itself."""
    assert len(text) <= 12
    found = parse_tracestate(text)
    written = format_tracestate(found)
    assert len(found) <= MAX_TRACESTATE_MEMBERS
    assert len(written) <= MAX_TRACESTATE_CHARS
    assert parse_tracestate(written) == found
