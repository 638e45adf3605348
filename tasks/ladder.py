# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py ladder`: for each rung and each end of a page, how much of what the browser reported
has arrived. The table of docs/delivery.md, measured.

A page has 60 resources; the collector is of another origin and takes 100 ms for each preflight.
What is counted is distinct spans, after the next page view. Exit code 1 if a cell that promises
everything has less, or if what came twice was not the same.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tasks import bundle
from tasks.console import say
from tasks.ladder_cells import ENDS, RUNGS, promised


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--trials, --rung, --end."""
    parser.add_argument("--trials", type=int, default=20, help="of each cell (20)")
    names = [rung.name for rung in RUNGS]
    parser.add_argument("--rung", action="append", choices=names, help="only this one; repeatable")
    names = [end.name for end in ENDS]
    parser.add_argument("--end", action="append", choices=names, help="only this one; repeatable")


def main(args: argparse.Namespace) -> int:
    """Measure and print; 1 if a promise is broken."""
    bundle.ensure()
    from tasks.ladder_trial import trials  # needs what .venv has

    rungs = [rung for rung in RUNGS if not args.rung or rung.name in args.rung]
    ends = [end for end in ENDS if not args.end or end.name in args.end]
    broken = 0
    say(row(["", *(end.name for end in ends)]))
    duplicates = differing = 0
    with trials() as run:
        for rung in rungs:
            cells = []
            for number, end in enumerate(ends, 1):
                started = time.monotonic()
                outcomes = [run.run(rung, end) for _ in range(args.trials)]
                reported = sum(outcome.reported for outcome in outcomes)
                delivered = sum(outcome.delivered for outcome in outcomes)
                duplicates += sum(outcome.duplicates for outcome in outcomes)
                differing += sum(outcome.differing for outcome in outcomes)
                kept = delivered == reported or not promised(rung, end)
                broken += not kept
                cells.append(share(delivered, reported) + ("" if kept else " !"))
                took_s = time.monotonic() - started
                done = f"{rung.name}, {end.name} ({number}/{len(ends)}): {delivered}/{reported}"
                print(f"  {done} in {took_s:.0f} s", file=sys.stderr, flush=True)
            say(row([rung.name, *cells]))
    say(f"{args.trials} trials each; {duplicates} spans came again, {differing} of them otherwise")
    return 1 if broken or differing else 0


def share(delivered: int, reported: int) -> str:
    """Delivered of reported, as people read it; never 100 % for less than all."""
    if delivered == reported:
        return "100 %"
    return f"{min(99.9, 100 * delivered / max(reported, 1)):.1f} %"


def row(cells: Sequence[str]) -> str:
    """One line of the table, as Markdown has it."""
    return "| " + " | ".join([cells[0].ljust(10), *(cell.rjust(7) for cell in cells[1:])]) + " |"
