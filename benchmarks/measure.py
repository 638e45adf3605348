# SPDX-License-Identifier: MIT OR Apache-2.0
"""How benchmarks measure: the same few lines in CPython and in Pyodide, stdlib only.

A sample repeats an operation until it lasts at least SAMPLE_NS, because Pyodide's clock steps by
5 to 100 us; a result is the median of SAMPLES samples, with the fastest beside it. Numbers are for
comparing within one run of one machine; nothing here passes or fails.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

SAMPLES = 9
SAMPLE_NS = 60_000_000


def measure(
    case: str,
    operation: Callable[[], object],
    *,
    count: int = 1,
    per: str = "call",
    **facts: object,
) -> None:
    """Time an operation and print one JSON line.

    Args:
        case: What was done, for people.
        operation: Does `count` of it; must do the same work each time.
        count: How many `per` one call stands for.
        per: What the result counts: "span", "request".
        facts: Whatever else belongs to the line, sizes for instance.
    """
    loops = 1
    while True:  # also warms up
        took = _sample(operation, loops)
        if took >= SAMPLE_NS:
            break
        loops = max(loops + 1, int(loops * SAMPLE_NS * 1.2 / max(took, 1_000)))
        loops = min(loops, 1_000_000)
    samples = sorted(_sample(operation, loops) / (loops * count) for _ in range(SAMPLES))
    line = {
        "case": case,
        "unit": f"ns/{per}",
        "median": round(median(samples), 1),
        "fastest": round(samples[0], 1),
        "samples": SAMPLES,
        **facts,
    }
    print(json.dumps(line), flush=True)


def _sample(operation: Callable[[], object], loops: int) -> int:
    """Nanoseconds of `loops` calls, with the garbage collector as a program has it."""
    gc.collect()
    started = perf_counter_ns()
    for _ in range(loops):
        operation()
    return perf_counter_ns() - started
