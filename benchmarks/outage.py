# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a collector meets when it comes back, and what one that comes and goes costs.

2,000 exporters in virtual time, with the circuit breaker and the retry budget, and with full jitter
alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Final

from outage_fleet import Fleet, Plan  # type: ignore[import-not-found]

from edgetrace._breaker import MAX_IN_FLIGHT, Breaker, Circuit, News
from edgetrace._budget import RetryBudget
from edgetrace._export import Exporter

QUICK: Final = bool(os.environ.get("EDGETRACE_BENCH_QUICK"))
PAGES: Final = 300 if QUICK else 2_000
DOWN: Final = (60, 180)
LENGTH: Final = 300
FLAPS: Final = ((60, 5), (20, 2), (30, 10))
BUCKET_S: Final = 2


class AlwaysClosed(Breaker):
    """Learns nothing."""

    def learn(self, news: News) -> None:
        """Stay as it is."""
        self.state, self.window = Circuit.CLOSED, MAX_IN_FLIGHT


class Unlimited(RetryBudget):
    """Pays for everything."""

    def spend(self, now_ns: int, fraction: float) -> None:
        """Cost nothing."""


def with_both(exporter: Exporter) -> None:
    """As it is."""


def jitter_alone(exporter: Exporter) -> None:
    """Without breaker and budget; what is tried five times in vain is given up."""
    exporter._outbox._breaker, exporter._outbox._budget = AlwaysClosed(), Unlimited()


VARIANTS: Final[dict[str, Callable[[Exporter], None]]] = {
    "breaker and budget": with_both,
    "jitter alone": jitter_alone,
}


def say(case: str, unit: str, value: float, **facts: object) -> None:
    """One line; virtual time does not vary."""
    line = {"case": case, "unit": unit, "median": round(value, 3), "spread": 0.0, **facts}
    print(json.dumps(line), flush=True)


def outage(name: str, prepare: Callable[[Exporter], None]) -> None:
    """Two minutes without an answer."""
    begin, end = DOWN
    fleet = Fleet(Plan(PAGES, LENGTH, lambda at_s: not begin <= at_s < end, prepare=prepare)).run()
    seconds = fleet.per_second

    def mean(first: int, last: int) -> float:
        return sum(seconds.get(at, 0) for at in range(first, last)) / (last - first)

    steady = mean(20, begin)
    points = [(at, mean(at, at + BUCKET_S)) for at in range(0, LENGTH, BUCKET_S)]
    counters = fleet.counters()
    lost = sum(count for what, count in counters.items() if what.startswith("dropped_"))
    say(f"outage, {name}: requests before", "1/s", steady)
    say(f"outage, {name}: requests meanwhile", "1/s", mean(begin, end), over_time=points)
    peak = max(seconds.get(at, 0) for at in range(end, LENGTH))
    say(f"outage, {name}: busiest second after", "1/s", peak)
    say(f"outage, {name}: spans lost", "%", 100 * lost / counters["ended"])


def flapping(up: int, down: int, name: str, prepare: Callable[[Exporter], None]) -> None:
    """A receiver that is away for a while, again and again."""
    plan = Plan(PAGES // 10, 600, lambda at_s: at_s % (up + down) < up, prepare=prepare)
    counters = Fleet(plan).run().counters()
    bodies = counters["requests"] - counters["retries"]
    case = f"{up} s up, {down} s down, {name}"
    say(f"{case}: requests per body", "1/body", counters["requests"] / bodies)
    lost = sum(count for what, count in counters.items() if what.startswith("dropped_"))
    say(f"{case}: spans lost", "%", 100 * lost / counters["ended"])


def main() -> None:
    """Print all lines."""
    for name, prepare in VARIANTS.items():
        outage(name, prepare)
        for up, down in FLAPS:
            flapping(up, down, name, prepare)


if __name__ == "__main__":
    main()
