# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which trace a page view belongs to, whose child it is and whether it is sampled: decided once.

    the document came from    the parent is the span named by
    the network               <meta name="traceparent">, else its Server-Timing
    the cache, revalidated    its Server-Timing, which came with the 304
    the cache                 nobody: both are of the visit that filled the cache
    back/forward cache        nobody: both are of the first visit

Spans that were named and are of another trace are linked.

Source: W3C Trace Context Level 2; W3C Server Timing; Resource Timing, "deliveryType".
"""

from __future__ import annotations

from collections.abc import Callable

from ._entries import Kind, TimingEntry
from ._propagation import parse_traceparent
from ._records import NamedTuple
from ._sampler import Decision, Sampler
from ._server_timing import parse_server_timing
from ._types import NO_ATTRIBUTES, RANDOM, SAMPLED, Attributes, Link, SpanContext, SpanKind


class PageTrace(NamedTuple):
    """The decision.

    Attributes:
        context: The documentLoad span's.
        parent: The server's span, or None.
        links: The documentLoad span's.
        attributes: What the sampler adds to it.
    """

    context: SpanContext
    parent: SpanContext | None
    links: list[Link]
    attributes: Attributes


def server_context(entry: TimingEntry) -> SpanContext | None:
    """The server's span for a response, from `Server-Timing: traceparent;desc="00-..."`."""
    if "traceparent" in entry.server_timing.lower():
        for name, _, description in parse_server_timing(entry.server_timing):
            if name.lower() == "traceparent":
                return parse_traceparent(description)
    return None


def join(traceparent: str, navigation: TimingEntry | None) -> tuple[SpanContext | None, list[Link]]:
    """Find the server's span of a page view.

    Args:
        traceparent: Of the document's <meta>; "" where it has none.
        navigation: The view's entry, if it is known.

    Returns:
        The parent, None where the view begins a trace; and the links.
    """
    page = parse_traceparent(traceparent)
    if navigation is None:
        return page, []
    if navigation.kind == Kind.RESTORE:
        return None, []
    response = server_context(navigation)
    parent = page or response
    if navigation.delivery_type == "cache":
        # Of a 304 a browser counts the headers as transferred, of a hit nothing.
        parent = response if navigation.transfer_size else None
    others = [at for at in (page, response) if at and not (parent and same_trace(at, parent))]
    return parent, [Link(other) for other in others]


def same_trace(a: SpanContext, b: SpanContext) -> bool:
    """Whether two spans are of one trace."""
    return a.trace_id == b.trace_id


def begin(
    traceparent: str,
    navigation: TimingEntry | None,
    attributes: Attributes,
    sampler: Sampler,
    new_trace_id: Callable[[], bytes],
    new_span_id: Callable[[], bytes],
) -> PageTrace:
    """Decide; the arguments are as for `join`, and what the sampler is told of documentLoad."""
    parent, links = join(traceparent, navigation)
    trace_id = parent.trace_id if parent else new_trace_id()
    result = sampler.should_sample(
        parent, trace_id, "documentLoad", SpanKind.INTERNAL, attributes, links
    )
    # All 16 bytes of an id of ours are random; of a parent's only its own flag says so.
    flags = parent.trace_flags & RANDOM if parent else RANDOM
    if result.decision == Decision.RECORD_AND_SAMPLE:
        flags |= SAMPLED
    context = SpanContext(trace_id, new_span_id(), flags, result.trace_state)
    return PageTrace(context, parent, links, result.attributes or NO_ATTRIBUTES)
