# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether a visitor lets themselves be measured: one word for the script tag and for what is sent.

Source: Global Privacy Control, "The Sec-GPC Header Field"; Tracking Preference Expression, 5.2;
RFC 6265, section 5.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .settings import GatewaySettings

PRIVACY_SIGNAL: Final = "privacy_signal"
NO_CONSENT: Final = "no_consent"


def withheld(headers: Mapping[str, str], settings: GatewaySettings) -> str:
    """Why nothing may be measured: `PRIVACY_SIGNAL`, `NO_CONSENT`, or "" where it may."""
    if settings.privacy_signals == "respect" and (
        headers.get("sec-gpc", "").strip() == "1" or headers.get("dnt", "").strip() == "1"
    ):
        return PRIVACY_SIGNAL
    cookie = settings.consent_cookie
    if cookie is not None and "=".join(cookie) not in _cookies(headers.get("cookie", "")):
        return NO_CONSENT
    return ""


def _cookies(header: str) -> list[str]:
    return [pair.strip() for pair in header.split(";")]
