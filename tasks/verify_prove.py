# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py verify prove`: the model at its large bound, z3's claims, CrossHair for longer."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tasks import verify_tools
from tasks.console import BuildError, say, step
from tasks.paths import ROOT

SECONDS_PER_CONTRACT: Final = 60.0
SPIN_TIMEOUT_S: Final = 3_600.0


def main(args: argparse.Namespace) -> None:
    """Prove.

    Raises:
        BuildError: Something was not proved.
    """
    verify_tools.ensure_packages()
    verify_tools.ensure_spin()
    verify_tools.see_the_tests()
    from tests.proofs import crosshair, spin

    failed = []
    for liveness in (False, True):
        name = "liveness" if liveness else "safety"
        with step(f"spin: {name} of models/export.pml"), tempfile.TemporaryDirectory() as folder:
            verdict = spin.check(
                Path(folder), spin.LARGE, liveness=liveness, timeout_s=SPIN_TIMEOUT_S
            )
        say(f"    {verdict.states:,} states, errors: {verdict.errors}")
        if verdict.errors:
            failed.append(name)
            say(verdict.output[-2_000:])
    for module in ("tests.proofs.smt", "tests.proofs.transcribed"):
        with step(f"z3: {module}"):
            done = subprocess.run(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=verify_tools.environ(),
                capture_output=True,
                text=True,
                check=False,
            )
        say(f"    {done.stdout.strip() or 'as the code'}")
        if done.returncode:
            failed.append(module)
            say(done.stderr)
    with step(f"CrossHair: {len(crosshair.CONTRACTS)} contracts"):
        found = crosshair.search(SECONDS_PER_CONTRACT)
    if found:
        failed.append("CrossHair")
        say("\n".join(found))
    if failed:
        raise BuildError(f"not proved: {', '.join(failed)}")
