# SPDX-License-Identifier: MIT OR Apache-2.0
"""All targets, each in a process of its own, as many at once as there are cores."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from tasks import verify_tools
from tasks.paths import ROOT
from tests.fuzz.run import folder_of

_EXECUTIONS: Final = re.compile(r"number_of_executed_units:\s*(\d+)")
_FOUND: Final = re.compile(r"Test unit written to (\S+)")


class Finding(NamedTuple):
    """What became of one target.

    Attributes:
        inputs: How many were tried; 0 where the search does not say.
        file: What broke a promise, None for nothing.
        output: The last lines.
    """

    target: str
    failed: bool
    inputs: int
    file: Path | None
    output: str


def fuzz(
    targets: Iterable[str],
    seconds: int,
    tell: Callable[[Finding], object] = lambda finding: None,
) -> list[Finding]:
    """Fuzz each for so many seconds; `tell` hears of each that is done."""

    def one(target: str) -> Finding:
        finding = _fuzz(target, seconds)
        tell(finding)
        return finding

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, targets))


def _fuzz(target: str, seconds: int) -> Finding:
    command = [sys.executable, "-m", "tests.fuzz.run", target, str(seconds)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=verify_tools.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    inputs, found = _EXECUTIONS.search(done.stdout), _FOUND.search(done.stdout)
    return Finding(
        target,
        done.returncode != 0,
        int(inputs[1]) if inputs else 0,
        Path(found[1]) if found else None,
        done.stdout[-3_000:],
    )


def replay(finding: Finding) -> str:
    """The command that shows a finding again."""
    file = finding.file or folder_of(finding.target)
    return f"python3 build.py verify fuzz --target {finding.target} --input {file}"
