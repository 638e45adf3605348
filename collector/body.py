# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads a request body within limits: bytes on the wire first, then what they unpack to.

Both limits are one number, as in the OpenTelemetry Collector's confighttp (max_request_body_size,
20 MiB, which also bounds the decompressed size): a sender may not get more by compressing.
Must not know OTLP.

Sources: RFC 9110 8.4.1.3 (gzip), 15.5.14 (413), 15.5.16 (415); RFC 1952 2.2 (members); RFC 8878
3.1 (zstd frames).
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from collector.errors import RequestError, RpcCode

MAX_BODY_BYTES = 20 * 1024 * 1024
# A body that is too large is still read to its end up to this many times the limit, and thrown
# away: a server that answers and closes early resets the connection, and the sender then sees
# a broken pipe where it should see the 413 that tells it what to change.
_DRAIN_FACTOR = 4
# zlib's number for "gzip header and trailer expected". Source: zlib manual, inflateInit2.
_GZIP_WBITS = 31
_GZIP_HEADER_AND_TRAILER_BYTES = 18


async def read_body(
    chunks: AsyncIterable[bytes], declared_bytes: int | None, max_bytes: int
) -> bytes:
    """Collect a body of at most max_bytes.

    Args:
        chunks: The body as it arrives.
        declared_bytes: Content-Length, or None when the body is chunked.
        max_bytes: Upper bound, >= 1.

    Raises:
        RequestError: 413, once the body has been drained or is hopelessly large.
    """
    too_large = RequestError(
        413,
        RpcCode.RESOURCE_EXHAUSTED,
        f"the body is larger than {max_bytes:,} bytes; send smaller batches",
    )
    if declared_bytes is not None and declared_bytes > max_bytes * _DRAIN_FACTOR:
        raise too_large
    received = bytearray()
    total = 0
    async for chunk in chunks:
        total += len(chunk)
        if total > max_bytes * _DRAIN_FACTOR:
            raise too_large
        if total <= max_bytes:
            received += chunk
        else:
            received.clear()
    if total > max_bytes:
        raise too_large
    return bytes(received)


def decompress(body: bytes, content_encoding: str, max_bytes: int) -> bytes:
    """Undo a Content-Encoding without ever holding more than max_bytes of output.

    Args:
        body: As received.
        content_encoding: The header's value; "" and "identity" mean none.
        max_bytes: Upper bound of what the body may unpack to, >= 1.

    Raises:
        RequestError: 415 for a coding other than gzip and, where this Python has it, zstd; 400 for
            damaged data, 413 for a bomb.
    """
    coding = content_encoding.strip().lower()
    if coding in ("", "identity"):
        return body
    if coding in ("gzip", "x-gzip"):
        return _unpack("gzip", lambda: zlib.decompressobj(_GZIP_WBITS), zlib.error, body, max_bytes)
    if coding == "zstd" and _zstd is not None:
        return _unpack("zstd", _zstd.ZstdDecompressor, _zstd.ZstdError, body, max_bytes)
    choice = "gzip" if _zstd is None else "gzip, zstd"
    raise RequestError(
        415,
        RpcCode.INVALID_ARGUMENT,
        f"Content-Encoding {coding[:40]!r} is not supported; use {choice} or none",
        {"accept-encoding": f"{choice}, identity"},
    )


def _find_zstd() -> Any:
    """Python's own from 3.14 on, else the same for older ones from PyPI, else None."""
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ModuleNotFoundError):
            return import_module(name)
    return None


_zstd: Final = _find_zstd()


def _unpack(
    coding: str,
    member: Callable[[], Any],
    error: type[Exception],
    body: bytes,
    max_bytes: int,
) -> bytes:
    """Unpack gzip's members, or zstd's frames, one after the other.

    Args:
        coding: For messages.
        member: Makes a decompressor of one.
        error: What it raises.
        body: As received.
        max_bytes: Upper bound of the whole.
    """
    parts: list[bytes] = []
    total = 0
    rest = body
    while rest or not parts:
        if coding == "gzip" and 0 < len(rest) < _GZIP_HEADER_AND_TRAILER_BYTES:
            raise _damaged(coding, "the data ends early")
        one = member()
        try:
            part = one.decompress(rest, max_bytes - total + 1)
        except error as exc:
            raise _damaged(coding, str(exc)) from exc
        total += len(part)
        if total > max_bytes:
            raise RequestError(
                413,
                RpcCode.RESOURCE_EXHAUSTED,
                f"the {coding} body unpacks to more than {max_bytes:,} bytes; send smaller batches",
            )
        if not one.eof:
            raise _damaged(coding, "the data ends early")
        parts.append(part)
        rest = one.unused_data
    return b"".join(parts)


def _damaged(coding: str, cause: str) -> RequestError:
    return RequestError(
        400,
        RpcCode.INVALID_ARGUMENT,
        f"Content-Encoding is {coding}, but the body is not valid {coding}: {cause}",
    )
