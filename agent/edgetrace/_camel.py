# SPDX-License-Identifier: MIT OR Apache-2.0
"""Names as JavaScript writes them."""

from __future__ import annotations


def camel_case(name: str) -> str:
    """`response_end` as `responseEnd`."""
    head, *tail = name.split("_")
    return head + "".join([part.title() for part in tail])
