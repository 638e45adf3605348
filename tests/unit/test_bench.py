# SPDX-License-Identifier: MIT OR Apache-2.0
"""build.py bench, its pure parts: lines, rounds, goals, tables, comparison, plots; no timing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import bench, bench_compare, bench_goals, bench_peers, bench_report, bench_table
from tasks.bench_hosts import FOLDER, Run
from tasks.bench_lines import Result, convert, merge, parse, ratio, read
from tasks.bench_questions import QUESTIONS, Question
from tasks.bench_report import Published
from tasks.console import BuildError

HERE = {"benchmark": "encode", "host": "node", "who": "edgetrace"}


def result(median: float = 1000.0, **fields: object) -> Result:
    """A result of ours, or as `fields` say."""
    given = {**HERE, "case": "W1", "unit": "ns/span", "spread": 0.02, **fields}
    rounds = given.pop("rounds", (median,))
    return Result(median=median, rounds=rounds, **given)  # type: ignore[arg-type]


def missing(why: str) -> Result:
    """The same case, skipped."""
    return Result("encode", "W1", "node", "edgetrace", skipped=why)


def test_lines_take_what_they_do_not_say_from_the_run() -> None:
    """A line has its case; question, host and party are the runner's, unless it says so."""
    text = 'noise\n{"case": "W1", "unit": "ns/span", "median": 9}\n{"not": "a case"}\n{broken\n'
    text += '{"case": "W2", "unit": "B", "median": 1, "who": "sentry"}\n'
    first, second = parse(text, HERE)
    assert (first.benchmark, first.host, first.who, first.median) == (
        "encode",
        "node",
        "edgetrace",
        9,
    )
    assert second.who == "sentry"


def test_a_fastest_sample_stands_for_a_spread() -> None:
    """Where a script gives no spread, the distance to its fastest sample does."""
    (line,) = parse('{"case": "W1", "unit": "ns", "median": 100, "fastest": 90}', HERE)
    assert line.spread == pytest.approx(0.1)


def test_results_survive_their_file() -> None:
    """What --json writes is what --against reads: figures, rounds, facts, reasons."""
    kept = [
        result(rounds=(900.0, 1000.0, 1100.0), facts={"bytes_per_span": 716}),
        missing("no network"),
    ]
    assert read("\n".join(one.line() for one in kept)) == kept


def test_rounds_are_one_result() -> None:
    """The median of the rounds, each kept, the spread at least half their range."""
    (one,) = merge([result(median) for median in (100.0, 120.0, 90.0)])
    assert (one.median, one.rounds) == (100.0, (100.0, 120.0, 90.0))
    assert one.spread == pytest.approx(0.15)


def test_a_round_that_failed_hides_no_figure() -> None:
    """A case that was measured once is measured, whatever befell another round."""
    failed = missing("cut off")
    assert [one.skipped for one in merge([failed, result()])] == [""]
    assert [one.skipped for one in merge([failed, failed])] == ["cut off"]


def test_ratios_are_taken_within_a_round() -> None:
    """A machine that slows down between rounds slows both parties, and their ratio stays."""
    ours, theirs = result(rounds=(1.0, 2.0, 8.0)), result(rounds=(3.0, 6.0, 24.0))
    assert ratio(ours, theirs) == 3.0


def test_units_convert_within_a_quantity() -> None:
    """Nanoseconds are microseconds; a span is no request, a byte no second."""
    assert convert(1500, "ns/span", "us/span") == pytest.approx(1.5)
    assert convert(2_000_000, "B", "MB") == 2.0
    for other in ("us/request", "B/span"):
        with pytest.raises(ValueError, match="is no"):
            convert(1, "ns/span", other)


GOALS = """
[[goal]]
benchmark = "encode"
case = "W1"
host = "node"
at_most = 1.5
unit = "us/span"
[[goal]]
benchmark = "encode"
case = "W1"
host = "node"
ratio_to = { who = "opentelemetry-js", case = "W1 protobuf" }
at_least = 3
[[goal]]
benchmark = "encode"
case = "W1"
host = "node"
fact = "bytes_per_span"
ratio_to = { who = "opentelemetry-js", case = "W1 protobuf" }
at_most_ratio = 0.2
"""


def test_goals_are_met_missed_or_not_measured() -> None:
    """A bound, a ratio to a peer, a ratio of a fact; what is missing is neither met nor missed."""
    goals = bench_goals.load(GOALS)
    assert [verdict.met for verdict in bench_goals.judge(goals, [])] == [None, None, None]
    ours = result(1400.0, facts={"bytes_per_span": 60})
    theirs = result(
        2800.0, who="opentelemetry-js", case="W1 protobuf", facts={"bytes_per_span": 400}
    )
    verdicts = bench_goals.judge(goals, [ours, theirs])
    assert [verdict.met for verdict in verdicts] == [True, False, True]
    assert [verdict.value for verdict in verdicts] == [None, 2.0, pytest.approx(0.15)]
    alone = bench_goals.judge(goals, [ours])
    assert [verdict.met for verdict in alone] == [True, None, None]


def test_a_goal_may_look_at_another_question() -> None:
    """Collecting goes to bytes at once; it is compared with what encoding alone costs a peer."""
    (goal,) = bench_goals.load(
        '[[goal]]\nbenchmark="collect"\ncase="200"\nhost="node"\nat_least=3\n'
        'ratio_to={benchmark="encode", case="W1", who="js"}'
    )
    ours = result(1000.0, benchmark="collect", case="200", unit="ns/entry")
    (verdict,) = bench_goals.judge([goal], [ours, result(4000.0, who="js")])
    assert (verdict.value, verdict.met) == (4.0, True)


@pytest.mark.parametrize(
    "said",
    [
        'benchmark="encode"\ncase="W1"\nhost="node"',
        'benchmark="encode"\ncase="W1"\nhost="node"\nat_most=1\nat_least=2',
        'benchmark="encode"\ncase="W1"\nhost="node"\nat_least=2',
        'benchmark="encode"\ncase="W1"\nhost="node"\nat_most=1\nwithin=2',
    ],
)
def test_a_goal_that_says_nothing_clear_is_refused(said: str) -> None:
    """No bound, two, a ratio to nobody, an unknown word: an error, not a goal never met."""
    with pytest.raises(ValueError, match="goal|ratio_to"):
        bench_goals.load(f"[[goal]]\n{said}")


def test_the_goals_of_the_tree_can_be_read() -> None:
    """benchmarks/goals.toml names questions that exist."""
    goals = bench_goals.load((FOLDER / "goals.toml").read_text(encoding="utf-8"))
    assert goals
    assert {goal.benchmark for goal in goals} <= set(QUESTIONS)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1500, "ns/span", "1.50 us/span"),
        (12_345_678, "ns", "12.3 ms"),
        (950, "B", "950 B"),
        (21_738, "B", "21.7 KB"),
        (0.5, "ns/span", "0.500 ns/span"),
        (3, "requests", "3 requests"),
        (0, "ms", "0 ms"),
    ],
)
def test_quantities_are_short(value: float, unit: str, shown: str) -> None:
    """Three digits, in the largest unit that has one before the point."""
    assert bench_table.quantity(value, unit) == shown


def test_a_table_has_a_row_per_case_and_a_column_per_party() -> None:
    """Ours first, then the others by name; who was skipped stands below, with the reason."""
    lines = bench_table.measured(
        [
            result(who="opentelemetry-js", facts={"bytes_per_span": 716}),
            result(),
            Result("encode", "sentry.mjs", "node", "sentry", skipped="no network"),
        ]
    )
    assert [cell.strip() for cell in lines[0].split("|")][3:5] == ["edgetrace", "opentelemetry-js"]
    assert len({len(line) for line in lines[:3]}) == 1
    assert "716 B" in lines[2]
    assert lines[-1] == "- sentry, Node: skipped: no network"


def test_results_md_names_machine_goals_and_questions() -> None:
    """The document holds what a reader needs to judge a figure; same input, same text."""
    verdicts = bench_goals.judge(bench_goals.load(GOALS), [result()])
    given = (
        [result()],
        verdicts,
        {"encode": "Spans to bytes."},
        {"encode": "In 3 s."},
        ["2 cores"],
    )
    text = bench_table.document(*given)
    assert text == bench_table.document(*given)
    for part in ("2 cores", "at most 1.5 us/span", "not measured", "## encode", "In 3 s."):
        assert part in text


def kinds(before: list[Result], after: list[Result]) -> list[str]:
    """What `changes` says of each case."""
    return [change.kind for change in bench_compare.changes(before, after)]


def test_a_change_within_the_noise_is_none() -> None:
    """Twice the spreads of both runs, or a tenth, may be chance."""
    assert kinds([result(1000)], [result(1080)]) == ["same"]
    assert kinds([result(1000, spread=0.2)], [result(1500, spread=0.2)]) == ["same"]
    assert kinds([result(1000)], [result(1200)]) == ["slower"]
    assert kinds([result(1000)], [result(700)]) == ["faster"]


def test_a_slower_machine_is_no_regression() -> None:
    """The pinned peers say how much slower; one peer alone says nothing."""
    then = [result(1000, who="js", case=str(n)) for n in range(3)]
    now = [result(2000, who="js", case=str(n)) for n in range(3)]
    assert kinds([result(), *then], [result(2000), *now]) == ["same"]
    assert kinds([result(), *then[:1]], [result(2000), *now[:1]]) == ["slower"]


def test_bytes_have_no_noise() -> None:
    """Two per cent more bytes are more bytes."""
    before = result(1000, unit="B", spread=0.0)
    assert kinds([before], [result(1020, unit="B", spread=0.0)]) == ["slower"]
    report = "\n".join(bench_compare.report([before], [result(1020, unit="B", spread=0.0)]))
    assert report.startswith("larger: encode, W1, node: 1 KB -> 1.02 KB")


def test_a_comparison_names_what_is_gone() -> None:
    """A case of a question that was asked and has no figure now is told."""
    report = bench_compare.report([result(case="W9"), result()], [result()])
    assert "gone: encode, W9, node" in report
    assert report[-1] == "1 of 1 cases are as they were, within noise"


def test_the_scripts_of_every_question_are_there() -> None:
    """No question runs a file that was renamed or never written."""
    named = {run.script for question in QUESTIONS.values() for run in question.runs}
    assert [name for name in sorted(named) if not (FOLDER / name).is_file()] == []


def test_our_names_and_the_peers_meet_in_one_row() -> None:
    """What our script calls by its own name is read as what the peers call it."""
    (one,) = parse('{"case": "W1 protobuf: encode", "unit": "ns/span", "median": 9}', HERE)
    assert one.case == "W1 protobuf"


def test_a_partial_run_keeps_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for one question, --out replaces its lines; those of others and their date stay."""
    monkeypatch.setattr(bench_report, "PLOTS", tmp_path / "img")
    file = tmp_path / "RESULTS.md"
    wire = result(4000.0, benchmark="wire", unit="B")
    first = Published(["2 cores"], {"encode": "Monday.", "wire": "Monday."}, [result(), wire])
    bench_report.write(file, first)
    bench_report.write(file, Published(["2 cores"], {"encode": "Tuesday."}, [result(900.0)]))
    kept = bench_report.published(file)
    assert [(one.benchmark, one.median) for one in kept.results] == [
        ("encode", 900.0),
        ("wire", 4000.0),
    ]
    assert kept.runs == {"encode": "Tuesday.", "wire": "Monday."}
    before = file.read_text(encoding="utf-8")
    bench_report.write(file, Published([], {}, []))  # --render
    assert file.read_text(encoding="utf-8") == before


def test_a_script_that_fails_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner goes on, and the result says why; nothing is raised."""
    broken = Question("?", (Run("nobody", "cpython", "cpython", "not-there.py"),), rounds=2)
    monkeypatch.setitem(QUESTIONS, "broken", broken)
    (one,) = bench.ask("broken", quick=False)
    assert (one.who, one.host) == ("nobody", "cpython")
    assert "not-there.py: exit code 2" in one.skipped


def test_a_reason_is_one_line() -> None:
    """What failed and its last word, whatever a child printed between."""
    error = BuildError("npm ci: exit code 1.\n    noise\n    noise\n    E404 not found\n")
    assert bench_peers.reason(error) == "npm ci: exit code 1. E404 not found"
    assert bench_peers.reason(BuildError("no network")) == "no network"
    assert bench_peers.reason(KeyError()) == "KeyError"
