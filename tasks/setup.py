# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py setup`: only the making ready, which every task also does as far as it needs it."""

from __future__ import annotations

import argparse

from tasks.console import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `setup`."""
    parser.add_argument(
        "--fresh", action="store_true", help="make .venv anew even if it seems right"
    )


def main(args: argparse.Namespace) -> int:
    """Everything is ready when this is reached."""
    say("ready")
    return 0
