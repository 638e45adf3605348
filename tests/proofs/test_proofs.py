# SPDX-License-Identifier: MIT OR Apache-2.0
"""The proofs, within bounds that a suite can wait for; docs/verification.md says what they show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edgetrace import _breaker, _request_state
from tasks import verify_tools
from tasks.paths import ROOT
from tests.proofs import crosshair, spin
from tests.proofs.tables import MODEL, circuit_table, request_table

SECONDS_PER_CONTRACT = 2.0


def test_the_models_tables_are_the_codes() -> None:
    """What spin looks at moves by the tables that the exporter moves by, line for line."""
    text = MODEL.read_text()
    requests = {
        (state.name, signal.name): after.name
        for (state, signal), after in _request_state.TRANSITIONS.items()
    }
    circuits = {
        (state.name, news.name): after.name for (state, news), after in _breaker.TRANSITIONS.items()
    }
    assert request_table(text) == requests
    assert circuit_table(text) == circuits


def test_every_order_of_events_is_safe(tmp_path: Path) -> None:
    """Conservation, one probe, no KeyError and no deadlock hold in every state of the model."""
    verify_tools.ensure_spin()
    verdict = spin.check(tmp_path, spin.SMALL, liveness=False)
    print(f"{verdict.states} states")
    assert verdict.errors == 0, verdict.output[-2_000:]
    assert verdict.states > 10_000


def test_every_order_of_events_ends(tmp_path: Path) -> None:
    """Once the receiver answers, everything that ended is delivered or counted."""
    verify_tools.ensure_spin()
    verdict = spin.check(tmp_path, spin.SMALL, liveness=True)
    print(f"{verdict.states} states")
    assert verdict.errors == 0, verdict.output[-2_000:]


def test_spin_finds_a_second_probe(tmp_path: Path) -> None:
    """A breaker that leaves its window open when it fails is refused."""
    verify_tools.ensure_spin()
    text = MODEL.read_text()
    wrong = text.replace(":: news == FAILED -> window = 1", ":: news == FAILED -> skip")
    assert wrong != text
    assert spin.check(tmp_path, spin.SMALL, liveness=False, model=wrong).errors > 0


def with_z3(module: str) -> subprocess.CompletedProcess[str]:
    """Run a module in a process that has z3."""
    verify_tools.ensure_packages()
    environ = verify_tools.environ()
    command = [sys.executable, "-m", module]
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


def test_what_z3_proves() -> None:
    """Varints are canonical and come back, and ids of a view differ, for every 64-bit number."""
    done = with_z3("tests.proofs.smt")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_z3_proves_it_of_is_the_code() -> None:
    """The transcriptions give what the agent gives, at every boundary and at random."""
    done = with_z3("tests.proofs.transcribed")
    assert done.returncode == 0, done.stderr[-2_000:]


def test_crosshair_finds_no_counterexample() -> None:
    """Trace headers come back, and waits are bounded, as far as CrossHair comes in the time."""
    verify_tools.ensure_packages()
    assert crosshair.CONTRACTS
    assert crosshair.search(SECONDS_PER_CONTRACT) == []
