# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py verify simulate`: page views from a seed on; a broken promise names its seed."""

from __future__ import annotations

import argparse
import random
import time

from tasks import verify_tools
from tasks.console import BuildError, say

SHOWN: int = 3
SAY_EVERY_S: float = 15.0


def main(args: argparse.Namespace) -> None:
    """Simulate.

    Raises:
        BuildError: A promise was broken.
    """
    verify_tools.see_the_tests()
    from tests.simulation import volume
    from tests.simulation.draw import PAGES

    worlds = max(1, -(-args.pages // PAGES))
    seed = random.randrange(10**9) if args.seed is None else args.seed
    say(f"simulate: {worlds * PAGES:,} page views, seeds {seed} to {seed + worlds - 1}")
    started = said = time.monotonic()

    def tell(done: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said > SAY_EVERY_S:
            said = now
            say(f"  {done * PAGES:,} of {worlds * PAGES:,}, {now - started:.0f} s")

    total = volume.run(seed, worlds, tell)
    outcome = total.outcome
    say(
        f"  {outcome.reported:,} entries reported, {outcome.arrived:,} arrived, "
        f"{outcome.lost:,} counted lost, {outcome.excused:,} died with a killed process; "
        f"{outcome.duplicates:,} spans came again, all with the same bytes; "
        f"{outcome.requests:,} requests, {time.monotonic() - started:.0f} s"
    )
    for failure in total.failures[:SHOWN]:
        say(f"\n{volume.replay(failure.seed)}\n{failure.message}")
    if total.failures:
        raise BuildError(f"{len(total.failures)} of {worlds} worlds broke a promise")
