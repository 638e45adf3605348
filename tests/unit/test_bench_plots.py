# SPDX-License-Identifier: MIT OR Apache-2.0
"""build.py bench's plots: plain SVG, of what was measured, and shown in docs/performance.md."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from tasks import bench_figures, bench_plot
from tasks.bench_lines import Result
from tasks.paths import ROOT


def result(median: float, case: str, **fields: str) -> Result:
    """A result of ours, or as `fields` say."""
    given = {"benchmark": "encode", "host": "node", "who": "edgetrace", "unit": "ns/span", **fields}
    return Result(case=case, median=median, **given)  # type: ignore[arg-type]


def test_plots_are_svg_and_repeatable() -> None:
    """Well-formed, a shape per figure, names escaped, the same bytes for the same figures."""
    drawn = bench_plot.bars("encode", "us/span", [("ours", 1.2), ("a < b", 4.5)])
    assert drawn == bench_plot.bars("encode", "us/span", [("ours", 1.2), ("a < b", 4.5)])
    assert len(ElementTree.fromstring(drawn).findall(".//{*}rect")) == 2
    plot = bench_plot.lines("spans", "spans", "ms", {"ours": [(1, 0.01), (100_000, 900.0)]})
    assert len(ElementTree.fromstring(plot).findall(".//{*}circle")) == 2


def test_a_straight_line_is_drawn_straight() -> None:
    """On both logarithmic axes, what grows in proportion has a constant slope."""
    plot = bench_plot.lines("spans", "n", "ms", {"ours": [(n, n * 2) for n in (1, 10, 100)]})
    dots = ElementTree.fromstring(plot).findall(".//{*}circle")
    x, y = ([float(dot.attrib[name]) for dot in dots] for name in ("cx", "cy"))
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx((y[2] - y[1]) / (x[2] - x[1]), rel=0.01)


def test_a_plot_of_nothing_says_so() -> None:
    """No figure, no axis, no error: a question that was skipped has an empty plot."""
    assert "nothing measured" in bench_plot.lines("spans", "n", "ms", {"ours": []})
    assert ElementTree.fromstring(bench_plot.bars("encode", "us", [])) is not None


def test_plots_are_of_what_was_measured() -> None:
    """A plot needs two parties, or a series; the others are left as they were."""
    ours = result(1000.0, "W1 protobuf")
    assert bench_figures.all_of([ours]) == {}
    drawn = bench_figures.all_of([ours, result(4500.0, "W1 protobuf", who="opentelemetry-js")])
    assert list(drawn) == ["encode.svg"]
    sizes = [result(n / 100, f"spans: {n}", benchmark="scale", unit="ms") for n in (1, 10, 100)]
    assert list(bench_figures.all_of(sizes)) == ["scale-spans.svg"]


def test_every_plot_is_shown() -> None:
    """docs/performance.md has each plot that the bench writes."""
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    names = {*bench_figures.BARS, *bench_figures.SIZES}
    assert [name for name in sorted(names) if f"(img/{name})" not in text] == []
