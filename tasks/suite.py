# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py test`: bundle, check, then every test, and one closing line."""

from __future__ import annotations

import argparse
import sys

from tasks.console import call, say
from tasks.node import tool_environ
from tasks.paths import ROOT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `test`; anything else goes to pytest."""
    parser.epilog = "Other arguments go to pytest, for example: build.py test tests/unit -k sampler"


def main(args: argparse.Namespace) -> int:
    """`build.py test`."""
    code = call([sys.executable, "-m", "pytest", *args.rest], cwd=ROOT, environ=tool_environ())
    say("all green" if code == 0 else f"pytest: exit code {code}")
    return code
