# SPDX-License-Identifier: MIT OR Apache-2.0
"""One planted bug in a process of its own: `python -m tests.mutants.child [NAME]`.

The exit code is 0 if whoever is to find it has found nothing, and the last line of what is printed
says what was found. Without a name nothing is planted, and everything is searched.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.mutants import planted

WORLDS = 160
"""Each planted bug shows within 80; this many without one show that it is the bug that is found."""
FUZZ_SECONDS = 3


def search(name: str) -> None:
    """Plant a bug and look for it.

    Raises:
        Exception: It was found.
    """
    plants = {plant.__name__: plant for plant in planted.ALL}
    if name:
        plants[name]()
    if not name or plants[name] in planted.SIMULATED:
        from tests.simulation.draw import simulate

        for seed in range(WORLDS):
            simulate(seed)
    if not name or plants[name] in planted.COMPARED:
        from tests.proofs import transcribed

        transcribed.check()
    fuzzed = {plant.__name__: target for plant, target in planted.FUZZED.items()}
    for target in [fuzzed[name]] if name in fuzzed else [] if name else fuzzed.values():
        _fuzz(target)


def _fuzz(target: str) -> None:
    from tests.fuzz import run
    from tests.fuzz.targets import TARGETS

    for path in sorted((run.CORPUS / target).iterdir()):
        TARGETS[target](path.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        run.main(target, FUZZ_SECONDS, None, Path(folder))


if __name__ == "__main__":
    search(sys.argv[1] if len(sys.argv) > 1 else "")
