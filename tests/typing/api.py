# SPDX-License-Identifier: MIT OR Apache-2.0
# mypy: warn-unused-ignores
"""The public API as its users write it. Never run: mypy has to accept it (`build.py check`).

`assert_type` holds what an editor shows; a line that has to be refused carries a `type: ignore`
with its code, and mypy reports that one as unused should the line ever be accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Token
from typing import assert_type

import edgetrace
from edgetrace import (
    Context,
    ExportRequest,
    ExportResponse,
    Link,
    Span,
    SpanContext,
    SpanData,
    SpanKind,
    Status,
    StatusCode,
)
from edgetrace.testing import InMemoryExporter, ManualClock

# Set-up


class Http:
    """A transport of one's own."""

    async def send(self, request: ExportRequest) -> ExportResponse:
        """POST it."""
        assert_type(request.body, bytes)
        assert_type(request.headers, dict[str, str])
        if not request.url:
            raise edgetrace.TransportError("nowhere to go")
        return ExportResponse(200, {}, b"")


class Keep(InMemoryExporter):
    """An exporter of one's own."""

    def offer(self, scope: int, span: SpanData) -> bool:
        """Look at a span."""
        assert_type(span.context.trace_id_hex, str)
        return super().offer(scope, span)


class Never:
    """A sampler of one's own."""

    description = "Never"

    def should_sample(
        self,
        parent: SpanContext | None,
        trace_id: bytes,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, object] | None,
        links: object,
    ) -> edgetrace.SamplingResult:
        """Say no."""
        return edgetrace.SamplingResult(edgetrace.Decision.DROP)


def on_error(error: edgetrace.AgentError) -> None:
    """Told of misuse and failed exports."""
    if isinstance(error, edgetrace.ThrottledError):
        assert_type(error.retry_after_ns, int | None)
    if isinstance(error, edgetrace.ExportError):
        assert_type((error.spans, error.attempts), tuple[int, int])


def set_up() -> None:
    """Every way to configure."""
    provider = edgetrace.configure(
        endpoint="https://collector.example/v1/traces", service_name="shop", transport=Http()
    )
    assert_type(provider, edgetrace.TracerProvider)
    edgetrace.configure(exporter=InMemoryExporter(), clock=ManualClock(), sample_ratio=0.25)
    edgetrace.configure(exporter=Keep(), sampler="always_on", error_handler=on_error)
    edgetrace.configure(exporter=Keep(), sampler=edgetrace.ParentBased(Never()))
    edgetrace.configure(environ={"OTEL_SERVICE_NAME": "shop"}, transport=Http())
    edgetrace.configure(entropy=lambda size: bytes(size), exporter=Keep())
    edgetrace.configure(transport=object())  # type: ignore[arg-type]
    edgetrace.configure(sampler=0.5)  # type: ignore[arg-type]
    try:
        edgetrace.configure()
    except (edgetrace.ConfigError, edgetrace.UnsupportedPlatformError) as error:
        assert_type(str(error), str)
    assert_type(provider.counters(), dict[str, int])
    assert_type(provider.counters()["exported"], int)
    assert_type(edgetrace.get_tracer_provider(), edgetrace.TracerProvider | None)
    edgetrace.set_tracer_provider(None)


async def tear_down(provider: edgetrace.TracerProvider) -> None:
    """Flush and end."""
    assert_type(await provider.force_flush(), bool)
    assert_type(await provider.shutdown(timeout_ms=1_000), bool)
    provider.stop()


# Spans

tracer = edgetrace.get_tracer(__name__, "1.0", attributes={"team": "checkout"})


def trace() -> None:
    """Blocks, explicit spans, links, status."""
    with tracer.start_as_current_span("checkout", kind=SpanKind.SERVER) as span:
        assert_type(span, Span)
        span.set_attribute("cart.items", 3)
        span.set_attributes(
            {"tags": ["a", "b"], "ratio": 0.5, "raw": b"", "nested": {"deep": (1,)}}
        )
        span.add_event("paid", {"amount": 9.5}, timestamp=1_700_000_000_000_000_000)
        span.add_link(span.context, {"why": "retry"})
        span.record_exception(ValueError("no"))
        span.set_status(StatusCode.ERROR, "declined")
        span.set_status(Status(StatusCode.OK))
        span.update_name("checkout/paid")
        span.set_attribute("wrong", object())  # type: ignore[arg-type]
        span.set_status("ERROR")  # type: ignore[arg-type]
    child = tracer.start_span(
        "child", context=edgetrace.EMPTY, attributes={"k": True}, links=[Link(span.context)]
    )
    with edgetrace.use_span(child) as current:
        assert_type(current, Span)
        assert_type(edgetrace.get_current_span().is_recording(), bool)
    child.end(end_time=1_700_000_000_000_000_000)
    with tracer.start_span("self-ending") as own:
        assert_type(own, Span)


# Decorators keep signatures


@tracer.start_as_current_span("load cart")
async def load_cart(user: str, *, limit: int = 10) -> list[str]:
    """A coroutine function stays one."""
    return [user] * limit


@tracer.start_as_current_span("total", record_exception=False)
def total(prices: list[float]) -> float:
    """A function stays one."""
    return sum(prices)


class Shop:
    """Methods too."""

    @tracer.start_as_current_span("open")
    def open(self, name: str) -> Shop:
        """A method keeps its self."""
        return self


async def call() -> None:
    """What the decorated look like from outside."""
    assert_type(await load_cart("me", limit=2), list[str])
    assert_type(total([1.0]), float)
    assert_type(Shop().open("x"), Shop)
    total("text")  # type: ignore[arg-type]
    await load_cart(5)  # type: ignore[arg-type]


# Propagation


def server(headers: Mapping[str, str], pairs: list[tuple[bytes, bytes]]) -> None:
    """Incoming and outgoing headers, of any make."""
    context = edgetrace.extract(headers)
    assert_type(context, Context)
    assert_type(edgetrace.extract(pairs, context), Context)
    token = edgetrace.attach(context)
    assert_type(token, Token[Context])
    with tracer.start_as_current_span("handle", context=context):
        outgoing: dict[str, str] = {}
        edgetrace.inject(outgoing)
        edgetrace.inject(outgoing, context)
    edgetrace.detach(token)
    assert_type(edgetrace.get_current().baggage, Mapping[str, str])


# Tests of traced code


def assertions() -> None:
    """Spans to assert on."""
    exporter = InMemoryExporter()
    clock = ManualClock(1_700_000_000_000_000_000)
    edgetrace.configure(exporter=exporter, clock=clock)
    clock.advance(ms=1.5)
    (span,) = exporter.spans
    assert_type(span, SpanData)
    assert_type(span.parent, SpanContext | None)
    assert_type(span.kind, SpanKind)
    assert_type(span.end_unix_nano - span.start_unix_nano, int)
    assert_type(exporter.scopes[0].name, str)
    exporter.clear()
