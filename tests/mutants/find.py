# SPDX-License-Identifier: MIT OR Apache-2.0
"""Plants each bug in a process of its own, as many at once as there are cores, and says which were
found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tasks import verify_tools
from tasks.paths import ROOT
from tests.mutants import child, planted

NAMES = tuple(plant.__name__ for plant in planted.ALL)


class Search(NamedTuple):
    """What came of one planted bug, or of none where `name` is ""."""

    name: str
    found: bool
    reason: str


def find(
    names: Iterable[str], tell: Callable[[Search], object] = lambda search: None
) -> list[Search]:
    """Search for each; `tell` hears of each that is done."""

    def one(name: str) -> Search:
        search = _search(name)
        tell(search)
        return search

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, names))


def _search(name: str) -> Search:
    done = subprocess.run(
        [sys.executable, "-m", child.__name__, *([name] if name else [])],
        cwd=ROOT,
        env=verify_tools.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    told = [line for line in lines if "Error: " in line or "Violation: " in line] or lines
    return Search(name, done.returncode != 0, told[-1][:160] if told else "")
