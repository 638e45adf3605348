# SPDX-License-Identifier: MIT OR Apache-2.0
"""Goals of benchmarks/goals.toml against results: met, not met, or not measured. Pure.

A goal bounds a figure (`at_most`, in `unit`), or its ratio to another result of the same run
(`ratio_to`: the other's `who`, `case`, `host`, `benchmark` where they differ): `at_least` is how
many times less ours must be, `at_most_ratio` how much of the other ours may be. Nothing is compared
across runs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tasks.bench_lines import OURS, Result, convert, ratio

KNOWN: Final = {
    *("benchmark", "case", "host", "unit", "at_most", "at_least", "at_most_ratio"),
    *("ratio_to", "who", "fact", "title"),
}
WHERE: Final = ("who", "case", "host")


@dataclass(frozen=True)
class Goal:
    """One bound.

    Attributes:
        benchmark: The question it belongs to.
        case: Of our result.
        host: Of our result.
        who: Whose result is bounded; ours unless said.
        unit: Of `at_most`.
        fact: A fact of the line (bytes_per_span) instead of its median.
        at_most: Largest figure, in `unit`.
        ratio_to: Where the other result is: who, case, host, benchmark; what is missing is as ours.
        at_least: Smallest theirs/ours.
        at_most_ratio: Largest ours/theirs.
        title: What it is about, if the case does not say it.
    """

    benchmark: str
    case: str
    host: str
    who: str = OURS
    unit: str = ""
    fact: str = ""
    at_most: float | None = None
    ratio_to: Mapping[str, str] | None = None
    at_least: float | None = None
    at_most_ratio: float | None = None
    title: str = ""

    @property
    def bound(self) -> str:
        """In words."""
        if self.at_most is not None:
            return f"at most {self.at_most:g} {self.unit}"
        if self.at_least is not None:
            return f"theirs/ours at least {self.at_least:g}"
        return f"ours/theirs at most {self.at_most_ratio:g}"


@dataclass(frozen=True)
class Verdict:
    """A goal and what was measured; `met` is None if something of it was not."""

    goal: Goal
    ours: float | None = None
    theirs: float | None = None
    unit: str = ""
    value: float | None = None
    met: bool | None = None


def load(text: str) -> list[Goal]:
    """Goals of a TOML text.

    Raises:
        ValueError: A goal has an unknown key, or not exactly one bound.
    """
    goals = []
    for said in tomllib.loads(text).get("goal", []):
        unknown = set(said) - KNOWN
        if unknown:
            raise ValueError(f"a goal has no {sorted(unknown)[0]!r}: {said}")
        goal = Goal(**said)
        bounds = (goal.at_most, goal.at_least, goal.at_most_ratio)
        if sum(bound is not None for bound in bounds) != 1:
            raise ValueError(f"a goal has one of at_most, at_least, at_most_ratio: {said}")
        if (goal.at_most is None) != (goal.ratio_to is not None):
            raise ValueError(f"ratio_to goes with at_least and at_most_ratio: {said}")
        goals.append(goal)
    return goals


def judge(goals: Iterable[Goal], results: Sequence[Result]) -> list[Verdict]:
    """Each goal's verdict, in order."""
    by_place = {(r.benchmark, r.case, r.host, r.who): r for r in results if not r.skipped}
    return [_verdict(goal, by_place) for goal in goals]


def _verdict(goal: Goal, results: Mapping[tuple[str, str, str, str], Result]) -> Verdict:
    here = {"case": goal.case, "host": goal.host, "who": goal.who}
    ours = _of_fact(results.get((goal.benchmark, *_place(here))), goal.fact)
    if goal.at_most is not None:
        if ours is None:
            return Verdict(goal)
        figure = convert(ours.median, ours.unit, goal.unit) if not goal.fact else ours.median
        return Verdict(goal, figure, None, goal.unit, None, figure <= goal.at_most)
    there = {**here, **(goal.ratio_to or {})}
    question = there.get("benchmark", goal.benchmark)
    theirs = _of_fact(results.get((question, *_place(there))), goal.fact)
    if ours is None or theirs is None:
        known = ours or theirs
        return Verdict(
            goal,
            None if ours is None else ours.median,
            None if theirs is None else theirs.median,
            known.unit if known else "",
        )
    # Questions do not take turns with each other, so rounds are pairs only within one.
    apart = question != goal.benchmark and ours.median
    times = theirs.median / ours.median if apart else ratio(ours, theirs)
    pair = (ours.median, theirs.median, ours.unit)
    if goal.at_least is not None:
        return Verdict(goal, *pair, times, times >= goal.at_least)
    part = 1 / times if times else float("inf")
    return Verdict(goal, *pair, part, part <= (goal.at_most_ratio or 0.0))


def _place(where: Mapping[str, str]) -> tuple[str, str, str]:
    return where["case"], where["host"], where["who"]


def _of_fact(result: Result | None, fact: str) -> Result | None:
    """The result itself, or a fact of it as a result."""
    if result is None or not fact:
        return result
    value: Any = result.facts.get(fact)
    if value is None:
        return None
    return Result(*result.key[:4], fact.partition("_per_")[0], float(value), 0.0, (float(value),))
