# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py test`: bundle, then check and every test, and one closing line.

    host      unit, conformance, architecture, security   measured: branch coverage of the agent
    property  property, and simulation, proofs, fuzz,     not measured, which halves its time
              mutants of docs/verification.md
    browser   pyodide, browser                            the bundle in Node and Chromium
    engines   engines                                     and in Firefox and WebKitGTK
    worker    worker                                      in workerd

What the check and the first two parts compute goes on beside the others, which wait most of their
time: two cores do it in the time of the longer half. Each part is a process of its own, for
Playwright leaves an event loop running in its one.

With arguments of one's own only they decide what pytest runs, and nothing is measured.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Final, NamedTuple

from tasks import bundle, check, harness
from tasks.console import BuildError, call, relay, say
from tasks.node import tool_environ
from tasks.paths import CACHE, ROOT

HOST: Final = ("unit", "conformance", "architecture", "security")
PROPERTY: Final = ("property", "simulation", "proofs", "fuzz", "mutants")
WAITING: Final = {"browser": ("pyodide", "browser"), "engines": ("engines",), "worker": ("worker",)}
NO_TESTS: Final = 5  # pytest's exit code for "no tests collected"
FAILURE_CHARACTERS: Final = 400  # of a failed test, repeated beside the total


class Counts(NamedTuple):
    """How many tests ended how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class Outcome(NamedTuple):
    """What a part of the suite came to; `code` is pytest's, `failures` a line for each."""

    part: str
    code: int
    counts: Counts
    failures: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `test`; anything else goes to pytest."""
    parser.epilog = (
        "Other arguments go to pytest, which then runs alone: build.py test tests/unit -k sampler"
    )
    parser.add_argument(
        "--collector",
        action="store_true",
        help="build a stock OpenTelemetry Collector (needs Go, minutes, once) and test against it",
    )


def main(args: argparse.Namespace) -> int:
    """`build.py test`."""
    started = time.monotonic()
    bundle.ensure()
    harness.ensure()
    environ = tool_environ()
    if args.collector:
        from tasks import stock_collector

        try:
            environ["EDGETRACE_OTELCOL"] = str(stock_collector.build())
        except BuildError as exc:
            if exc.exit_code != stock_collector.CANNOT_BUILD_HERE:
                raise
            say(f"skipped: {exc}")  # no Go here, or no module proxy: its tests skip themselves
    if args.rest:
        return call([sys.executable, "-m", "pytest", *args.rest], cwd=ROOT, environ=environ)

    measured = [sys.executable, "-m", "coverage", "run", "-m", "pytest"]
    plain = [sys.executable, "-m", "pytest"]
    outcomes: list[Outcome] = []
    waits = threading.Thread(
        target=lambda: outcomes.extend(
            _pytest(part, plain, folders, environ) for part, folders in WAITING.items()
        )
    )
    waits.start()
    failed = []
    try:
        check.check_all()
    except BuildError as exc:
        failed.append("check")
        print(f"check: {exc}", file=sys.stderr)
    outcomes.append(_pytest("host", measured, HOST, environ))
    if call([sys.executable, "-m", "coverage", "report"], cwd=ROOT):
        failed.append("coverage")
    outcomes.append(_pytest("property", plain, PROPERTY, environ))
    waits.join()
    failed += [f"{outcome.part} tests" for outcome in outcomes if outcome.code]
    total = Counts(*map(sum, zip(*(outcome.counts for outcome in outcomes), strict=True)))
    for outcome in outcomes:
        for failure in outcome.failures:
            say(f"failed in {outcome.part}: {failure}")
    say(f"\ntotal: {total}")
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    if failed:
        raise BuildError(f"failed after {minutes} min {seconds} s: {', '.join(failed)}")
    say(f"build.py test: all green in {minutes} min {seconds} s")
    return 0


def _pytest(
    part: str, command: list[str], folders: tuple[str, ...], environ: dict[str, str]
) -> Outcome:
    """Run pytest over the folders that are there."""
    there = [f"tests/{folder}" for folder in folders if (ROOT / "tests" / folder).is_dir()]
    report = CACHE / f"junit-{part}.xml"
    report.unlink(missing_ok=True)
    options = ["-o", f"cache_dir=.cache/pytest-{part}", f"--junitxml={report}", "--durations=8"]
    code = relay([*command, *options, *there], f"{part:8} | ", cwd=ROOT, environ=environ)
    return Outcome(part, 0 if code == NO_TESTS else code, *read_report(report))


def read_report(report: Path) -> tuple[Counts, tuple[str, ...]]:
    """Read pytest's JUnit report: the counts, and a line for each test that failed.

    Zeros and no line if pytest did not get as far as writing it.
    """
    if not report.exists():
        return Counts(), ()
    root = ElementTree.parse(report).getroot()
    tests = failed = skipped = 0
    for suite in root.iter("testsuite"):
        tests += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    failures = [
        f"{case.get('classname')}::{case.get('name')}: {(end.get('message') or end.tag).strip()}"
        for case in root.iter("testcase")
        for end in case
        if end.tag in {"failure", "error"}
    ]
    lines = (" ".join(line.split())[:FAILURE_CHARACTERS] for line in failures)
    return Counts(tests - failed - skipped, failed, skipped), tuple(lines)
