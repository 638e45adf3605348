# SPDX-License-Identifier: MIT OR Apache-2.0
"""Agents whose collector comes and goes, one per seed, all at once: what arrived, at what price.

The agent on CPython, its own pump and exporter, over real sockets and a proxy each: volume. The
same in Chromium is `benchmarks/soak_run`.

    tries while the collector does not answer, in any time
        <= AT_ONCE + new requests / NEW_PER_TRY + time / PERIOD_S
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from collector.server import Collector, serve_in_thread
from edgetrace._configure import configure
from tests.fault_proxy.conservation import left, lost, unaccounted
from tests.fault_proxy.faults import Fault, phases
from tests.fault_proxy.ledger import Turn, down_share
from tests.fault_proxy.proxy import FaultProxy
from tests.fault_proxy.transport import Send, SocketTransport

AT_ONCE: Final = 4
NEW_PER_TRY: Final = 10
PERIOD_S: Final = 10.0
"""The promise; the exporter's own numbers are in `edgetrace._budget`."""
TICK_S: Final = 0.25
Range = tuple[float, float]
UP_S: Final = (10.0, 40.0)
DOWN_S: Final = (1.0, 6.0)
SETTLE_S: Final = 60.0
RECOVERY_S: Final = 1.0
REQUESTS_PER_BODY: Final = 1.1


class Weather(NamedTuple):
    """What all agents of a run meet.

    Attributes:
        seconds: How long spans are made.
        rate: Spans a second.
        up_s: Shortest and longest time that the collector is up, seconds.
        down_s: Likewise down.
    """

    seconds: float = 180.0
    rate: float = 20.0
    up_s: Range = UP_S
    down_s: Range = DOWN_S


class Outcome(NamedTuple):
    """Of one seed.

    Attributes:
        name: The seed, and who ran it.
        outages: How often the collector went down.
        down: Share of the time.
        made: Spans.
        delivered: Distinct ones that the collector has.
        dropped: Lost and counted.
        unaccounted: Lost, or made up, by the counters.
        differing: Spans that came twice, and not the same.
        bodies: Requests sent for the first time.
        requests: All.
        burst: Most retries within `RECOVERY_S` of a recovery.
        over_budget: By how many tries the law was broken, at worst.
    """

    name: str
    outages: int
    down: float
    made: int
    delivered: int
    dropped: int
    unaccounted: int
    differing: int
    bodies: int
    requests: int
    burst: int = 0
    over_budget: int = 0

    @property
    def lost(self) -> int:
        """Neither there nor counted."""
        return self.made - self.delivered - self.dropped

    @property
    def broken(self) -> bool:
        """Whether a promise was: all arrives, once or identical, within the budget."""
        wrong = (self.lost, self.dropped, self.unaccounted, self.differing, self.over_budget)
        return any(wrong)


def over_budget(sends: Sequence[Send]) -> int:
    """By how many tries the budget's law is broken, in the worst of all times."""
    worst = 0.0
    for first, begin in enumerate(sends):
        tries = new = 0
        for send in sends[first:]:
            tries += send.blind
            new += not send.again
            earned = new / NEW_PER_TRY + (send.at_s - begin.at_s) / PERIOD_S
            worst = max(worst, tries - AT_ONCE - earned)
    return int(worst)


def burst(sends: Sequence[Send], turns: Sequence[Turn]) -> int:
    """The most retries within a second of a recovery."""
    back = [turn.at_s for turn in turns if turn.fault is Fault.NONE]
    return max(
        (sum(s.again and at <= s.at_s < at + RECOVERY_S for s in sends) for at in back), default=0
    )


def requests_per_body(outcomes: Sequence[Outcome]) -> float:
    """On average over all bodies."""
    bodies = sum(outcome.bodies for outcome in outcomes)
    return sum(outcome.requests for outcome in outcomes) / bodies if bodies else 0.0


class Agent:
    """One agent, its proxy, and what it made."""

    def __init__(self, seed: int, collector: Collector) -> None:
        """Begin; the collector is up."""
        self.seed = seed
        self.transport = SocketTransport()
        self.proxy = FaultProxy(collector.url)
        self.made: set[bytes] = set()
        self.provider = configure(
            transport=self.transport,
            error_handler=lambda _: None,
            endpoint=self.proxy.endpoint,
            service_name="flapped",
            timeout_ms=2_000,
            schedule_delay_ms=500,
            export_timeout_ms=10_000,
        )

    async def live(self, weather: Weather) -> Outcome:
        """End spans evenly while the collector flaps, then see all of them out."""
        self.proxy.flap(phases(self.seed, weather.up_s, weather.down_s))
        await self._work(weather)
        turns, sends = self.proxy.ledger.turns[1:], list(self.transport.sends)
        until_s = time.monotonic()
        self.proxy.calm()
        while left(self.provider.counters()) and time.monotonic() < until_s + SETTLE_S:
            await self.provider.force_flush()
        counters = self.provider.counters()
        await self.provider.shutdown()
        return Outcome(
            name=f"CPython, seed {self.seed}",
            outages=sum(turn.fault is not Fault.NONE for turn in turns),
            down=down_share(turns, until_s),
            made=len(self.made),
            delivered=0,
            dropped=lost(counters),
            unaccounted=unaccounted(counters),
            differing=len(self.proxy.ledger.copies_that_differ()),
            bodies=counters["requests"] - counters["retries"],
            requests=counters["requests"],
            burst=burst(sends, turns),
            over_budget=over_budget(sends),
        )

    async def _work(self, weather: Weather) -> None:
        tracer = self.provider.get_tracer("flap")
        began = time.monotonic()
        while (now := time.monotonic() - began) < weather.seconds:
            while len(self.made) < now * weather.rate:
                span = tracer.start_span("work", attributes={"n": len(self.made)})
                self.made.add(span.context.trace_id + span.context.span_id)
                span.end()
            await asyncio.sleep(TICK_S)


def run(seeds: Sequence[int], weather: Weather) -> list[Outcome]:
    """All seeds at once; outcomes in their order."""
    with serve_in_thread() as collector:

        async def all_of_them() -> list[Outcome]:
            return await asyncio.gather(*(agent.live(weather) for agent in agents))

        agents = [Agent(seed, collector) for seed in seeds]
        outcomes = asyncio.run(all_of_them())
        there = {bytes.fromhex(s["trace_id"] + s["span_id"]) for s in collector.store.spans()}
        for agent in agents:
            agent.proxy.close()
    return [
        outcome._replace(delivered=len(agent.made & there))
        for agent, outcome in zip(agents, outcomes, strict=True)
    ]
