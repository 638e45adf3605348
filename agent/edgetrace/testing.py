# SPDX-License-Identifier: MIT OR Apache-2.0
"""For tests of code that is traced: spans kept in memory, and a clock that moves when told.

exporter = InMemoryExporter()
edgetrace.configure(exporter=exporter, clock=ManualClock())
"""

from __future__ import annotations

from ._types import Scope, SpanData

__all__ = ["InMemoryExporter", "ManualClock"]


class InMemoryExporter:
    """Keeps ended spans as `SpanData`.

    Attributes:
        spans: In the order they ended.
        scopes: The instrumentation scope of each, likewise.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.spans: list[SpanData] = []
        self.scopes: list[Scope] = []
        self._known: list[Scope] = []

    def add_scope(self, scope: Scope) -> int:
        """See `SpanExporter`."""
        self._known.append(scope)  # not told apart by ==: an attribute of 1 equals one of True
        return len(self._known) - 1

    def offer(self, scope: int, span: SpanData) -> bool:
        """See `SpanExporter`."""
        self.spans.append(span)
        self.scopes.append(self._known[scope])
        return False

    def counters(self) -> dict[str, int]:
        """See `SpanExporter`."""
        return {"ended": len(self.spans)}

    def clear(self) -> None:
        """Forget the spans."""
        self.spans.clear()
        self.scopes.clear()


class ManualClock:
    """A `Clock` that stands still until `advance`; wall and monotonic time move together."""

    def __init__(self, unix_nano: int = 1_700_000_000_000_000_000) -> None:
        """Start at `unix_nano`, nanoseconds since the Unix epoch."""
        self._start_unix_nano = unix_nano
        self._elapsed_ns = 0

    def unix_nano(self) -> int:
        """See `Clock`."""
        return self._start_unix_nano + self._elapsed_ns

    def monotonic_ns(self) -> int:
        """See `Clock`."""
        return self._elapsed_ns

    def advance(self, *, ns: int = 0, ms: float = 0) -> None:
        """Move on by `ns` nanoseconds plus `ms` milliseconds, both >= 0."""
        self._elapsed_ns += ns + round(ms * 1_000_000)
