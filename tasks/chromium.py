# SPDX-License-Identifier: MIT OR Apache-2.0
"""A Chromium with its driver: the one on PATH, else Debian's by apt-get.

Browser builds that test tools download for themselves are not used: they come from hosts that a
closed network does not reach, and are one browser more to keep patched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

from tasks.console import BuildError, run, step
from tasks.stamps import fetching, one_at_a_time

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PACKAGES: Final = ("chromium", "chromium-driver", "fonts-dejavu-core")

# Chromium without a person, as root too, and without a word to hosts of its maker.
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path() -> str | None:
    """The first Chromium or Chrome on PATH."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def ensure() -> None:
    """Have a Chromium and its chromedriver on PATH; on Debian install them if they are not.

    Raises:
        BuildError: There is none and we cannot install it here.
    """
    if path() and shutil.which("chromedriver"):
        return
    missing = "Chromium" if not path() else "chromedriver"
    remedy = "apt-get install chromium chromium-driver (or what your system calls them)"
    if shutil.which("apt-get") is None:
        raise BuildError(f"{missing} is not on PATH and there is no apt-get. Remedy: {remedy}")
    become_root = _become_root()
    if become_root is None:
        raise BuildError(f"{missing} is not on PATH; installing it needs root. Remedy: {remedy}")
    with one_at_a_time(), step("installing chromium and chromium-driver by apt-get, as root"):
        fetching("Debian's package archive", lambda: _apt_install(become_root))
    if not (path() and shutil.which("chromedriver")):
        raise BuildError(
            f"apt-get installed chromium, but {missing} is still not on PATH. "
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


def _apt_install(become_root: list[str]) -> None:
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    apt += ["-o", "Acquire::Retries=2", "-o", "DPkg::Lock::Timeout=120"]
    failed_update = None
    try:
        run([*apt, "update"], what="apt-get update")
    except BuildError as exc:
        failed_update = exc  # of one source of several, perhaps; the others' lists are there
    try:
        run([*apt, "install", "-y", "--no-install-recommends", *PACKAGES], what="apt-get install")
    except BuildError as exc:
        raise failed_update or exc from exc
