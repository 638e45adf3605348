# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py flap`: a collector that comes and goes, seen by agents with 20 different fates.

    build.py flap                        20 seeds, three minutes, then a table
    build.py flap --seeds 5 --first 100 --seconds 60 --no-chromium
    build.py flap --up 4 20 --down 1 8   harder

Each seed is an agent on CPython behind a fault proxy of its own, all at once; one more is a page
with three tabs in Chromium. Ends with 1 if a span was lost or dropped, if copies differ, if a
retry was not paid for, or if a body took more than 1.1 requests on average.
"""

from __future__ import annotations

import argparse
import sys
import threading
from typing import TYPE_CHECKING

from tasks import bundle
from tasks.bench_table import grid
from tasks.console import say, step
from tasks.paths import AGENT

if TYPE_CHECKING:
    from tasks.flap_run import Outcome, Weather

HEAD = (
    *("", "outages", "down", "spans", "delivered", "lost", "dropped", "bodies", "requests"),
    *("per body", "burst", "over budget"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `flap`."""
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="how many; 20")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first; 1")
    parser.add_argument("--seconds", type=float, default=180.0, metavar="S", help="how long; 180")
    parser.add_argument("--rate", type=float, default=20.0, metavar="N", help="spans a second; 20")
    for name in ("up", "down"):
        parser.add_argument(
            f"--{name}", type=float, nargs=2, metavar="S", help=f"shortest and longest time {name}"
        )
    parser.add_argument("--no-chromium", action="store_true", help="CPython alone")


def main(args: argparse.Namespace) -> int:
    """`build.py flap`."""
    sys.path.insert(0, str(AGENT))
    from tasks import flap_run  # noqa: PLC0415  # needs .venv

    weather = flap_run.Weather(
        args.seconds,
        args.rate,
        tuple(args.up or flap_run.UP_S),
        tuple(args.down or flap_run.DOWN_S),
    )
    seeds = range(args.first, args.first + args.seeds)
    plain: list[Outcome] = []
    pages: list[Outcome] = []
    if not args.no_chromium:
        bundle.ensure()
    with step(f"flap: {len(seeds)} seeds, {args.seconds:.0f} s each, at once"):
        # Playwright's own loop is the main thread's.
        agents = threading.Thread(target=lambda: plain.extend(flap_run.run(seeds, weather)))
        agents.start()
        if not args.no_chromium:
            pages.append(_chromium(args.first, weather))
        agents.join()
    say("\n".join(table([*plain, *pages])))
    mean = flap_run.requests_per_body(plain)
    say(f"\nrequests per body, on average: {mean:.3f}, of at most {flap_run.REQUESTS_PER_BODY}")
    wrong = [outcome.name for outcome in [*plain, *pages] if outcome.broken]
    if wrong:
        say(f"broken: {', '.join(wrong)}")
    return bool(wrong) or len(plain) < len(seeds) or mean > flap_run.REQUESTS_PER_BODY


def _chromium(seed: int, weather: Weather) -> Outcome:
    """The same with real pages, by the soak's way; of its budget only the sums are known."""
    from benchmarks.browser.host import launched  # noqa: PLC0415
    from benchmarks.soak_run import TABS, Plan, soak  # noqa: PLC0415
    from tasks import flap_run  # noqa: PLC0415
    from tests.fault_proxy.conservation import lost, unaccounted  # noqa: PLC0415

    entries = round(weather.seconds * weather.rate / TABS)
    plan = Plan(weather.seconds, entries, 3, weather.up_s, weather.down_s, seed)
    with launched() as browser:
        record = soak(browser, plan)
    counters = record.counters
    return flap_run.Outcome(
        name=f"Chromium, seed {seed}",
        outages=record.outages,
        down=record.down,
        made=record.made,
        delivered=record.delivered,
        dropped=lost(counters),
        unaccounted=unaccounted(counters),
        differing=record.differing,
        bodies=record.bodies,
        requests=record.posts,
    )


def table(outcomes: list[Outcome]) -> list[str]:
    """A row per seed."""
    rows = [
        (
            outcome.name,
            str(outcome.outages),
            f"{outcome.down:.0%}",
            f"{outcome.made:,}",
            f"{outcome.delivered:,}",
            str(outcome.lost),
            str(outcome.dropped),
            str(outcome.bodies),
            str(outcome.requests),
            f"{outcome.requests / max(1, outcome.bodies):.3f}",
            str(outcome.burst),
            str(outcome.over_budget),
        )
        for outcome in outcomes
    ]
    return grid(HEAD, rows)
