# SPDX-License-Identifier: MIT OR Apache-2.0
"""gzip from strangers: whatever is sent, no more memory is used than was allowed.

Source: RFC 1952; a file may have several members, section 2.2.
"""

from __future__ import annotations

import zlib
from typing import Final

MAX_MEMBERS: Final = 64
"""Browsers write one. Each costs a copy of what follows it, so that many would be quadratic."""

_GZIP: Final = 16 + zlib.MAX_WBITS


class TooLarge(ValueError):
    """The content is larger than was allowed."""


class Damaged(ValueError):
    """The bytes are not gzip, or not all of it."""


def gunzip(body: bytes, max_bytes: int) -> bytes:
    """Expand gzip, at most to `max_bytes`.

    Raises:
        TooLarge: There is more; found out with `max_bytes` + 1 in memory, not later.
        Damaged: No gzip, cut off, a wrong checksum, other bytes after it, over `MAX_MEMBERS`.
    """
    parts: list[bytes] = []
    room = max_bytes
    rest = body
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP)
        try:
            part = member.decompress(rest, room + 1)  # one more than is left, so that it shows
        except zlib.error as error:
            raise Damaged(f"the body is not gzip: {error}") from None
        room -= len(part)
        if room < 0:
            raise TooLarge(f"the content is larger than {max_bytes} bytes")
        parts.append(part)
        if not member.eof:
            raise Damaged("the gzip body is cut off")
        rest = member.unused_data
        if not rest:
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise Damaged(f"the gzip body has over {MAX_MEMBERS} members")
