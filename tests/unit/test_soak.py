# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a soak is judged by: each way to be wrong is found, and noise is not; its plot."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.soak_judge import Record, Sample, findings, growth
from benchmarks.soak_probe import Memory
from tasks import bench, bench_figures
from tasks.bench_lines import Result
from tasks.soak_plot import Panel, ceiling, timeline

COUNTERS = {"ended": 3000, "exported": 3000, "queued": 0, "in_flight": 0, "dropped_rejected": 0}


def samples(memory: Callable[[int], Memory]) -> list[Sample]:
    """Thirty looks, a thousand entries from one to the next."""
    return [Sample(n * 10.0, n * 1000, 0, memory(n)) for n in range(30)]


FLAT = samples(lambda n: Memory(3e6 + n % 3 * 5e4, 8e6 - n % 2 * 5e4, 3e7, 6e6 + n % 4 * 6e4))
CLEAN = Record(FLAT, COUNTERS, made=3000, delivered=3000)


def test_a_clean_record_has_nothing_wrong() -> None:
    """Noise of tens of kilobytes is none; growth while warming up is none either."""
    assert findings(CLEAN) == []
    warming = samples(lambda n: Memory(1e6 * min(n, 9), 1e6 * min(n, 9), 3e7, 1e6 * min(n, 9)))
    assert findings(replace(CLEAN, samples=warming)) == []
    assert findings(replace(CLEAN, samples=[])) == []


@pytest.mark.parametrize("field", ["pages", "worker", "used"])
def test_a_leak_of_a_hundred_bytes_per_entry_is_found(field: str) -> None:
    """In each of the three memories; and none is reported for another."""
    leaking = samples(lambda n: FLAT[n].memory._replace(**{field: 5e6 + n * 100_000}))
    grown, entries = growth(leaking)
    assert getattr(grown, field) == entries * 100 == 1_000_000
    (found,) = findings(replace(CLEAN, samples=leaking))
    assert "1,000,000 bytes over 10,000 entries" in found


@pytest.mark.parametrize(
    ("change", "counters", "beginnings"),
    [
        ({"made": 3001}, {}, ["lost before they were counted: 1 of 3001"]),
        ({"delivered": 2990}, {}, ["delivered by the counters, and not there: 10"]),
        ({}, {"ended": 3001}, ["accounts do not add up: 1", "lost before they were counted: -1"]),
        ({"differing": 2}, {}, ["copies differ: 2"]),
        (
            {"delivered": 2997},
            {"exported": 2997, "dropped_rejected": 3},
            ["dropped, and counted: {'dropped_rejected': 3}"],
        ),
        ({"delivered": 2999}, {"exported": 2999, "queued": 1}, ["not settled: 1"]),
    ],
)
def test_losses_are_told_apart(
    change: dict[str, int], counters: dict[str, int], beginnings: list[str]
) -> None:
    """Before the counters, behind them, by them; and copies that differ."""
    record = replace(CLEAN, counters={**COUNTERS, **counters}, **change)  # type: ignore[arg-type]
    found = findings(record)
    assert len(found) == len(beginnings)
    assert all(text.startswith(start) for text, start in zip(found, beginnings, strict=True))


def test_the_plot_is_made_of_the_results() -> None:
    """A line per memory, and what waits below; without a soak there is none."""
    facts = {"points": [[0, 1e6], [60, 2e6], [1800, 2e6]]}
    cases = {"wasm, at the end": "B", "JS heap, at the end": "B", "spans, at most": "spans"}
    results = [
        Result("soak", case, "chromium", "edgetrace", unit, facts=facts)
        for case, unit in cases.items()
    ]
    drawn = bench_figures.all_of(results)
    paths = ElementTree.fromstring(drawn["soak.svg"]).findall(".//{*}path[@fill='none']")
    assert len(paths) == 3
    assert bench_figures.all_of([]) == {}


def test_a_soak_that_is_wrong_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its plot is always written, and `build.py bench` ends with 1 if its script did."""
    monkeypatch.setattr("tasks.bench_report.PLOTS", tmp_path)
    facts = {"points": [[0, 1e6], [60, 2e6]]}
    fine = Result("soak", "wasm, at the end", "chromium", "edgetrace", "B", facts=facts)
    assert bench.alone([fine]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["soak.svg"]
    wrong = Result("soak", "soak.py", "", "edgetrace", skipped="soak: page heaps grow")
    assert bench.alone([wrong]) == 1


def test_axes_are_round() -> None:
    """Up to the next 1, 2 or 5; a panel of zeros is drawn too."""
    assert [ceiling(v) for v in (0.3, 1, 1.1, 31.4, 600, 2000)] == [0.5, 1, 2, 50, 1000, 2000]
    assert "M60" in timeline("x", [Panel("spans", {"a": [(0.0, 0.0), (1.0, 0.0)]})])
