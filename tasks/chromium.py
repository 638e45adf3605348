# SPDX-License-Identifier: MIT OR Apache-2.0
"""A Chromium with its driver: the one on PATH, else Debian's by apt-get.

Browser builds that test tools download for themselves are not used: they come from hosts that a
closed network does not reach, and are one browser more to keep patched.
"""

from __future__ import annotations

import shutil
from typing import Final

from tasks import apt

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
PLAYWRIGHT_FLAGS: Final = tuple(flag for flag in FLAGS if flag != "--headless")
"""Playwright says `--headless` itself."""


def path() -> str | None:
    """The first Chromium or Chrome on PATH."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def ensure() -> None:
    """Have a Chromium and its chromedriver on PATH; on Debian install them if they are not.

    Raises:
        BuildError: There is none and we cannot install it here.
    """
    apt.ensure(_missing, PACKAGES, "chromium chromium-driver")


def _missing() -> str:
    if not path():
        return "Chromium"
    return "" if shutil.which("chromedriver") else "chromedriver"
