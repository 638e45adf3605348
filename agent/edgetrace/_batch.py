# SPDX-License-Identifier: MIT OR Apache-2.0
"""The bounded queue of encoded spans between `end()` and a request.

It holds bytes, so its limits are exact and its cost does not grow with what the application keeps
alive. What finds it full is refused: the newest span is dropped, as the specification has it, never
an older one.

Source: OpenTelemetry specification, trace/sdk "Batching processor".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple


class Queued(NamedTuple):
    """One encoded span; `scope` indexes the exporter's instrumentation scopes."""

    scope: int
    data: bytes


class BatchQueue:
    """First in, first out, at most `max_spans` spans.

    Attributes:
        size_bytes: Of the spans in it.
        left: How many spans have left it.
    """

    __slots__ = ("_max_spans", "_spans", "left", "size_bytes")

    def __init__(self, max_spans: int) -> None:
        """Start empty.

        Args:
            max_spans: Capacity, >= 1. OTEL_BSP_MAX_QUEUE_SIZE.
        """
        self._max_spans = max_spans
        self._spans: deque[Queued] = deque()
        self.size_bytes = 0
        self.left = 0

    def __len__(self) -> int:
        """How many spans are queued."""
        return len(self._spans)

    def offer(self, scope: int, data: bytes) -> bool:
        """Take a span; False if there is no room, and the caller counts it."""
        if len(self._spans) >= self._max_spans:
            return False
        self._spans.append(tuple.__new__(Queued, (scope, data)))  # half the price of Queued()
        self.size_bytes += len(data)
        return True

    def cut(self, max_spans: int, max_bytes: int, scope_bytes: Sequence[int]) -> list[Queued]:
        """Remove the oldest spans that fit one request.

        Args:
            max_spans: Upper bound on spans, >= 1. OTEL_BSP_MAX_EXPORT_BATCH_SIZE.
            max_bytes: Upper bound on the sum of their bytes and their scopes'; the first span is
                always taken, the exporter has refused those that alone are too large.
            scope_bytes: What each instrumentation scope costs a request that holds spans of it.

        Returns:
            Spans in the order they ended, oldest first; empty only if the queue is.
        """
        taken: list[Queued] = []
        scopes: set[int] = set()
        size = 0
        while self._spans and len(taken) < max_spans:
            scope, data = self._spans[0]
            size += len(data)
            if scope not in scopes:
                scopes.add(scope)
                size += scope_bytes[scope]
            if taken and size > max_bytes:
                break
            taken.append(self._spans.popleft())
        self.size_bytes -= sum([len(span.data) for span in taken])
        self.left += len(taken)
        return taken

    def clear(self) -> int:
        """Remove everything; returns how many spans that were."""
        count = len(self._spans)
        self._spans.clear()
        self.size_bytes = 0
        self.left += count
        return count
