# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whose pages may send: the site's own, those that the settings name, and nobody else's.

A browser says with each POST which origin the page is of. Who is no browser says what it likes, so
this keeps other sites' pages out, not people; for those there are the key and the rate limit.

Source: WHATWG Fetch, "CORS protocol" and "Origin header"; W3C Fetch Metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .settings import GatewaySettings, normal_origin

KEY_HEADER: Final = "x-edgetrace-key"
MAX_AGE_S: Final = 7_200
"""How long browsers keep a preflight's answer: Chromium's own ceiling."""

_REQUEST_HEADERS: Final = f"content-type, content-encoding, traceparent, tracestate, {KEY_HEADER}"


def is_allowed(headers: Mapping[str, str], settings: GatewaySettings, site_origin: str) -> bool:
    """Whether the page that sends is one of ours.

    Args:
        headers: The request's.
        settings: Names the origins beside the site's.
        site_origin: Of the request's own URL: `https://shop.example`.
    """
    if "*" in settings.allowed_origins:
        return True
    if "origin" not in headers:
        # No browser that is in use leaves it out of a cross-origin POST; Sec-Fetch-Site agrees.
        return headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    origin = normal_origin(headers["origin"])  # "null", a sandboxed frame's, is none
    return origin != "" and (
        origin == normal_origin(site_origin) or origin in settings.allowed_origins
    )


def answer_headers(
    headers: Mapping[str, str], settings: GatewaySettings, site_origin: str
) -> dict[str, str]:
    """What lets a page of another origin read the answer; for any answer to a POST.

    `Vary` is always there, so that no cache gives one origin's answer to another.
    """
    answer = {"vary": "origin"}
    origin = headers.get("origin", "").strip()
    if origin and is_allowed(headers, settings, site_origin):
        # Echoed and never "*", which sendBeacon's credentials would make browsers refuse.
        answer["access-control-allow-origin"] = origin
        answer["access-control-allow-credentials"] = "true"
        answer["access-control-expose-headers"] = "retry-after"
    return answer


def preflight(
    headers: Mapping[str, str], settings: GatewaySettings, site_origin: str
) -> tuple[int, dict[str, str]]:
    """Answer an OPTIONS request: 204 for pages that may send, 403 for others; with the headers."""
    answer = answer_headers(headers, settings, site_origin)
    if "access-control-allow-origin" not in answer:
        return (204 if "origin" not in headers else 403), {**answer, "allow": "POST, OPTIONS"}
    return 204, {
        **answer,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": _REQUEST_HEADERS,
        "access-control-max-age": str(MAX_AGE_S),
    }
