# SPDX-License-Identifier: MIT OR Apache-2.0
"""Results as tables: for a terminal, and as benchmarks/RESULTS.md. Pure: values in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tasks.bench_goals import Verdict
from tasks.bench_lines import OURS, SCALE, Result

HOSTS: Final = {
    "cpython": "CPython",
    "node": "Node",
    "chromium": "Chromium",
    "workerd": "workerd",
}
SAYS: Final = {True: "met", False: "**not met**", None: "not measured"}
FACTS: Final = ("bytes_per_span", "gzip_bytes_per_span", "requests", "p99_ms", "note")
READABLE: Final = {"time": ("s", "ms", "us", "ns"), "bytes": ("MB", "KB", "B")}


def number(value: float) -> str:
    """Three digits that say something: 0.123, 1.23, 12.3, 123, 1,234."""
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3f}"


def quantity(value: float, unit: str) -> str:
    """A figure in the unit in which it is short: 1500 ns/span is 1.50 us/span."""
    name, slash, per = unit.partition("/")
    if name not in SCALE or not value:
        return f"{number(value)} {unit}".strip()
    kind, scale = SCALE[name]
    for shown in READABLE[kind]:
        if abs(value) * scale >= SCALE[shown][1]:
            break
    return f"{number(value * scale / SCALE[shown][1])} {shown}{slash}{per}"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> list[str]:
    """A Markdown table, its columns aligned in the source too.

    Args:
        head: Titles.
        rows: Cells.
        left: How many columns are text; the others are set to the right.
    """
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    lines = [
        "| "
        + " | ".join(
            text.ljust(width) if at < left else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in cells
    ]
    rule = [
        "-" * width if at < left else "-" * (width - 1) + ":" for at, width in enumerate(widths)
    ]
    return [lines[0], "| " + " | ".join(rule) + " |", *lines[1:]]


def goals(verdicts: Iterable[Verdict]) -> list[str]:
    """Every goal: ours, the peer's, their ratio, the bound, whether it is met."""
    rows = []
    for verdict in verdicts:
        goal = verdict.goal
        theirs = dict(goal.ratio_to or {})
        peer = "" if verdict.theirs is None else quantity(verdict.theirs, verdict.unit)
        rows.append(
            (
                goal.benchmark,
                goal.title or goal.case,
                HOSTS.get(goal.host, goal.host),
                "" if verdict.ours is None else quantity(verdict.ours, verdict.unit),
                f"{theirs.get('who', goal.who)} {peer}".strip() if theirs else "",
                "" if verdict.value is None else f"{number(verdict.value)}x",
                goal.bound,
                SAYS[verdict.met],
            )
        )
    head = ("question", "case", "host", "ours", "beside", "ratio", "goal", "")
    return grid(head, rows, left=3)


def measured(results: Sequence[Result]) -> list[str]:
    """One question's figures: a row per case and host, a column per party."""
    parties = sorted({r.who for r in results}, key=lambda who: (who != OURS, who))
    rows: dict[tuple[str, str, str], dict[str, Result]] = {}
    for result in results:
        if not result.skipped:
            kind = result.unit.partition("/")[0]
            unit = SCALE[kind][0] if kind in SCALE else result.unit
            rows.setdefault((result.case, result.host, unit), {})[result.who] = result
    lines = grid(
        ("case", "host", *parties),
        (
            (case, HOSTS.get(host, host), *(_cell(row.get(who)) for who in parties))
            for (case, host, _), row in rows.items()
        ),
        left=2,
    )
    skipped = [r for r in results if r.skipped]
    if skipped:
        lines.append("")
    lines += [f"- {r.who}, {HOSTS.get(r.host, r.host)}: skipped: {r.skipped}" for r in skipped]
    return lines


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    spread = f" ±{result.spread:.0%}" if result.spread >= 0.005 else ""
    facts = [_fact(name, result.facts[name]) for name in FACTS if name in result.facts]
    return quantity(result.median, result.unit) + spread + "".join(f", {fact}" for fact in facts)


def _fact(name: str, value: object) -> str:
    text = number(float(value)) if isinstance(value, int | float) else str(value)
    return {
        "bytes_per_span": f"{text} B",
        "gzip_bytes_per_span": f"{text} B gz",
        "requests": f"{text} requests",
        "p99_ms": f"p99 {text} ms",
    }.get(name, text)


def document(
    results: Sequence[Result],
    verdicts: Sequence[Verdict],
    titles: Mapping[str, str],
    runs: Mapping[str, str],
    machine: Sequence[str],
) -> str:
    """benchmarks/RESULTS.md.

    Args:
        results: Of every question.
        verdicts: Of every goal.
        titles: Question to what it asks.
        runs: Question to when it was measured and how long that took.
        machine: Lines about the machine and the versions.
    """
    lines = [
        "<!-- Written by `python3 build.py bench all --out benchmarks/RESULTS.md`. -->",
        "# Results",
        "",
        *(f"- {line}" for line in machine),
        "",
        "A figure is the median of repeated rounds, ± half their range or the interquartile range",
        "within one, whichever is larger. All parties of a question took turns in one run; a ratio",
        "is the median of the rounds' ratios. Compare within this file, not with other machines.",
        "Python is CPython on the host of that name, and in Pyodide on the others.",
        "",
        "## Goals",
        "",
        *goals(verdicts),
    ]
    for benchmark, title in titles.items():
        own = [result for result in results if result.benchmark == benchmark]
        if own:
            lines += ["", f"## {benchmark}", "", title, ""]
            lines += [runs[benchmark], ""] if benchmark in runs else []
            lines += measured(own)
    return "\n".join(lines) + "\n"
