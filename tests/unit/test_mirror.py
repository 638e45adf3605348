# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_mirror`: the platform's own spans beside ours, begun and ended with them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgetrace import _mirror
from edgetrace._edge import EdgeRuntime
from edgetrace._mirror import PlatformMirror
from edgetrace._types import SpanContext, StatusCode
from tests.edge_platform import Event, Platform, run
from tests.strategies import simple_span


class PlatformSpan:
    """As `ctx.tracing.startSpan` returns it."""

    def __init__(self, name: str, fails: bool = False) -> None:
        """Begin."""
        self.name, self.fails = name, fails
        self.attributes: dict[str, Any] = {}
        self.ended = 0

    def updateName(self, name: str) -> None:  # noqa: N802  # the platform's
        """See Cloudflare's documentation."""
        if self.fails:
            raise RuntimeError("the event is over")
        self.name = name

    def setAttribute(self, key: str, value: Any) -> None:  # noqa: N802  # the platform's
        """See Cloudflare's documentation; a BigInt is no attribute."""
        if isinstance(value, int) and value >= 2**53:
            raise TypeError("parameter 2 is not of type 'string or number or boolean'")
        self.attributes[key] = value

    def end(self) -> None:
        """See Cloudflare's documentation."""
        self.ended += 1


class Tracing(Event):
    """An event whose `ctx` has `tracing`."""

    def __init__(self, fails: bool = False) -> None:
        """Begin without spans."""
        super().__init__()
        self.tracing = self
        self.fails = fails
        self.spans: list[PlatformSpan] = []

    def startSpan(self, name: str) -> PlatformSpan:  # noqa: N802  # the platform's
        """See Cloudflare's documentation."""
        self.spans.append(PlatformSpan(name, self.fails))
        return self.spans[-1]


def traced(**variables: str) -> EdgeRuntime:
    """A runtime with the bridge on."""
    runtime = EdgeRuntime(Platform(), {})
    assert runtime.ready({"EDGETRACE_PLATFORM_TRACING": "true", **variables})
    return runtime


def test_each_sampled_span_is_the_platforms_too() -> None:
    """With its last name and its plain attributes; an error as the platform says it."""

    async def main() -> None:
        runtime, ctx = traced(), Tracing()
        with runtime.invocation(ctx, "GET", attributes={"big": 2**60, "a": 1, "b": "x"}) as span:
            span.update_name("GET /a")
            span.set_attribute("list", [1, 2])
            with runtime.tracer.start_as_current_span("child") as child:
                child.set_status(StatusCode.ERROR, "broken")
        root, inner = ctx.spans
        assert (root.name, root.attributes, root.ended) == ("GET /a", {"a": 1, "b": "x"}, 1)
        assert (inner.name, inner.ended) == ("child", 1)
        assert inner.attributes == {"error": True, "error.message": "broken"}

    run(main())


def test_what_is_not_sampled_or_has_no_event_is_not() -> None:
    """And no span of ours is lost for it."""

    async def main() -> None:
        ctx = Tracing()
        with traced(OTEL_TRACES_SAMPLER="always_off").invocation(ctx, "GET"):
            pass
        runtime = traced()
        with runtime.tracer.start_as_current_span("outside"):
            pass
        assert ctx.spans == []
        assert runtime.counters()["ended"] == 1

    run(main())


def test_a_platform_without_the_api_changes_nothing() -> None:
    """A Durable Object, another host, an old compatibility date; and where it fails later."""

    async def main() -> None:
        for ctx in (Event(), None, Tracing(fails=True)):
            runtime = traced()
            with runtime.invocation(ctx, "GET"):
                pass
            assert runtime.counters()["ended"] == 1
            assert runtime.counters()["misuses"] == 0
        assert isinstance(ctx, Tracing)
        assert [span.ended for span in ctx.spans] == [1]

    run(main())


def test_spans_that_never_end_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest first, so that memory is bounded."""
    monkeypatch.setattr(_mirror, "MAX_OPEN", 2)

    async def main() -> None:
        runtime, ctx, mirror = traced(), Tracing(), PlatformMirror()
        contexts = [SpanContext(bytes(16), bytes([number]) * 8, 1) for number in (1, 2, 3)]
        with runtime.invocation(ctx, "GET"):
            ctx.spans.clear()
            for context in contexts:
                mirror.begin(context, "x")
            for context in contexts:
                mirror.end(simple_span(context=context))
            assert [span.ended for span in ctx.spans] == [0, 1, 1]
        await asyncio.sleep(0)

    run(main())
