# SPDX-License-Identifier: MIT OR Apache-2.0
"""`testing`: what applications test their own tracing with."""

from __future__ import annotations

from edgetrace._config import Settings
from edgetrace._tracer import TracerProvider
from edgetrace.testing import InMemoryExporter, ManualClock


def test_spans_are_kept_with_their_scopes() -> None:
    """In the order they ended; `clear` forgets them, and tracers go on."""
    exporter = InMemoryExporter()
    provider = TracerProvider(
        Settings(), clock=ManualClock(), entropy=lambda size: b"\x01" * size, exporter=exporter
    )
    one, two = provider.get_tracer("one"), provider.get_tracer("two", attributes={"k": True})
    first, second = one.start_span("a"), two.start_span("b")
    second.end()
    first.end()
    provider.get_tracer("two", attributes={"k": 1}).start_span("c").end()
    assert [span.name for span in exporter.spans] == ["b", "a", "c"]
    assert [scope.name for scope in exporter.scopes] == ["two", "one", "two"]
    assert [scope.attributes for scope in exporter.scopes] == [(("k", True),), (), (("k", 1),)]
    assert type(exporter.scopes[2].attributes[0][1]) is int
    assert exporter.counters() == {"ended": 3}
    exporter.clear()
    one.start_span("d").end()
    assert [
        (span.name, scope.name) for span, scope in zip(exporter.spans, exporter.scopes, strict=True)
    ] == [("d", "one")]


def test_a_manual_clock_moves_when_told() -> None:
    """Wall and monotonic time together, in nanoseconds."""
    clock = ManualClock(1_000)
    assert (clock.unix_nano(), clock.monotonic_ns()) == (1_000, 0)
    clock.advance(ns=5, ms=0.5)
    assert (clock.unix_nano(), clock.monotonic_ns()) == (501_005, 500_005)
    assert ManualClock().unix_nano() > 1_600_000_000_000_000_000
