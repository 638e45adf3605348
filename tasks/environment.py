# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes this machine ready; stdlib only, for it runs before anything is installed.

part      made by                                          stamp holds
python    venv + pip install --require-hashes, below       requirements-dev.txt, this Python
node      npm ci aside, then one rename (node.py)          package.json and lock, Node's version
wrangler  the same in worker/                              the same
wheels    pip download aside, then one rename (wheels.py)  requirements-pyodide.txt
chromium  apt-get, if it is not on PATH (chromium.py)      nothing: PATH decides
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tasks import chromium, node, wheels
from tasks.console import BuildError, run, step
from tasks.paths import REQUIREMENTS, ROOT, VENV, VENV_PYTHON
from tasks.stamps import STAMP, digest, fetching, one_at_a_time, put_stamp, stamped


def inside_venv() -> bool:
    """Whether this process already runs .venv's Python."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def ensure_python(fresh: bool = False) -> None:
    """Make .venv match requirements-dev.txt.

    Args:
        fresh: Make it anew even if it seems right. Only from outside .venv.

    Raises:
        BuildError: The venv could not be made, or pip could not install.
    """
    version = "{}.{}".format(*sys.version_info[:2])
    expected = digest(REQUIREMENTS, version)
    if not fresh and VENV_PYTHON.exists() and stamped(VENV, expected):
        return
    with one_at_a_time():
        if not fresh and VENV_PYTHON.exists() and stamped(VENV, expected):
            return
        (VENV / STAMP).unlink(missing_ok=True)
        if not inside_venv() and (fresh or not _venv_works(version)):
            with step(f"making .venv with Python {version}"):
                _make_venv()
        with step("installing the pinned Python packages"):
            fetching("the Python package index", _pip_install)
        put_stamp(VENV, expected)


def _venv_works(version: str) -> bool:
    """Whether .venv holds a Python of this version that starts and has pip."""
    if not VENV_PYTHON.exists():
        return False
    question = "import sys, pip; print('{}.{}'.format(*sys.version_info[:2]))"
    answer = subprocess.run(
        [VENV_PYTHON, "-c", question], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() == version


def _make_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    # Debian ships ensurepip apart, in python3-venv; pip can then fill the venv from outside.
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    try:
        venv.create(VENV, with_pip=has_ensurepip, symlinks=os.name != "nt")
        if not has_ensurepip:
            command = [sys.executable, "-m", "pip", "--python", VENV_PYTHON, "install", "-q", "pip"]
            fetching("the Python package index", lambda: run(command, what="pip install pip"))
    except BaseException as exc:
        shutil.rmtree(VENV, ignore_errors=True)
        if isinstance(exc, subprocess.CalledProcessError | OSError):
            raise BuildError(
                f"{sys.executable} cannot make a virtual environment: {exc}. "
                "On Debian and Ubuntu: apt-get install python3-venv"
            ) from exc
        raise


def _pip_install() -> None:
    command = [VENV_PYTHON, "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
    command += ["--no-input", "--disable-pip-version-check", "--retries", "2", "-r", REQUIREMENTS]
    run(command, what="pip install -r requirements-dev.txt", cwd=ROOT)


def restart_inside_venv(arguments: list[str]) -> None:
    """Replace this process by the same command under .venv's Python, unless it is that already."""
    if inside_venv():
        return
    sys.stdout.flush()
    command = [str(VENV_PYTHON), str(ROOT / "build.py"), *arguments]
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


PARTS: Final[dict[str, Callable[[], None]]] = {
    "python": ensure_python,
    "node": node.ensure,
    "wrangler": node.ensure_wrangler,
    "wheels": wheels.ensure,
    "chromium": chromium.ensure,
}
