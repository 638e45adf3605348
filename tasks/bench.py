# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py bench`: one command per question, peers in the same run, goals met or not.

    build.py bench                       all questions
    build.py bench encode wire --quick   two of them, one round each
    build.py bench all --out benchmarks/RESULTS.md
    build.py bench encode --against benchmarks/RESULTS.jsonl

Every question is scripts of benchmarks/ that print JSON lines (tasks/bench_questions.py). A peer
that cannot be installed or run is a line "skipped: why". Nothing here passes or fails: figures are
for people, and `--against` is a report.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tasks import (
    bench_compare,
    bench_figures,
    bench_goals,
    bench_hosts,
    bench_machine,
    bench_table,
    bundle,
)
from tasks.bench_lines import Result, merge, parse, read
from tasks.bench_peers import reason
from tasks.bench_questions import QUESTIONS
from tasks.console import BuildError, say, step
from tasks.paths import ROOT

PLOTS: Final = ROOT / "docs" / "img"
GOALS: Final = bench_hosts.FOLDER / "goals.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bench`."""
    parser.add_argument(
        "names", nargs="*", metavar="QUESTION", help=f"all, or of: {' '.join(QUESTIONS)}"
    )
    parser.add_argument("--list", action="store_true", help="what each question asks, and stop")
    parser.add_argument("--quick", action="store_true", help="one round, fewer samples")
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


def main(args: argparse.Namespace) -> int:
    """`build.py bench`."""
    if args.list:
        say("\n".join(f"{name:8} {question.title}" for name, question in QUESTIONS.items()))
        return 0
    asked = list(QUESTIONS) if not args.names or "all" in args.names else args.names
    unknown = [name for name in asked if name not in QUESTIONS]
    if unknown:
        known = ", ".join(QUESTIONS)
        raise BuildError(f"there is no question {unknown[0]!r}; there are: all, {known}", 2)
    earlier = read(_text(args.against)) if args.against else []
    goals = bench_goals.load(GOALS.read_text(encoding="utf-8"))
    bundle.ensure()
    facts = bench_machine.lines()
    results: list[Result] = []
    runs: dict[str, str] = {}
    for name in asked:
        began = time.monotonic()
        results += ask(name, args.quick)
        took = time.monotonic() - began
        runs[name] = f"Measured {bench_machine.today()}, in {took:.0f} s."
        if args.out:  # after each, for a run takes long and may be cut off
            _write(args.out, results, goals, runs, facts)
    _show(results, [goal for goal in goals if goal.benchmark in asked])
    if args.json:
        _write_lines(args.json, results)
    if args.out:
        say(f"\nwritten: {args.out} and {args.out.with_suffix('.jsonl').name}")
    if args.against:
        say("\nagainst " + args.against.name)
        for line in bench_compare.report(earlier, results):
            say(f"  {line}")
    return 0


def ask(name: str, quick: bool) -> list[Result]:
    """All rounds of one question, merged."""
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
                    extra = ("--quick",) if quick else ()
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


def _write(
    file: Path,
    results: Sequence[Result],
    goals: Iterable[bench_goals.Goal],
    runs: dict[str, str],
    facts: Sequence[str],
) -> None:
    """RESULTS.md and its lines; questions that were not asked keep what was there."""
    lines = file.with_suffix(".jsonl")
    asked = {result.benchmark for result in results}
    old = [r for r in read(_text(lines)) if r.benchmark not in asked] if lines.exists() else []
    order = list(QUESTIONS)
    both = sorted([*old, *results], key=lambda result: order.index(result.benchmark))
    titles = {name: question.title for name, question in QUESTIONS.items()}
    before = {
        r.benchmark: f"Measured earlier: {r.facts['date']}." for r in old if "date" in r.facts
    }
    text = bench_table.document(both, bench_goals.judge(goals, both), titles, before | runs, facts)
    file.write_text(text, encoding="utf-8")
    _write_lines(lines, both)
    for name, drawn in bench_figures.all_of(both).items():
        PLOTS.mkdir(exist_ok=True)
        (PLOTS / name).write_text(drawn, encoding="utf-8")


def _write_lines(file: Path, results: Iterable[Result]) -> None:
    file.write_text("".join(result.line() + "\n" for result in results), encoding="utf-8")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as exc:
        raise BuildError(f"{file}: {exc.strerror}") from exc
