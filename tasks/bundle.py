# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py bundle`."""

from __future__ import annotations

import argparse

from tasks.console import BuildError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bundle`."""


def main(args: argparse.Namespace) -> int:
    """`build.py bundle`."""
    raise BuildError("not there yet")
