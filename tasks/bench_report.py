# SPDX-License-Identifier: MIT OR Apache-2.0
"""The files of a published run: RESULTS.md, RESULTS.jsonl beside it, plots in docs/img.

The lines are what is kept; the rest is made of them, and can be made again (`bench --render`) when
a goal or a table changes. Their first line says with what and when:

    {"machine": ["...", ...], "runs": {"encode": "Measured 2026-11-28, in 210 s.", ...}}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tasks import bench_figures, bench_goals, bench_table
from tasks.bench_lines import Result, read
from tasks.bench_questions import QUESTIONS
from tasks.console import BuildError
from tasks.paths import ROOT

PLOTS: Final = ROOT / "docs" / "img"
GOALS: Final = ROOT / "benchmarks" / "goals.toml"


class Published(NamedTuple):
    """What the lines hold."""

    machine: Sequence[str]
    runs: dict[str, str]
    results: Sequence[Result]


def goals() -> list[bench_goals.Goal]:
    """Those of the tree."""
    return bench_goals.load(GOALS.read_text(encoding="utf-8"))


def text(file: Path) -> str:
    """A file's text.

    Raises:
        BuildError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as exc:
        raise BuildError(f"{file}: {exc.strerror}") from exc


def write_lines(file: Path, results: Iterable[Result], head: str = "") -> None:
    """JSON lines, as `--json` and `--out` leave them."""
    lines = [head] if head else []
    lines += [result.line() for result in results]
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def published(file: Path) -> Published:
    """What is beside RESULTS.md; nothing if there is nothing."""
    lines = file.with_suffix(".jsonl")
    if not lines.exists():
        return Published([], {}, [])
    said = text(lines)
    first, _, _ = said.partition("\n")
    head: dict[str, Any] = json.loads(first) if first.startswith('{"machine"') else {}
    return Published(head.get("machine", []), head.get("runs", {}), read(said))


def write(file: Path, now: Published) -> None:
    """Put a run's results in place of the earlier ones of its questions; the others stay."""
    before = published(file)
    asked = {result.benchmark for result in now.results}
    both = [result for result in before.results if result.benchmark not in asked]
    both = [result for result in [*both, *now.results] if result.benchmark in QUESTIONS]
    order = list(QUESTIONS)
    both.sort(key=lambda result: order.index(result.benchmark))
    machine = list(now.machine or before.machine)
    runs = {**before.runs, **now.runs}
    titles = {name: question.title for name, question in QUESTIONS.items()}
    verdicts = bench_goals.judge(goals(), both)
    document = bench_table.document(both, verdicts, titles, runs, machine)
    file.write_text(document, encoding="utf-8")
    write_lines(file.with_suffix(".jsonl"), both, json.dumps({"machine": machine, "runs": runs}))
    draw(both)


def draw(results: Sequence[Result]) -> list[Path]:
    """Write the plots that there are figures for; which."""
    made = []
    for name, drawn in bench_figures.all_of(results).items():
        PLOTS.mkdir(parents=True, exist_ok=True)
        (PLOTS / name).write_text(drawn, encoding="utf-8")
        made.append(PLOTS / name)
    return made
