# SPDX-License-Identifier: MIT OR Apache-2.0
"""What an application pays per span: start, five attributes, end, with and without the encoder.

not recorded   the sampler said no
kept           an exporter that drops what it is given
encoded        the real exporter: encoded at end(), queued, the full queue cut and forgotten
exported       all that happens to an ended span: encoded, queued, cut, framed, gzipped, answered
"""

from __future__ import annotations

import os

from edgetrace._clock import AnchoredClock
from edgetrace._config import Settings
from edgetrace._context import Context
from edgetrace._export import Exporter
from edgetrace._tracer import Tracer, TracerProvider
from edgetrace._types import Scope, SpanData, SpanExporter
from measure import measure

BATCH = 400


class Forget:
    """An exporter that drops what it is given."""

    def add_scope(self, scope: Scope) -> int:
        """See `SpanExporter`."""
        return 0

    def offer(self, scope: int, span: SpanData) -> bool:
        """See `SpanExporter`."""
        return False

    def counters(self) -> dict[str, int]:
        """See `SpanExporter`."""
        return {}


class Keep(Forget):
    """An exporter that keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[SpanData] = []

    def offer(self, scope: int, span: SpanData) -> bool:
        """See `SpanExporter`."""
        self.spans.append(span)
        return False


def provider(exporter: SpanExporter | None = None, **options: object) -> TracerProvider:
    """A provider without a platform."""
    settings = Settings.from_options(service_name="shop", **options)
    return TracerProvider(
        settings,
        clock=AnchoredClock(),
        entropy=os.urandom,
        exporter=exporter or Exporter(settings, settings.resource(), os.urandom),
        delivery=None,
    )


def record(tracer: Tracer) -> None:
    """One application's span."""
    span = tracer.start_span("checkout")
    span.set_attribute("shop.cart.items", 3)
    span.set_attribute("shop.user", "user-17")
    span.set_attribute("shop.total", 12.5)
    span.set_attribute("shop.member", True)
    span.set_attribute("shop.currency", "EUR")
    span.end()


def main() -> None:
    """Print a line per way to end."""
    off = provider(Forget(), sampler="always_off").get_tracer("shop")
    measure("start, end: not recorded", lambda: off.start_span("checkout").end(), per="span")
    measure("start, 5 attributes, end: not recorded", lambda: record(off), per="span")
    tracer = provider(Forget()).get_tracer("shop")
    measure("start, end: kept", lambda: tracer.start_span("checkout").end(), per="span")
    measure("start, 5 attributes, end: kept", lambda: record(tracer), per="span")

    def encoded() -> None:
        # A fresh provider per batch, so that the queue is never full; its cost is shared by BATCH.
        tracer = provider().get_tracer("shop")
        for _ in range(BATCH):
            record(tracer)

    measure("start, 5 attributes, end: encoded", encoded, count=BATCH, per="span")

    keeper = Keep()
    for _ in range(BATCH):
        record(provider(keeper).get_tracer("shop"))

    def exported() -> None:
        settings = Settings.from_options(service_name="shop")
        exporter = Exporter(settings, settings.resource(), os.urandom)
        scope = exporter.add_scope(Scope("shop"))
        for span in keeper.spans:
            exporter.offer(scope, span)
        exporter.force_flush()
        while request := exporter.next_request(1):
            exporter.receive_response(request.id, 200, {}, b"", 1)
        assert exporter.counters()["exported"] == BATCH

    measure("exported", exported, count=BATCH, per="span")

    def children() -> None:
        parent = tracer.start_span("checkout")
        inside = Context(parent)
        for _ in range(3):
            tracer.start_span("step", inside).end()
        parent.end()

    measure("start, end, with 3 children", children, count=4, per="span")

    def nested() -> None:
        with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner"):
            pass

    measure("start_as_current_span, one in another: kept", nested, count=2, per="span")


if __name__ == "__main__":
    main()
