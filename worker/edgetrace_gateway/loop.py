# SPDX-License-Identifier: MIT OR Apache-2.0
"""Requests that come back: a gateway whose origin is, by mistake, the gateway.

    edgetrace-via: shop, edge-2       each gateway adds its identity on the way to the origin

A header of our own, because the standard ones do harm here: `Via` turns gzip off in origins that
see a proxy in it (nginx, `gzip_proxied off` is the default), and `CDN-Loop` is Cloudflare's, which
acts on it, and not for others to change (RFC 8586, section 2).
"""

from __future__ import annotations

import re
from typing import Final

HEADER: Final = "edgetrace-via"
MAX_HOPS: Final = 8
"""Gateways that one request may pass; a chain of different ones is odd, eight are a mistake."""
LOOP_DETECTED: Final = 508
"""RFC 5842, section 7.2."""

_OTHER: Final = re.compile(r"[^!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MAX_IDENTITY_CHARS: Final = 64


def extend(value: str, identity: str) -> str | None:
    """The header for the request to the origin.

    Args:
        value: The header as it came, "" where there is none.
        identity: Of this gateway: its service's name, say; characters that no token may have
            become "-".

    Returns:
        The header's new value; None where the request was here before or passed too many gateways,
        to be answered 508.
    """
    own = _OTHER.sub("-", identity)[:_MAX_IDENTITY_CHARS] or "gateway"
    passed = [hop.strip() for hop in value.split(",", MAX_HOPS + 1) if hop.strip()]
    if own in passed or len(passed) >= MAX_HOPS:
        return None
    return ", ".join([*passed, own])
