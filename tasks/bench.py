# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py bench`: one command per question, peers in the same run, goals met or not.

    build.py bench                       all questions
    build.py bench encode wire --quick   two of them, one round each
    build.py bench soak --minutes 30     takes as long as it says, so only if asked by name
    build.py bench all --out benchmarks/RESULTS.md
    build.py bench encode --against benchmarks/RESULTS.jsonl

Every question is scripts of benchmarks/ that print JSON lines (tasks/bench_questions.py). A peer
that cannot be installed or run is a line "skipped: why". Nothing here passes or fails but the soak:
figures are for people, and `--against` is a report.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tasks import (
    bench_compare,
    bench_goals,
    bench_hosts,
    bench_machine,
    bench_report,
    bench_table,
    bundle,
)
from tasks.bench_lines import Result, merge, parse, read
from tasks.bench_peers import reason
from tasks.bench_questions import QUESTIONS
from tasks.bench_report import Published
from tasks.console import BuildError, say, step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bench`."""
    parser.add_argument(
        "names", nargs="*", metavar="QUESTION", help=f"all, or of: {' '.join(QUESTIONS)}"
    )
    parser.add_argument("--list", action="store_true", help="what each question asks, and stop")
    parser.add_argument("--quick", action="store_true", help="one round, fewer samples")
    parser.add_argument("--minutes", type=float, metavar="N", help="of the soak, 30 unless said")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write JSON lines to FILE")
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="compare with an earlier run's JSON lines"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write tables to FILE, lines beside it, plots to docs/img; the rest stays there",
    )

    parser.add_argument(
        "--render", type=Path, metavar="FILE", help="make FILE anew from its lines, measure nothing"
    )


def main(args: argparse.Namespace) -> int:
    """`build.py bench`."""
    if args.list:
        say("\n".join(f"{name:8} {question.title}" for name, question in QUESTIONS.items()))
        return 0
    if args.render:
        bench_report.write(args.render, Published([], {}, []))
        return 0
    asked = args.names
    if not asked or "all" in asked:
        asked = [name for name, question in QUESTIONS.items() if not question.alone]
    unknown = [name for name in asked if name not in QUESTIONS]
    if unknown:
        known = ", ".join(QUESTIONS)
        raise BuildError(f"there is no question {unknown[0]!r}; there are: all, {known}", 2)
    earlier = read(bench_report.text(args.against)) if args.against else []
    goals = [goal for goal in bench_report.goals() if goal.benchmark in asked]
    bundle.ensure()
    facts = bench_machine.lines()
    results: list[Result] = []
    runs: dict[str, str] = {}
    for name in asked:
        began = time.monotonic()
        results += ask(name, args.quick, ("--minutes", f"{args.minutes:g}") if args.minutes else ())
        took = time.monotonic() - began
        runs[name] = f"Measured {bench_machine.today()}, in {took:.0f} s."
        if args.out:  # after each, for a run takes long and may be cut off
            bench_report.write(args.out, Published(facts, runs, results))
    _show(results, goals)
    if args.json:
        bench_report.write_lines(args.json, results)
    if args.out:
        say(f"\nwritten: {args.out} and {args.out.with_suffix('.jsonl').name}")
    if args.against:
        say("\nagainst " + args.against.name)
        for line in bench_compare.report(earlier, results):
            say(f"  {line}")
    return alone([result for result in results if QUESTIONS[result.benchmark].alone])


def alone(results: list[Result]) -> int:
    """Of questions that are asked alone: their plots are always written, and they may fail."""
    for plot in bench_report.draw(results):
        say(f"written: {plot.name}, to {plot.parent.name}/")
    return int(any(result.skipped for result in results))


def ask(name: str, quick: bool, more: Sequence[str] = ()) -> list[Result]:
    """All rounds of one question, merged; `more` is said to a question that is asked alone."""
    question = QUESTIONS[name]
    found: list[Result] = []
    failed: set[bench_hosts.Run] = set()
    rounds = 1 if quick else question.rounds
    for number in range(rounds):
        for one in question.runs:
            if one in failed or (one.once and number):
                continue
            turn = f", round {number + 1} of {rounds}" if rounds > 1 else ""
            where = f"{one.who} in {one.host}" if one.host else "all parties"
            defaults = {"benchmark": name, "host": one.host, "who": one.who}
            try:
                with step(f"{name}: {where}{turn}"):
                    extra: tuple[str, ...] = ("--quick",) if quick else ()
                    extra += tuple(more) if question.alone else ()
                    text = bench_hosts.output(one, extra, quick)
            except BuildError as exc:
                failed.add(one)
                say(f"  {name}: {where}: skipped: {reason(exc)}")
                found.append(Result(name, one.script, one.host, one.who, skipped=reason(exc)))
                continue
            found += [result for result in parse(text, defaults) if result.benchmark == name]
    return merge(found)


def _show(results: Sequence[Result], goals: Iterable[bench_goals.Goal]) -> None:
    """The tables, for a terminal."""
    for name in QUESTIONS:
        own = [result for result in results if result.benchmark == name]
        if own:
            say("\n" + "\n".join([name, *bench_table.measured(own)]))
    verdicts = bench_goals.judge(goals, results)
    if verdicts:
        say("\n" + "\n".join(bench_table.goals(verdicts)))
