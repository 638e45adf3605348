# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the exporter's queue ought to hold, by the words of docs/architecture.md and nothing else.

First in, first out; what finds it full costs the oldest span that is neither an error nor the root
of a trace here, or, where all are, the oldest.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Status

from edgetrace._types import SpanData, StatusCode


class Waiting(NamedTuple):
    """A span that waits."""

    span_id: bytes
    important: bool


class ExpectedQueue:
    """Ids in order."""

    def __init__(self, max_spans: int) -> None:
        """Begin empty."""
        self._max_spans = max_spans
        self._spans: deque[Waiting] = deque()

    def offer(self, span: SpanData | bytes) -> bytes | None:
        """A span ended; the id of the one that this costs, if it costs one."""
        self._spans.append(facts_of(span))
        if len(self._spans) <= self._max_spans:
            return None
        victim = next((one for one in self._spans if not one.important), self._spans[0])
        self._spans.remove(victim)
        return victim.span_id

    def cut(self, count: int) -> list[bytes]:
        """So many left, for a request."""
        count = min(count, len(self._spans))
        return [self._spans.popleft().span_id for _ in range(count)]

    def __len__(self) -> int:
        """How many wait."""
        return len(self._spans)


def facts_of(span: SpanData | bytes) -> Waiting:
    """Read a span's id and whether it is lost last."""
    if isinstance(span, bytes):
        (message,) = ScopeSpans.FromString(span).spans
        error = message.status.code == Status.StatusCode.STATUS_CODE_ERROR
        return Waiting(message.span_id, error or not message.parent_span_id)
    error = span.status.code == StatusCode.ERROR
    begins = span.parent is None or span.parent.is_remote
    return Waiting(span.context.span_id, error or begins)
