# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py check`."""

from __future__ import annotations

import argparse

from tasks.console import BuildError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `check`."""


def main(args: argparse.Namespace) -> int:
    """`build.py check`."""
    raise BuildError("not there yet")
