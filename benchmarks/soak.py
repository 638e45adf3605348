# SPDX-License-Identifier: MIT OR Apache-2.0
"""Long days in minutes: three tabs, 10,000 entries each, a collector that flaps behind a proxy.

    python3 build.py bench soak --minutes 30
    .venv/bin/python benchmarks/soak.py --minutes 2 --seed 2 --plant worker-leak

Progress goes to stderr, results to stdout; the points of the plot are facts of a result. Ends with
1 if anything is wrong, or if what was planted was not found: then it is the soak that is broken.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from benchmarks.browser.host import launched  # noqa: E402
from benchmarks.soak_judge import Record, Sample, findings, growth  # noqa: E402
from benchmarks.soak_plants import PLANTS  # noqa: E402
from benchmarks.soak_run import Plan, soak  # noqa: E402
from benchmarks.summary import line  # noqa: E402
from tests.fault_proxy.conservation import lost  # noqa: E402

MINUTES: Final = 30.0
ENTRIES: Final = 10_000
SAMPLES_PER_MINUTE: Final = 4
WHERE: Final = {"who": "edgetrace", "host": "chromium"}


def planned(minutes: float, seed: int, plants: list[str]) -> Plan:
    """Ups and downs grow with the time, up to outages that use up most of a request's patience."""
    long = min(minutes / 10, 1.0)
    return Plan(
        seconds=minutes * 60,
        entries=ENTRIES,
        samples=max(15, round(minutes * SAMPLES_PER_MINUTE)),
        up_s=(2 + 8 * long, 5 + 25 * long),
        down_s=(0.5 + 1.5 * long, 2 + 13 * long),
        seed=seed,
        plants=plants,
    )


def report(record: Record) -> None:
    """Print a line per figure."""
    grown, entries = growth(record.samples)
    line("spans delivered", "spans", [record.delivered], made=record.made, **WHERE)
    gone = record.made - record.delivered - lost(record.counters)
    line("spans lost, and not counted", "spans", [gone], **WHERE)
    line("spans dropped, and counted", "spans", [lost(record.counters)], **WHERE)
    line("outages", "outages", [record.outages], down=round(record.down, 3), **WHERE)
    line("requests per body", "requests", [record.posts_per_body], bodies=record.bodies, **WHERE)
    for name, size in grown._asdict().items():
        line(f"{CASES[name]}, grown", "B", [size], entries=entries, **WHERE)
    points = [[s.at_s, s.entries, s.waiting, *s.memory] for s in record.samples]
    for name, at in (("pages", 3), ("worker", 4), ("wasm", 5), ("used", 6)):
        drawn = [[point[0], point[at]] for point in points]
        last = points[-1][at]
        line(f"{CASES[name]}, at the end", "B", [last], points=drawn, **WHERE)
    waiting = [[point[0], point[2]] for point in points]
    most = max(point[2] for point in points)
    line("spans on their way, at most", "spans", [most], points=waiting, **WHERE)


CASES: Final = {
    "pages": "JS heap of 3 pages",
    "worker": "JS heap of the worker",
    "wasm": "wasm memory",
    "used": "wasm memory in use",
}


def main() -> int:
    """Soak, print, and say what is wrong."""
    parser = argparse.ArgumentParser(description="Three tabs, a collector that flaps.")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--quick", action="store_true", help="one minute")
    parser.add_argument("--seed", type=int, default=1, help="of the flapping")
    parser.add_argument("--plant", action="append", default=[], choices=list(PLANTS))
    args = parser.parse_args()
    plan = planned(1.0 if args.quick else args.minutes, args.seed, args.plant)

    def progress(sample: Sample) -> None:
        sizes = " ".join(f"{name} {size:,.0f}" for name, size in sample.memory._asdict().items())
        said = f"{sample.at_s:.0f} s: {sample.entries} entries, {sample.waiting} on their way"
        print(f"{said}; bytes: {sizes}", file=sys.stderr, flush=True)

    with launched() as browser:
        record = soak(browser, plan, progress)
    report(record)
    found = findings(record)
    for text in found:
        print(f"soak: {text}", file=sys.stderr)
    wanted = [PLANTS[name].finds for name in args.plant]
    missed = [text for text in wanted if not any(said.startswith(text) for said in found)]
    for text in missed:
        print(f"soak: planted, and not found: {text}", file=sys.stderr)
    return bool(missed) if wanted else bool(found)


if __name__ == "__main__":
    sys.exit(main())
