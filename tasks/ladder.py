# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py ladder`: for each rung and each end of a page, how much of what the browser reported
has arrived. The table of docs/delivery.md, measured.

A page has 60 resources; the collector is of another origin and takes 100 ms for each preflight.
What is counted is distinct spans, after the next page view. Exit code 1 if a cell that promises
everything has less, or if what came twice was not the same.

Trials go round by round through all cells, several browsers side by side, so that --minutes cuts
each cell alike. Each round's end is said, and what fell short as it happens.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Sequence

from tasks import bundle
from tasks.console import note, say
from tasks.ladder_cells import ENDS, RUNGS, promised

DURATION = """A trial takes some 4 s of one core, two starts of Python mostly: 20 trials of all 72
cells take about an hour on two cores, of one cell about a minute."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--trials, --rung, --end, --promised, --jobs, --minutes."""
    parser.epilog = DURATION
    parser.add_argument("--trials", type=int, default=20, help="of each cell (20)")
    names = [rung.name for rung in RUNGS]
    parser.add_argument("--rung", action="append", choices=names, help="only this one; repeatable")
    names = [end.name for end in ENDS]
    parser.add_argument("--end", action="append", choices=names, help="only this one; repeatable")
    parser.add_argument("--promised", action="store_true", help="only cells that promise all")
    cores = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=2 * cores, help="browsers (two for each core)")
    parser.add_argument("--minutes", type=float, default=240, help="begin no trial after so many")


def main(args: argparse.Namespace) -> int:
    """Measure and print; 1 if a promise is broken."""
    bundle.ensure()
    from tasks.ladder_jobs import Cell, outcomes  # needs what .venv has
    from tasks.ladder_trial import Outcome

    rungs = [rung for rung in RUNGS if not args.rung or rung.name in args.rung]
    ends = [end for end in ENDS if not args.end or end.name in args.end]
    wanted = [
        Cell(rung.name, end.name)
        for end in ends
        for rung in rungs
        if promised(rung, end) or not args.promised
    ]
    found: defaultdict[Cell, list[Outcome]] = defaultdict(list)
    started = time.monotonic()
    trials = outcomes(wanted * args.trials, args.jobs, args.minutes * 60)
    for count, (cell, outcome) in enumerate(trials, 1):
        found[cell].append(outcome)
        if outcome.delivered != outcome.reported:
            note(f"{cell}: {outcome.delivered} of {outcome.reported} spans")
        if count % len(wanted) == 0:
            minutes = (time.monotonic() - started) / 60
            note(f"{count} of {len(wanted) * args.trials} trials, {minutes:.0f} min")
    broken = 0
    say(row(["", *(end.name for end in ends)]))
    say(row(["-" * 10, *("-" * 6 + ":" for _ in ends)]))
    for rung in rungs:
        cells = []
        for end in ends:
            some = found[Cell(rung.name, end.name)]
            kept = not promised(rung, end) or all(one.delivered == one.reported for one in some)
            broken += not kept
            cells.append(share(some) + ("" if kept else " !"))
        say(row([rung.name, *cells]))
    every = [outcome for some in found.values() for outcome in some]
    counts = [len(found[cell]) for cell in wanted] or [0]
    differing = sum(outcome.differing for outcome in every)
    say(
        f"{min(counts)} to {max(counts)} trials of a cell, {len(every)} in "
        f"{(time.monotonic() - started) / 60:.0f} min; of {sum(one.reported for one in every):,} "
        f"spans {sum(one.delivered for one in every):,} came, "
        f"{sum(one.duplicates for one in every):,} of them again, {differing} otherwise"
    )
    return 1 if broken or differing else 0


def share(outcomes: Sequence[tuple[int, ...]]) -> str:
    """Delivered of reported, as people read it; never 100 % for less than all."""
    if not outcomes:
        return "–"
    reported, delivered = (sum(outcome[at] for outcome in outcomes) for at in (0, 1))
    if delivered == reported:
        return "100 %"
    return f"{min(99.9, 100 * delivered / max(reported, 1)):.1f} %"


def row(cells: Sequence[str]) -> str:
    """One line of the table, as Markdown has it."""
    return "| " + " | ".join([cells[0].ljust(10), *(cell.rjust(7) for cell in cells[1:])]) + " |"
