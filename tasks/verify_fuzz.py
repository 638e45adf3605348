# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py verify fuzz`: every target for its share of the minutes, or one input again."""

from __future__ import annotations

import argparse
import os

from tasks import verify_tools
from tasks.console import BuildError, say


def main(args: argparse.Namespace) -> None:
    """Fuzz.

    Raises:
        BuildError: An input broke a promise, or there is no such target.
    """
    verify_tools.ensure_packages()
    verify_tools.see_the_tests()
    from tests.fuzz import fuzz
    from tests.fuzz.targets import TARGETS

    if args.target and args.target not in TARGETS:
        raise BuildError(f"no target {args.target}; there are {', '.join(TARGETS)}")
    if args.input:
        TARGETS[args.target or args.input.parent.name](args.input.read_bytes())
        say("fuzz: that input breaks no promise")
        return
    targets = [args.target] if args.target else list(TARGETS)
    at_once = min(os.cpu_count() or 1, len(targets))
    seconds = max(1, round(args.minutes * 60 * at_once / len(targets)))
    say(f"fuzz: {len(targets)} targets, {seconds} s each, {at_once} at once")

    def tell(finding: fuzz.Finding) -> None:
        say(
            f"  {finding.target}: {'FAILED' if finding.failed else 'ok'}, {finding.inputs:,} inputs"
        )

    findings = fuzz.fuzz(targets, seconds, tell)
    failed = [finding for finding in findings if finding.failed]
    for finding in failed:
        say(f"\n{fuzz.replay(finding)}\n{finding.output}")
    if failed:
        raise BuildError(f"an input broke a promise: {', '.join(one.target for one in failed)}")
