# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is wrong after a soak, in sentences; nothing if nothing is. Pure.

Memory is flat if what is there at rest does not grow with what has passed through: the least of the
last third of the samples beside the least of the middle third, per entry that came in between. The
least, for what waits during an outage is memory too. The first third is for warming up: caches,
pools, the largest backlog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks.soak_probe import Memory
from tests.fault_proxy.conservation import left, lost, unaccounted

PAGE_BYTES: Final = 20.0
WORKER_BYTES: Final = 30.0
USED_BYTES: Final = 50.0
"""Per entry; an entry is some 400 bytes as a message, 60 as a part of a sent body."""
SLACK: Final = Memory(pages=150_000, worker=200_000, wasm=0, used=300_000)
"""Below that it is noise: code that was compiled meanwhile, a batch more on its way."""


class Sample(NamedTuple):
    """One look: seconds since the start, entries made so far, spans on their way, bytes."""

    at_s: float
    entries: int
    waiting: int
    memory: Memory


@dataclass(frozen=True)
class Record:
    """What a soak has seen.

    Attributes:
        samples: In order.
        counters: The runtime's, after all was settled.
        made: Spans that the pages' entries ought to have become.
        delivered: Distinct spans that the collector has.
        missing: Names of some that it has not.
        differing: Spans that came twice, and not the same.
        posts: POSTs that reached the proxy, or were refused.
        bodies: Distinct requests.
        outages: How often the collector went down.
        down: Share of the time in which it was.
    """

    samples: Sequence[Sample]
    counters: Mapping[str, Any]
    made: int
    delivered: int
    missing: Sequence[str] = field(default=())
    differing: int = 0
    posts: int = 0
    bodies: int = 0
    outages: int = 0
    down: float = 0.0

    @property
    def posts_per_body(self) -> float:
        """What flapping costs."""
        return self.posts / self.bodies if self.bodies else 0.0


def growth(samples: Sequence[Sample]) -> tuple[Memory, int]:
    """By how many bytes the last third is above the middle one, and entries between them."""
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    if not middle or not last:
        return Memory(0, 0, 0, 0), 0
    grown = Memory(
        *(
            min(sample.memory[at] for sample in last) - min(sample.memory[at] for sample in middle)
            for at in range(len(Memory._fields))
        )
    )
    entries = median(s.entries for s in last) - median(s.entries for s in middle)
    return grown, round(entries)


def findings(record: Record) -> list[str]:
    """Everything that is not as it should be."""
    found = []
    counters = record.counters
    dropped = lost(counters)
    if unaccounted(counters):
        found.append(f"accounts do not add up: {unaccounted(counters)} spans off in {counters}")
    if left(counters):
        found.append(f"not settled: {left(counters)} spans are still on their way")
    if dropped:
        causes = {name: n for name, n in counters.items() if name.startswith("dropped_") and n}
        found.append(f"dropped, and counted: {causes}")
    names = ", ".join(record.missing[:5])
    untold = record.made - int(counters["ended"]) - int(counters.get("adopted", 0))
    if untold:
        found.append(f"lost before they were counted: {untold} of {record.made} spans: {names}")
    absent = int(counters["exported"]) - record.delivered
    if absent:
        found.append(f"delivered by the counters, and not there: {absent} spans: {names}")
    if record.differing:
        found.append(f"copies differ: {record.differing} spans came twice, and not the same")
    grown, entries = growth(record.samples)
    bounds = (
        ("page heaps grow", grown.pages, PAGE_BYTES, SLACK.pages),
        ("the worker's heap grows", grown.worker, WORKER_BYTES, SLACK.worker),
        ("WebAssembly memory in use grows", grown.used, USED_BYTES, SLACK.used),
        ("WebAssembly memory grows", grown.wasm, 0.0, SLACK.wasm),
    )
    for what, size, per_entry, slack in bounds:
        if size > max(per_entry * entries, slack):
            found.append(f"{what}: by {size:,.0f} bytes over {entries:,} entries")
    return found
