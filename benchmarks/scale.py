# SPDX-License-Identifier: MIT OR Apache-2.0
"""What 1 to 100,000 spans cost: start, five attributes, end, queued, cut into requests, framed.

No span of a run is like another, the exporter's queue is drained as a pump drains it, and every
answer is "all is well". Small numbers are repeated until the clock can see them.
"""

from __future__ import annotations

import os
from time import perf_counter_ns

from summary import line  # type: ignore[import-not-found]

from edgetrace._clock import AnchoredClock
from edgetrace._config import Settings
from edgetrace._export import Exporter
from edgetrace._tracer import TracerProvider

COUNTS = (1, 10, 100, 1_000, 10_000, 100_000)
BATCH = 512
SAMPLES = 3
LEAST_NS = 20_000_000


def spans(count: int) -> None:
    """Make so many, and send them."""
    settings = Settings.from_options(service_name="shop", compression="none")
    exporter = Exporter(settings, settings.resource(), os.urandom)
    provider = TracerProvider(
        settings, clock=AnchoredClock(), entropy=os.urandom, exporter=exporter, delivery=None
    )
    tracer = provider.get_tracer("shop")
    now = 1

    def drain() -> None:
        nonlocal now
        exporter.force_flush()
        while request := exporter.next_request(now):
            exporter.receive_response(request.id, 200, {}, b"", now)
            now += 1

    for number in range(count):
        span = tracer.start_span("checkout")
        span.set_attribute("shop.cart.items", number)
        span.set_attribute("shop.user", f"user-{number}")
        span.set_attribute("shop.total", number * 1.25)
        span.set_attribute("shop.member", number % 2 == 0)
        span.set_attribute("shop.currency", "EUR")
        span.end()
        if number % BATCH == BATCH - 1:
            drain()
    drain()
    counters = provider.counters()
    assert counters["exported"] == count, counters


def main() -> None:
    """Print a line per count."""
    spans(100)  # warms up
    for count in COUNTS:
        samples = []
        for _ in range(SAMPLES if count < COUNTS[-1] else 1):
            rounds, took = 0, 0
            started = perf_counter_ns()
            while took < LEAST_NS:
                spans(count)
                rounds += 1
                took = perf_counter_ns() - started
            samples.append(took / rounds / 1e6)
        line(f"spans: {count}", "ms", samples, size=count)


if __name__ == "__main__":
    main()
