# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py check`: format, lint and types of Python and TypeScript, side by side; no test.

All of them run even if one fails, so that one run shows everything there is to mend.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from tasks.console import BuildError, say
from tasks.node import tool_environ
from tasks.paths import BROWSER, ROOT, VENV_BIN


class Check(NamedTuple):
    """One tool run: its name, its command, where it runs, how a person mends what it finds."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    remedy: str = ""


FIX: Final = "python3 build.py check --fix"
CHECKS: Final = (
    Check("mypy", ("mypy",)),
    Check("tsc", ("npm", "run", "--silent", "typecheck"), BROWSER),
    Check("ruff format", ("ruff", "format", "--check"), remedy=FIX),
    Check("ruff check", ("ruff", "check", "--quiet", "--output-format=concise"), remedy=FIX),
)
FIXES: Final = (
    Check("ruff check --fix", ("ruff", "check", "--fix", "--quiet", "--exit-zero")),
    Check("ruff format", ("ruff", "format", "--quiet")),
)


def _run(check: Check) -> tuple[int, str, float]:
    """Exit code, output and seconds of one check."""
    started = time.monotonic()
    child = subprocess.run(
        [str(VENV_BIN / check.command[0]), *check.command[1:]],
        cwd=check.folder,
        env={**os.environ, **tool_environ()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return child.returncode, child.stdout, time.monotonic() - started


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `check`."""
    parser.add_argument("--fix", action="store_true", help="first mend what ruff can mend")


def main(args: argparse.Namespace) -> int:
    """`build.py check`."""
    for fix in FIXES if args.fix else ():
        _run(fix)
    check_all()
    return 0


def check_all() -> None:
    """Run every check.

    Raises:
        BuildError: At least one found something; all findings have been shown.
    """
    with ThreadPoolExecutor(2) as pool:  # two tools at once: this is sized for two cores
        results = list(pool.map(_run, CHECKS))
    failed = []
    for check, (code, output, seconds) in zip(CHECKS, results, strict=True):
        say(f"  {check.name}: {'ok' if code == 0 else 'failed'} ({seconds:.1f} s)")
        if code:
            say(output.rstrip())
            failed.append(check.name + (f" (mend: {check.remedy})" if check.remedy else ""))
    if failed:
        raise BuildError(f"{', '.join(failed)} found something, see above")
