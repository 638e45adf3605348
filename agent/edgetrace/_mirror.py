# SPDX-License-Identifier: MIT OR Apache-2.0
"""The bridge to the platform's own tracing: each sampled span of ours is one of `ctx.tracing` too.

Cloudflare's spans begin and end now, so they are begun and ended with ours, in the event that they
belong to; what has no event, or what the platform refuses, is left out there and goes out as ever.

Source: Cloudflare Workers, "Custom spans": `startSpan` (September 2026), `setStatus`, `updateName`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from ._edge import current_invocation
from ._types import SpanContext, SpanData, StatusCode

MAX_OPEN: Final = 4096
"""Spans that are begun and have not ended: an application may forget to end some."""


class PlatformMirror:
    """A `SpanMirror` on `ctx.tracing`."""

    def __init__(self) -> None:
        """Begin without a span."""
        self._open: dict[bytes, Any] = {}

    def begin(self, context: SpanContext, name: str) -> None:
        """See `SpanMirror`."""
        invocation = current_invocation()
        if invocation is None:
            return
        with suppress(Exception):  # no such API here: a Durable Object, another host, an old date
            if len(self._open) >= MAX_OPEN:
                self._open.pop(next(iter(self._open)))
            self._open[context.span_id] = invocation.ctx.tracing.startSpan(name)

    def end(self, span: SpanData) -> None:
        """See `SpanMirror`."""
        mirrored = self._open.pop(span.context.span_id, None)
        if mirrored is None:
            return
        calls: list[tuple[Any, ...]] = [("updateName", span.name)]
        for key, value in span.attributes.items():
            if isinstance(value, str | int | float):
                calls.append(("setAttribute", key, value))
        if span.status.code is StatusCode.ERROR:
            calls.append(("setAttribute", "error", True))
            calls.append(("setAttribute", "error.message", span.status.description))
        for method, *args in [*calls, ("end",)]:
            with suppress(Exception):  # its event may be over; what is refused costs nothing else
                getattr(mirrored, method)(*args)
