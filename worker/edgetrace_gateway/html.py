# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is written into pages and their headers: the script tag, and the trace they belong to.

Source: WHATWG HTML, "Attributes", "Escaping a string"; W3C Trace Context Level 2; W3C Server
Timing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from edgetrace._propagation import format_traceparent, parse_traceparent

_NAME: Final = re.compile(r"data-[a-z0-9-]+")
_ABSOLUTE: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)


def script_tag(
    src: str, attributes: Mapping[str, str], nonce: str = "", integrity: str = ""
) -> str:
    """The agent's script tag.

    Args:
        src: The loader's URL.
        attributes: By full name, as in `data-service-name`; others than `data-*` are left out.
        nonce: Of the page's policy; see `csp.csp_nonce`.
        integrity: The loader's hash, as in `sha384-...`. Subresource Integrity, section 3.
    """
    given = {"src": src}
    given.update({name: text for name, text in attributes.items() if _NAME.fullmatch(name)})
    if nonce:
        given["nonce"] = nonce
    if integrity:
        given["integrity"] = integrity
        if _ABSOLUTE.match(src):  # a hash of another origin's file needs its permission to read
            given["crossorigin"] = "anonymous"
    inner = " ".join([f'{name}="{_escape(text)}"' for name, text in given.items()])
    return f"<script {inner} async></script>"


def traceparent_meta(value: str) -> str:
    """The <meta> by which a page learns its trace; "" for what is no traceparent."""
    text = _checked(value)
    return f'<meta name="traceparent" content="{text}">' if text else ""


def server_timing(traceparent: str) -> str:
    """The same as a Server-Timing metric, to be added to those of the origin; "" likewise."""
    text = _checked(traceparent)
    return f'traceparent;desc="{text}"' if text else ""


def _checked(traceparent: str) -> str:
    context = parse_traceparent(traceparent)
    return format_traceparent(context) if context else ""


def _escape(text: str) -> str:
    return (
        text.replace("&", "&amp;")
        .replace('"', "&quot;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\0", "\ufffd")
    )
