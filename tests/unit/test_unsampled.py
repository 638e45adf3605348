# SPDX-License-Identifier: MIT OR Apache-2.0
"""Spans that are sampled out: what the samplers say of most is known, and ids are drawn late."""

from __future__ import annotations

import os
from typing import Any

import pytest

from edgetrace._context import Context, NonRecordingSpan, UnsampledSpan
from edgetrace._ids import IdGenerator
from edgetrace._plain_sampling import plain_results
from edgetrace._sampler import (
    AlwaysOff,
    AlwaysOn,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from edgetrace._types import INVALID_SPAN_CONTEXT, RANDOM, SAMPLED, SpanContext, SpanKind
from tests.unit.test_tracer import Bench

PARENT = SpanContext(b"t" * 16, b"p" * 8)


class Mine(AlwaysOff):
    """Derived from a built-in sampler, and of another opinion."""

    def should_sample(self, *_: Any) -> SamplingResult:
        """Keep."""
        return AlwaysOn().should_sample(None, b"", "", SpanKind.INTERNAL, None, ())


@pytest.mark.parametrize(
    ("sampler", "known"),
    [
        (AlwaysOn(), 3),
        (AlwaysOff(), 3),
        (TraceIdRatioBased(0.5), 0),
        (Mine(), 0),
        (ParentBased(AlwaysOff()), 3),
        (ParentBased(TraceIdRatioBased(0.5)), 2),
        (ParentBased(Mine(), local_parent_sampled=AlwaysOff(), local_parent_not_sampled=Mine()), 1),
    ],
)
def test_what_is_known_is_what_the_sampler_says(sampler: Sampler, known: int) -> None:
    """Of a root, and of the children of an unsampled and a sampled span."""
    parents = (None, PARENT, PARENT._replace(trace_flags=SAMPLED))
    results = plain_results(sampler)
    assert sum(result is not None for result in results) == known
    for parent, result in zip(parents, results, strict=True):
        asked = sampler.should_sample(parent, b"t" * 16, "x", SpanKind.INTERNAL, None, ())
        assert result in (None, asked)


def test_ids_are_drawn_when_somebody_asks() -> None:
    """Once: a root gets a trace of its own, a child its parent's, and none is sampled."""
    drawn: list[int] = []

    def entropy(count: int) -> bytes:
        drawn.append(count)
        return (bytes(range(1, 256)) * 9)[:count]

    root = UnsampledSpan(IdGenerator(entropy), None)
    assert not root.is_recording()
    assert not drawn
    context = root.context
    assert context.is_valid
    assert context.trace_flags == RANDOM
    assert root.context is context
    child = UnsampledSpan(IdGenerator(entropy), context)
    assert child.context.trace_id == context.trace_id
    assert child.context.trace_flags == RANDOM
    with pytest.raises(AttributeError):
        root.status  # noqa: B018  # reading it is the test


def test_a_platform_without_entropy_gives_no_ids() -> None:
    """At a Worker's top level drawing raises: the span is its parent's context, or none."""

    def entropy(count: int) -> bytes:
        raise RuntimeError("no entropy here")

    assert UnsampledSpan(IdGenerator(entropy), None).context == INVALID_SPAN_CONTEXT
    assert UnsampledSpan(IdGenerator(entropy), PARENT).context == PARENT


def test_children_of_unsampled_spans_are_counted_and_carry_the_trace() -> None:
    """Down to the third generation, each with an id of its own."""
    bench = Bench(AlwaysOff(), entropy=os.urandom)
    first = bench.tracer.start_span("a")
    second = bench.tracer.start_span("b", Context(first))
    third = bench.tracer.start_span("c", Context(second))
    assert all(isinstance(span, NonRecordingSpan) for span in (first, second, third))
    contexts = [span.context for span in (third, second, first)]
    assert len({context.trace_id for context in contexts}) == 1
    assert len({context.span_id for context in contexts}) == 3
    assert bench.provider.counters()["unsampled"] == 3
