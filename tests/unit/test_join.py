# SPDX-License-Identifier: MIT OR Apache-2.0
"""_join: whose child a page view is, and whether it is sampled."""

from __future__ import annotations

import pytest

from edgetrace._entries import TimingEntry
from edgetrace._join import begin, join, server_context
from edgetrace._propagation import parse_traceparent
from edgetrace._sampler import AlwaysOff, AlwaysOn, ParentBased, TraceIdRatioBased
from edgetrace._types import Link, SpanContext

PAGE = "00-11111111111111111111111111111111-2222222222222222-01"
RESPONSE = "00-33333333333333333333333333333333-4444444444444444-03"
OTHER_SPAN = "00-11111111111111111111111111111111-5555555555555555-01"
TRACE_ID = bytes(range(16))
SPAN_ID = bytes(range(8, 16))


def context(traceparent: str) -> SpanContext:
    """A valid one."""
    parsed = parse_traceparent(traceparent)
    assert parsed is not None
    return parsed


def navigation(
    delivery_type: str = "", transfer_size: float = 500.0, server: str = RESPONSE, kind: int = 1
) -> TimingEntry:
    """A navigation's entry."""
    timing = f"db;dur=1;desc=, Traceparent;dur=0;desc={server}" if server else ""
    return TimingEntry(
        kind=float(kind),
        delivery_type=delivery_type,
        transfer_size=transfer_size,
        server_timing=timing,
    )


@pytest.mark.parametrize(
    ("meta", "entry", "parent", "linked"),
    [
        (PAGE, None, PAGE, []),
        ("", None, None, []),
        ("nonsense", navigation(server=""), None, []),
        (PAGE, navigation(), PAGE, [RESPONSE]),
        ("", navigation(), RESPONSE, []),
        (PAGE, navigation(server=OTHER_SPAN), PAGE, []),
        (PAGE, navigation(server=""), PAGE, []),
        ("", navigation(server="nonsense"), None, []),
        (PAGE, navigation("navigational-prefetch"), PAGE, [RESPONSE]),
        (PAGE, navigation("cache"), RESPONSE, [PAGE]),
        (PAGE, navigation("cache", transfer_size=0.0), None, [PAGE, RESPONSE]),
        (PAGE, navigation("cache", server=""), None, [PAGE]),
        (PAGE, navigation(kind=3), None, []),
    ],
)
def test_the_parent_is_the_span_of_this_very_visit(
    meta: str, entry: TimingEntry | None, parent: str | None, linked: list[str]
) -> None:
    """<meta> stands before Server-Timing; what a cache kept from another visit is only linked."""
    assert join(meta, entry) == (
        context(parent) if parent else None,
        [Link(context(other)) for other in linked],
    )


def test_a_response_without_metrics_names_no_span() -> None:
    """Nor does one whose metric merely contains the word."""
    assert server_context(TimingEntry()) is None
    assert server_context(TimingEntry(server_timing=f"x-traceparent;desc={PAGE}")) is None


def test_a_new_trace_is_random_and_sampled() -> None:
    """All 16 bytes are random, and the flags say so."""
    trace = begin("", None, {}, AlwaysOn(), lambda: TRACE_ID, lambda: SPAN_ID)
    assert trace.context == SpanContext(TRACE_ID, SPAN_ID, 3)
    assert trace.parent is None
    assert (trace.links, trace.attributes) == ([], {})


@pytest.mark.parametrize(("flags", "expected"), [("01", 1), ("03", 3), ("00", 0), ("02", 2)])
def test_a_joined_trace_keeps_its_parents_flags(flags: str, expected: int) -> None:
    """Random is handed on as it came, sampled is decided by the parent."""
    meta = PAGE[:-2] + flags
    trace = begin(meta, None, {}, ParentBased(AlwaysOn()), lambda: TRACE_ID, lambda: SPAN_ID)
    assert trace.context == SpanContext(context(PAGE).trace_id, SPAN_ID, expected)
    assert trace.parent == context(meta)


def test_the_sampler_decides_and_writes_the_state() -> None:
    """A sampler that drops clears the flag; a threshold goes into the tracestate."""
    trace = begin("", None, {}, AlwaysOff(), lambda: TRACE_ID, lambda: SPAN_ID)
    assert trace.context.trace_flags == 2
    trace = begin("", None, {}, TraceIdRatioBased(0.5), lambda: b"\xff" * 16, lambda: SPAN_ID)
    assert trace.context.trace_state == (("ot", "th:8"),)
