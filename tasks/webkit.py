# SPDX-License-Identifier: MIT OR Apache-2.0
"""WebKitGTK with its driver: Debian's, by apt-get where they are missing.

The browser is MiniBrowser, which the driver's package brings and keeps beside the library, off
PATH. It draws on a display; Xvfb is one that nobody sees.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from tasks import apt

DRIVER: Final = "WebKitWebDriver"
DISPLAY: Final = "Xvfb"
PACKAGES: Final = ("webkit2gtk-driver", "xvfb", "fonts-dejavu-core")
# Debian has one folder per architecture and per version of the library's interface.
PLACES: Final = ("usr/lib/*/webkit2gtk-4.*/MiniBrowser", "usr/libexec/webkit2gtk-4.*/MiniBrowser")


def path() -> str | None:
    """Where MiniBrowser is."""
    found = sorted(one for place in PLACES for one in Path("/").glob(place))
    return str(found[-1]) if found else None


def ensure() -> None:
    """Have WebKitGTK, its driver and a display; on Debian install them if they are not (60 MB).

    Raises:
        BuildError: One of them is missing and we cannot install it here.
    """
    apt.ensure(_missing, PACKAGES, "webkit2gtk-driver xvfb")


def _missing() -> str:
    for name in (DRIVER, DISPLAY):
        if not shutil.which(name):
            return name
    return "" if path() else "MiniBrowser"
