# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pure wheels for the Python inside Pyodide: micropip, and what pytest-pyodide's tests need there.

npm's pyodide names them in its lock file but carries none, and its CDN need not be reachable.
"""

from __future__ import annotations

import shutil

from tasks.console import run, step
from tasks.paths import CACHE, REQUIREMENTS_PYODIDE, ROOT, VENV_PYTHON, WHEELS
from tasks.stamps import digest, fetching, one_at_a_time, put_stamp, stamped


def ensure() -> None:
    """Make .cache/pyodide-wheels match requirements-pyodide.txt.

    Raises:
        BuildError: pip could not fetch them.
    """
    expected = digest(REQUIREMENTS_PYODIDE)
    if stamped(WHEELS, expected):
        return
    with one_at_a_time():
        if stamped(WHEELS, expected):
            return
        work = CACHE / "pyodide-wheels.new"
        shutil.rmtree(work, ignore_errors=True)
        command = [VENV_PYTHON, "-m", "pip", "download", "--require-hashes", "--no-deps"]
        command += ["--only-binary", ":all:", "--python-version", "3.14", "--retries", "2"]
        command += ["--disable-pip-version-check", "-d", work, "-r", REQUIREMENTS_PYODIDE]
        with step("fetching the pinned wheels for Pyodide"):
            fetching(
                "the Python package index",
                lambda: run(command, what="pip download -r requirements-pyodide.txt", cwd=ROOT),
            )
        put_stamp(work, expected)
        shutil.rmtree(WHEELS, ignore_errors=True)
        work.rename(WHEELS)
