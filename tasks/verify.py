# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py verify`: what is proved, simulated and fuzzed, for longer than a suite can wait.

    build.py verify simulate --pages 1000000      page views in seeded worlds, on all cores
    build.py verify simulate --seed 712 --pages 20          one world again
    build.py verify prove                         spin, z3, CrossHair, at their large bounds
    build.py verify fuzz --minutes 10             every target, together so many minutes
    build.py verify fuzz --target raw --input FILE          one input again
    build.py verify mutants                       planted bugs: each has to be found
    build.py verify all                           one after the other

The exit code is 0 if every promise was held. docs/verification.md says which promises.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tasks.console import BuildError, say

PARTS: Final = ("simulate", "prove", "fuzz", "mutants")
NIGHTLY_PAGES: Final = 1_000_000
NIGHTLY_MINUTES: Final = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `verify`."""
    parser.add_argument("part", choices=(*PARTS, "all"), help="what to verify")
    parser.add_argument("--pages", type=int, default=NIGHTLY_PAGES, help="page views to simulate")
    parser.add_argument("--seed", type=int, help="the first world's; drawn and printed if absent")
    parser.add_argument(
        "--minutes", type=float, default=NIGHTLY_MINUTES, help="of fuzzing, all targets together"
    )
    parser.add_argument("--target", help="fuzz this one only")
    parser.add_argument("--input", type=Path, metavar="FILE", help="try this one input only")


def main(args: argparse.Namespace) -> int:
    """`build.py verify`."""
    failed = []
    for part in PARTS if args.part == "all" else (args.part,):
        work: Callable[[argparse.Namespace], None]
        work = importlib.import_module(f"tasks.verify_{part}").main
        try:
            work(args)
        except BuildError as exc:
            say(f"verify {part}: {exc}")
            failed.append(part)
    if failed:
        raise BuildError(f"not as promised: {', '.join(failed)}")
    return 0
