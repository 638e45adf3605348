# SPDX-License-Identifier: MIT OR Apache-2.0
"""What proving and fuzzing need beside .venv: z3, CrossHair, atheris from PyPI, spin from Debian.

The Python packages are pinned by hash in requirements-verify.txt and live in a folder of their own,
.cache/verify, for 150 MB of solvers are nothing that every build should wait for. spin needs a C
compiler, since it proves by a program that it writes.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from tasks import apt
from tasks.console import run, step
from tasks.paths import AGENT, CACHE, REQUIREMENTS_VERIFY, ROOT, WORKER
from tasks.stamps import STAMP, digest, fetching, one_at_a_time, put_stamp, stamped

SITE: Final = CACHE / "verify"
SPIN_PACKAGES: Final = ("spin", "gcc", "libc6-dev")


def ensure_packages() -> None:
    """Have the Python packages in `SITE`.

    Raises:
        BuildError: pip could not install them.
    """
    expected = digest(REQUIREMENTS_VERIFY, "{}.{}".format(*sys.version_info[:2]))
    if stamped(SITE, expected):
        return
    with one_at_a_time():
        if stamped(SITE, expected):
            return
        with step("installing the solvers and the fuzzer"):
            fetching("the Python package index", lambda: _install(SITE))
        put_stamp(SITE, expected)


def _install(site: Path) -> None:
    (site / STAMP).unlink(missing_ok=True)
    shutil.rmtree(site, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
    command += ["--no-input", "--disable-pip-version-check", "--retries", "2"]
    command += ["--target", str(site), "-r", str(REQUIREMENTS_VERIFY)]
    run(command, what="pip install -r requirements-verify.txt", cwd=ROOT)


def ensure_spin() -> None:
    """Have spin and a C compiler on PATH; on Debian install them if they are not.

    Raises:
        BuildError: They are not there and we cannot install them here.
    """
    apt.ensure(_missing, SPIN_PACKAGES, "spin gcc")


def _missing() -> str:
    return next((name for name in ("spin", "gcc") if shutil.which(name) is None), "")


def environ() -> dict[str, str]:
    """Ours, by which a child's Python finds the packages, the agent and the tests."""
    folders = (AGENT, WORKER, ROOT, SITE)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONHASHSEED": "0"}


def see_the_tests() -> None:
    """Find the agent and the tests, here and in the processes that are started from here."""
    folders = environ()["PYTHONPATH"]
    sys.path[:0] = [folder for folder in folders.split(os.pathsep) if folder not in sys.path]
    os.environ["PYTHONPATH"] = folders
    os.chdir(ROOT)
