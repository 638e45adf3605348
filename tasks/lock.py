# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py lock`: pyproject's dependency groups, resolved and hash-pinned by uv.

    requirements-dev.txt      group dev, for every Python >= 3.11 and every platform at once
    requirements-pyodide.txt  group pyodide, for the Python inside Pyodide
    requirements-verify.txt   group verify, as the first

uv itself is no part of the environment: it is only needed here, so it gets a folder of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tasks.console import run, step
from tasks.paths import CACHE, REQUIREMENTS, REQUIREMENTS_PYODIDE, REQUIREMENTS_VERIFY, ROOT
from tasks.stamps import fetching

UV = "uv>=0.9,<1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `lock`."""
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest versions, not the locked ones"
    )


def main(args: argparse.Namespace) -> int:
    """`build.py lock`."""
    folder = CACHE / "uv"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", folder]
    with step("installing uv"):
        fetching("the Python package index", lambda: run([*install, UV], what="pip install uv"))
    uv = folder / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    for group, path, python in (
        ("dev", REQUIREMENTS, ["--universal", "--python-version", "3.11"]),
        ("pyodide", REQUIREMENTS_PYODIDE, ["--python-version", "3.14"]),
        ("verify", REQUIREMENTS_VERIFY, ["--universal", "--python-version", "3.11"]),
    ):
        with step(f"resolving {path.name}"):
            _compile(uv, group, path, [*python, *(["--upgrade"] if args.upgrade else [])])
    return 0


def _compile(uv: Path, group: str, path: Path, options: list[str]) -> None:
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--generate-hashes"]
    command += ["--group", group, *options, "--output-file", path.name]
    fetching("the Python package index", lambda: run(command, what="uv pip compile", cwd=ROOT))
