# SPDX-License-Identifier: MIT OR Apache-2.0
"""A Firefox: the one on PATH, else Debian's by apt-get. It is driven over WebDriver BiDi, which it
speaks itself; a driver beside it is not needed.
"""

from __future__ import annotations

import shutil
from typing import Final

from tasks import apt

NAMES: Final = ("firefox-esr", "firefox")
PACKAGES: Final = ("firefox-esr", "fonts-dejavu-core")

# A Firefox that nobody watches: no first-run pages, no updates, no word to hosts of its maker.
PREFERENCES: Final[dict[str, bool | int | str]] = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.chrome.site_icons": False,
    "browser.contentblocking.updateURL": "",
    "browser.newtabpage.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "captivedetect.canonicalURL": "",
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disableIPv6": True,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.server": "data:,",
}


def path() -> str | None:
    """The first Firefox on PATH."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def ensure() -> None:
    """Have a Firefox on PATH; on Debian install it if there is none (81 MB).

    Raises:
        BuildError: There is none and we cannot install it here.
    """
    apt.ensure(lambda: "" if path() else "Firefox", PACKAGES, PACKAGES[0])
