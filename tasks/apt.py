# SPDX-License-Identifier: MIT OR Apache-2.0
"""Programs that are Debian's: on PATH, or installed by apt-get, or one line that says what to do.

Knows no program. Installing needs root, or a sudo that asks no password.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

from tasks.console import BuildError, run, step
from tasks.stamps import fetching, one_at_a_time


def ensure(missing: Callable[[], str], packages: Sequence[str], title: str) -> None:
    """Have what ``packages`` bring, installing them if they are not there.

    Args:
        missing: Names what is not there yet, "" if nothing.
        packages: Debian's names.
        title: What a person would install: the packages that are not mere company.

    Raises:
        BuildError: It is not there and we cannot install it here.
    """
    what = missing()
    if not what:
        return
    remedy = f"apt-get install {title} (or what your system calls them)"
    if shutil.which("apt-get") is None:
        raise BuildError(f"{what} is not on PATH and there is no apt-get. Remedy: {remedy}")
    become_root = _become_root()
    if become_root is None:
        raise BuildError(f"{what} is not on PATH; installing it needs root. Remedy: {remedy}")
    with one_at_a_time():
        if not missing():
            return  # who held the lock has installed it
        with step(f"installing {title.replace(' ', ' and ')} by apt-get, as root"):
            fetching("Debian's package archive", lambda: _install(become_root, packages))
    if what := missing():
        raise BuildError(
            f"apt-get installed {title}, but {what} is still not on PATH. "
            "Remedy: add /usr/bin to PATH"
        )


def _become_root() -> list[str] | None:
    """What to put before a command that needs root: nothing, sudo without a password, or None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def _install(become_root: list[str], packages: Sequence[str]) -> None:
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    apt += ["-o", "Acquire::Retries=2", "-o", "DPkg::Lock::Timeout=120"]
    failed_update = None
    try:
        run([*apt, "update"], what="apt-get update")
    except BuildError as exc:
        failed_update = exc  # of one source of several, perhaps; the others' lists are there
    try:
        run([*apt, "install", "-y", "--no-install-recommends", *packages], what="apt-get install")
    except BuildError as exc:
        raise failed_update or exc from exc
