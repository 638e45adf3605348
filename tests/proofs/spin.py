# SPDX-License-Identifier: MIT OR Apache-2.0
"""Has spin look at every order of events in models/export.pml, within a bound.

    safety    asserts and deadlocks          liveness    ltl settled, under weak fairness

spin writes a C program, gcc compiles it, it looks at every state that can be reached; "errors: 0"
is its verdict, anything else a failure with the trail that leads there.

Source: G. Holzmann, "The SPIN Model Checker", 2004; spin(1), "pan" run-time options.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from tasks.console import BuildError, run
from tests.proofs.tables import MODEL

_VERDICT: Final = re.compile(r"errors: (\d+)\s+([\d.e+]+) states, stored")
_DEPTH: Final = 200_000


class Bound(NamedTuple):
    """How large a world is looked at.

    Attributes:
        spans: That end.
        queue: How many of them may wait.
    """

    spans: int
    queue: int


SMALL: Final = Bound(2, 2)
"""In the suite: seconds."""
LARGE: Final = Bound(4, 3)
"""In a nightly: minutes."""


class Verdict(NamedTuple):
    """What was looked at, and whether all of it was as claimed."""

    states: int
    errors: int
    output: str


def check(
    folder: Path, bound: Bound, *, liveness: bool, model: str | None = None, timeout_s: float = 900
) -> Verdict:
    """Look at all states.

    Args:
        folder: For what spin and gcc write; empty.
        bound: See `Bound`.
        liveness: Whether to prove `ltl settled`, else asserts and the absence of deadlocks.
        model: The text to check in place of the model's own.
        timeout_s: Of each step, in seconds.

    Raises:
        BuildError: The model cannot be compiled, or there was no end in time.
    """
    source = folder / "export.pml"
    source.write_text(model or MODEL.read_text())
    sizes = [f"-DSPANS={bound.spans}", f"-DQUEUE={bound.queue}"]
    run(["spin", "-a", *sizes, source.name], what="spin -a", cwd=folder)
    kind = ["-DNFAIR=3"] if liveness else ["-DSAFETY", "-DNOCLAIM"]
    flags = ["-O1", "-w", "-DCOLLAPSE", "-DMEMLIM=2048", *kind]
    run(["gcc", *flags, "-o", "pan", "pan.c"], what="gcc pan.c", cwd=folder, timeout_s=timeout_s)
    how = ["-a", "-f"] if liveness else []
    command = ["./pan", *how, f"-m{_DEPTH}"]
    output = run(command, what="pan", cwd=folder, timeout_s=timeout_s)
    found = _VERDICT.search(output.replace("\n", " "))
    if found is None or "max search depth too small" in output:
        raise BuildError(f"spin did not look at everything:\n{output[-1_500:]}")
    return Verdict(int(float(found[2])), int(found[1]), output)
