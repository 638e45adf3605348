# SPDX-License-Identifier: MIT OR Apache-2.0
"""HTML for the tests' pages."""

from __future__ import annotations

AGENT = "/edgetrace/agent.js"
NO_ICON = "<link rel=icon href=data:,>"


def tag(source: str = AGENT, kind: str = "async", **options: str) -> str:
    """The script tag; `options` are its data-* attributes, in Python's spelling.

    Retries end within a second, so that a test of a broken endpoint does not wait for half a
    minute.
    """
    given = {"service_name": "shop", "export_timeout_ms": "1000", **options}
    data = " ".join(f'data-{name.replace("_", "-")}="{value}"' for name, value in given.items())
    return f'<script src="{source}" {data} {kind}></script>'


def resources(count: int, base: str = "") -> str:
    """That many elements which load something, of several kinds."""
    kinds = (
        '<script src="{}.js"></script>',
        '<img src="{}.svg" alt="">',
        '<link rel="stylesheet" href="{}.css">',
    )
    return "\n".join(kinds[n % len(kinds)].format(f"{base}/r/{n}") for n in range(count))


def html(head: str = "", body: str = "<p>Hello</p>") -> str:
    """A whole document."""
    return f"<!doctype html><html><head>{NO_ICON}{head}</head><body>{body}</body></html>"
