# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs CrossHair on contracts.py, each contract for so many seconds, and reads what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Final

from tasks import verify_tools
from tasks.paths import ROOT
from tests.proofs import contracts

CONTRACTS: Final = tuple(
    name
    for name, value in vars(contracts).items()
    if getattr(value, "__module__", "") == contracts.__name__
)
_FOUND: Final = re.compile(r"contracts\.py:\d+: error: (.*)")


def search(seconds: float) -> list[str]:
    """Look for counterexamples, for so many seconds per contract.

    Returns:
        Those found, in CrossHair's words.

    Raises:
        AssertionError: CrossHair could not run.
    """
    options = ["--analysis_kind=asserts", f"--per_condition_timeout={seconds}"]
    options.append(f"--per_path_timeout={max(seconds / 4, 1.0)}")
    names = [f"{contracts.__name__}.{name}" for name in CONTRACTS]
    command = [sys.executable, "-m", "crosshair", "check", *options, *names]
    done = subprocess.run(
        command, cwd=ROOT, env=verify_tools.environ(), capture_output=True, text=True, check=False
    )
    found = _FOUND.findall(done.stdout)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert bool(found) == (done.returncode == 1), done.stdout + done.stderr
    return found
