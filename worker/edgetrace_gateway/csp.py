# SPDX-License-Identifier: MIT OR Apache-2.0
"""The nonce by which a page's Content-Security-Policy lets scripts in.

    Content-Security-Policy: default-src 'self'; script-src 'nonce-r4nd0m' 'strict-dynamic'

Source: Content Security Policy Level 3, "Parse a serialized CSP", "Get the effective directive for
inline checks", grammar of nonce-source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_NONCE: Final = re.compile(r"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE)
"""Nothing else is a nonce, and so nothing that would end an attribute."""
_DIRECTIVES: Final = ("script-src-elem", "script-src", "default-src")


def csp_nonce(headers: Mapping[str, str]) -> str:
    """The nonce to put on a script tag, "" where no policy has one.

    Args:
        headers: The response's; several policies are joined by commas, which no policy contains.

    Returns:
        One that all policies with nonces accept, if there is one; else the first.
    """
    accepted = [
        nonces
        for policy in headers.get("content-security-policy", "").split(",")
        if (nonces := _nonces(policy))
    ]
    if not accepted:
        return ""
    common = [nonce for nonce in accepted[0] if all(nonce in nonces for nonces in accepted)]
    return (common or accepted[0])[0]


def _nonces(policy: str) -> list[str]:
    found: dict[str, list[str]] = {}
    for directive in policy.split(";"):
        words = directive.split()
        if words:  # of a repeated directive the first counts
            nonces = [match[1] for match in map(_NONCE.fullmatch, words[1:]) if match]
            found.setdefault(words[0].lower(), nonces)
    for name in _DIRECTIVES:
        if name in found:
            return found[name]
    return []
