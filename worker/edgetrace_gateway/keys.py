# SPDX-License-Identifier: MIT OR Apache-2.0
"""Shared secrets, compared in a time that does not tell how much of one was right.

`hmac.compare_digest` would do, but `hmac` is not part of what Pyodide has loaded.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgetrace._protobuf import utf8


def same(given: str, expected: str) -> bool:
    """Whether two texts are equal; the time depends on the length of `given` alone.

    An empty `expected` equals nothing: it stands for a secret that was not set.
    """
    left, right = utf8(given), utf8(expected)
    if not right:
        return False
    difference = len(left) ^ len(right)
    for index, byte in enumerate(left):
        difference |= byte ^ right[index % len(right)]
    return difference == 0


def bearer(headers: Mapping[str, str]) -> str:
    """The token of `Authorization: Bearer <token>`, "" where there is none. RFC 6750, 2.1."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
