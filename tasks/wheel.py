# SPDX-License-Identifier: MIT OR Apache-2.0
"""The wheel, by hatchling, with plain sources: who installs it reads and debugs it.

Bytes matter where a visitor downloads the agent, and there it is edgetrace-agent.zip.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tasks.console import BuildError, run
from tasks.paths import PACKAGE, ROOT

# 2020-02-02, hatchling's own default; named here so that the environment cannot change the bytes.
SOURCE_DATE_EPOCH = "1580601600"


def version() -> str:
    """The version in agent/edgetrace/_version.py, which everything else takes it from."""
    for line in (PACKAGE / "_version.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION"):
            return line.partition('"')[2].partition('"')[0]
    raise BuildError("bundle: agent/edgetrace/_version.py has no line that begins with VERSION")


def build(folder: Path) -> Path:
    """Write edgetrace-<version>-py3-none-any.whl into ``folder``."""
    run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        what="hatchling build",
        cwd=ROOT,
        environ={"SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH},
    )
    return folder / f"edgetrace-{version()}-py3-none-any.whl"
