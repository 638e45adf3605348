# SPDX-License-Identifier: MIT OR Apache-2.0
"""The headers of the agent's own files.

They hold nothing of a visitor and are meant for pages of any origin, isolated ones too. A URL that
names the version in use, `?v=1.2.3`, stands for the same bytes for ever; any other is asked for
again after five minutes, so that a deployment reaches the pages that wrote no version.

Source: RFC 8246 (immutable); WHATWG Fetch, "Cross-Origin-Resource-Policy header"; Resource Timing,
"Timing-Allow-Origin".
"""

from __future__ import annotations

from typing import Final

from edgetrace._percent import percent_decode

IMMUTABLE: Final = "public, max-age=31536000, immutable"
SHORT: Final = "public, max-age=300, must-revalidate"
_BINARY: Final = "application/octet-stream"
_TYPES: Final = {
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "map": "application/json",
    "wasm": "application/wasm",  # compiled while it loads only under this name
    "zip": "application/zip",
    "whl": "application/zip",  # PEP 427
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "svg": "image/svg+xml",
}


def content_type(name: str) -> str:
    """By the name's end; bytes of no kind where that is not known."""
    return _TYPES.get(name.rpartition(".")[2].lower(), _BINARY)


def takes_brotli(accept_encoding: str) -> bool:
    """Whether a request's Accept-Encoding names br, and not to refuse it."""
    offers = (offer.partition(";") for offer in accept_encoding.lower().split(","))
    weights = {name.strip(): weight.replace(" ", "") for name, _, weight in offers}
    return weights.get("br", "q=0").rstrip("0.") != "q="


def file_headers(name: str, query: str, version: str) -> dict[str, str]:
    """A file's headers.

    Args:
        name: See `paths.Destination`.
        query: The URL's, without "?".
        version: Of the files that are served; "" where none is known.
    """
    pairs = [pair.partition("=") for pair in query.split("&")]
    asked = [percent_decode(value) for key, _, value in pairs if key == "v"]
    return {
        "content-type": content_type(name),
        "cache-control": IMMUTABLE if version and asked == [version] else SHORT,
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        "timing-allow-origin": "*",
        "x-content-type-options": "nosniff",
    }
