# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which results are drawn in docs/performance.md, and how. Pure: results in, SVG texts out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tasks.bench_lines import OURS, Result, convert
from tasks.bench_plot import bars, lines
from tasks.bench_table import HOSTS
from tasks.soak_plot import Panel, timeline


class Bars(NamedTuple):
    """One plot: the results of a question with these cases, as far as they were measured."""

    title: str
    benchmark: str
    host: str
    unit: str
    rows: tuple[tuple[str, str], ...]
    """(case, who), ours first."""


JS: Final = "opentelemetry-js"
PYTHON: Final = "opentelemetry-python"
SAID: Final = {"W1 protobuf", "W1 json"}
"""Cases of one party that need a name in the plot."""
PAGE: Final = (OURS, JS, f"{JS}-json", "faro", "sentry")
BARS: Final[dict[str, Bars]] = {
    "encode.svg": Bars(
        "Encoding a resource span (W1) in Node",
        "encode",
        "node",
        "us/span",
        (("W1 protobuf", OURS), ("W1 protobuf", JS), ("W1 json", JS)),
    ),
    "record.svg": Bars(
        "A span of an application in Node",
        "record",
        "node",
        "us/span",
        (
            ("start, 5 attributes, end", OURS),
            ("start, 5 attributes, end", JS),
            ("start, 5 attributes, end", PYTHON),
        ),
    ),
    "wire.svg": Bars(
        "Sent per view of a page with 60 resources",
        "wire",
        "chromium",
        "KB",
        tuple(("as sent", who) for who in PAGE),
    ),
    "page.svg": Bars(
        "Main-thread time per page view",
        "page",
        "chromium",
        "ms",
        tuple(("main thread, 1x", who) for who in PAGE),
    ),
}
SIZES: Final = {
    "scale-spans.svg": ("spans", "From start to framed request, by number of spans"),
    "scale-resources.svg": ("resources", "From the script tag to delivery, by number of resources"),
    "scale-tabs.svg": ("tabs", "Flush of one tab, by number of tabs"),
}


def all_of(results: Sequence[Result]) -> dict[str, str]:
    """File name to SVG; a plot without figures is left out, so that an older one stays."""
    found = {name: _bars(plan, results) for name, plan in BARS.items()}
    found |= {name: _lines(what, title, results) for name, (what, title) in SIZES.items()}
    found["soak.svg"] = _soak(results)
    found["outage.svg"] = _outage(results)
    return {name: text for name, text in found.items() if text}


def _bars(plan: Bars, results: Sequence[Result]) -> str:
    by_place = {
        (r.case, r.who): r
        for r in results
        if r.benchmark == plan.benchmark and r.host == plan.host and not r.skipped
    }
    values = [
        (f"{who}, {case}" if case in SAID else who, by_place[case, who])
        for case, who in plan.rows
        if (case, who) in by_place
    ]
    if len(values) < 2:
        return ""
    drawn = [(name, convert(one.median, one.unit, plan.unit)) for name, one in values]
    return bars(plan.title, plan.unit, drawn, first=int(values[0][1].who == OURS))


def _lines(what: str, title: str, results: Sequence[Result]) -> str:
    series: dict[str, list[tuple[float, float]]] = {}
    for result in results:
        if result.benchmark == "scale" and result.case.startswith(f"{what}: "):
            name = HOSTS.get(result.host, result.host)
            size = float(result.case.partition(": ")[2])
            series.setdefault(name, []).append((size, result.median))
    return lines(title, what, "ms", {n: sorted(p) for n, p in series.items()}) if series else ""


def _soak(results: Sequence[Result]) -> str:
    """Memory and what waits, over the time of a soak."""
    memory: dict[str, list[tuple[float, float]]] = {}
    waiting: dict[str, list[tuple[float, float]]] = {}
    for result in results:
        name, _, what = result.case.partition(", ")
        if result.benchmark != "soak" or "points" not in result.facts:
            continue
        scale = 1e6 if result.unit == "B" else 1.0
        points = [(at_s / 60, value / scale) for at_s, value in result.facts["points"]]
        (memory if what == "at the end" else waiting)[name] = points
    if not memory:
        return ""
    title = "Three tabs, 10,000 entries each, while the collector comes and goes"
    return timeline(title, [Panel("MB", memory), Panel("spans", waiting)])


def _outage(results: Sequence[Result]) -> str:
    """Requests a second before, during and after an outage."""
    series = {
        result.case.removeprefix("outage, ").partition(":")[0]: [
            (at_s / 60, value) for at_s, value in result.facts["over_time"]
        ]
        for result in results
        if result.benchmark == "outage" and "over_time" in result.facts
    }
    title = "2,000 exporters, and a collector that is away from minute 1 to minute 3"
    return timeline(title, [Panel("requests a second", series)]) if series else ""
