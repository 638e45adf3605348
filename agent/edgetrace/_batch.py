# SPDX-License-Identifier: MIT OR Apache-2.0
"""The bounded queue of encoded spans between `end()` and a request.

It holds bytes, so its limits are exact and its cost does not grow with what the application keeps
alive. A span that finds it full takes the place of the oldest unimportant one, or, where all are
important, of the oldest. (The specification's processor refuses the newest instead: after an
outage it has the spans of its beginning.) Which is which is asked only then, and once per span.

    _kept: looked at, and important       _spans: not looked at yet
    [ 3 | 7 | 8 ]                         [ 9 | 10 | 11 | ... ]        oldest first, and so on

Spans are numbered as they come; what `_kept` lost leaves gaps, `_spans` has none.

Source: OpenTelemetry specification, trace/sdk "Batching processor".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from ._records import NamedTuple


class Queued(NamedTuple):
    """One encoded span; `scope` indexes the exporter's instrumentation scopes."""

    scope: int
    data: bytes


class BatchQueue:
    """First in, first out, at most `max_spans` spans.

    Attributes:
        size_bytes: Of the spans in it.
        oldest: The number of the oldest span in it, of the next if there is none.
    """

    __slots__ = (
        *("_first", "_is_important", "_kept", "_max_spans", "_numbers", "_room"),
        *("_spans", "oldest", "size_bytes"),
    )

    def __init__(self, max_spans: int, is_important: Callable[[bytes], bool]) -> None:
        """Start empty.

        Args:
            max_spans: Capacity, >= 1. OTEL_BSP_MAX_QUEUE_SIZE.
            is_important: Whether a span is one of those that are lost last.
        """
        self._max_spans, self._is_important = max_spans, is_important
        self._kept: deque[Queued] = deque()
        self._numbers: deque[int] = deque()  # of those in _kept
        self._spans: deque[Queued] = deque()
        self._room = max_spans  # less those in _kept
        self._first = 0  # the number of the first in _spans
        self.size_bytes = 0
        self.oldest = 0

    def __len__(self) -> int:
        """How many spans are queued."""
        return len(self._kept) + len(self._spans)

    @property
    def next(self) -> int:
        """The number of the span that comes next."""
        return self._first + len(self._spans)

    def offer(self, scope: int, data: bytes) -> bool:
        """Take a span; False if that cost one, this or another, and the caller counts it."""
        self._spans.append(tuple.__new__(Queued, (scope, data)))  # half the price of Queued()
        self.size_bytes += len(data)
        if len(self._spans) <= self._room:
            return True
        self._evict()
        return False

    def offer_all(self, scope: int, spans: Sequence[bytes]) -> bool:
        """Take all of these; False if there is no room for all, and none was taken."""
        if len(self) + len(spans) > self._max_spans:
            return False
        self._spans.extend([tuple.__new__(Queued, (scope, data)) for data in spans])
        self.size_bytes += sum(map(len, spans))
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
        kept = len(self._kept)
        while len(taken) < max_spans and (source := self._kept or self._spans):
            scope, data = source[0]
            size += len(data)
            if scope not in scopes:
                scopes.add(scope)
                size += scope_bytes[scope]
            if taken and size > max_bytes:
                break
            taken.append(source.popleft())
        self.size_bytes -= sum([len(span.data) for span in taken])
        kept -= len(self._kept)
        for _ in range(kept):
            self._numbers.popleft()
        self._left(len(taken) - kept)
        return taken

    def clear(self) -> int:
        """Remove everything; returns how many spans that were."""
        count, waiting = len(self), len(self._spans)
        for some in (self._kept, self._numbers, self._spans):
            some.clear()
        self.size_bytes = 0
        self._left(waiting)
        return count

    def _evict(self) -> None:
        """Remove the oldest unimportant span, else the oldest."""
        looked_at = 0
        while self._spans:
            span = self._spans.popleft()
            looked_at += 1
            if not self._is_important(span.data):
                break
            self._kept.append(span)
            self._numbers.append(self._first + looked_at - 1)
        else:
            span = self._kept.popleft()
            self._numbers.popleft()
        self.size_bytes -= len(span.data)
        self._left(looked_at)

    def _left(self, spans: int) -> None:
        """So many have left `_spans`, and any number `_kept`."""
        self._room = self._max_spans - len(self._kept)
        self._first += spans
        self.oldest = self._numbers[0] if self._numbers else self._first
