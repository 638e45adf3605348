# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py bench`."""

from __future__ import annotations

import argparse

from tasks.console import BuildError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bench`."""


def main(args: argparse.Namespace) -> int:
    """`build.py bench`."""
    raise BuildError("not there yet")
