# SPDX-License-Identifier: MIT OR Apache-2.0
"""Requests and responses across the boundary: headers at once, bodies bounded.

Source: WHATWG Fetch; Streams, "ReadableStreamDefaultReader".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import js
from pyodide.ffi import to_js

READ_TIMEOUT_S: Final = 15.0
"""How long a sender may take over a body: a page's 60 KB need a second at 0.5 Mbit/s."""


class SlowBody(Exception):
    """A body did not come within `READ_TIMEOUT_S`."""


def respond(
    status: int, body: str | bytes | None = None, headers: Mapping[str, str] | None = None
) -> Any:
    """A response of our own; text says so in its type unless `headers` do."""
    given = dict(headers or {})
    if isinstance(body, str):
        given.setdefault("content-type", "text/plain; charset=utf-8")
    init = {"status": status, "headers": given}
    content = to_js(body) if isinstance(body, bytes) else body
    if content is None:
        content = js.undefined if hasattr(js, "undefined") else None
    return js.Response.new(content, to_js(init, dict_converter=js.Object.fromEntries))


def plain_headers(carrier: Any) -> dict[str, str]:
    """The headers of a request or response; of repeated ones the values joined by ", "."""
    headers: dict[str, str] = js.Object.fromEntries(carrier.headers).to_py()
    return headers


def cf_of(request: Any) -> dict[str, Any]:
    """What Cloudflare says of a request's client; {} outside of it."""
    said = js.JSON.stringify(getattr(request, "cf", None))
    facts = json.loads(said) if isinstance(said, str) else None
    return facts if isinstance(facts, dict) else {}


async def read_body(request: Any, max_bytes: int) -> bytes:
    """Read a request's body, and no more than a chunk beyond `max_bytes` of it.

    Returns:
        The body; longer than `max_bytes` where it is too long, which is for the caller to see.

    Raises:
        SlowBody: It took too long.
    """
    if not request.body:
        return b""
    reader = request.body.getReader()
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            while size <= max_bytes:
                part = await reader.read()
                if part.done:
                    break
                chunks.append(part.value.to_bytes())
                size += len(chunks[-1])
    except TimeoutError:
        reader.cancel()
        raise SlowBody from None
    if size > max_bytes:
        reader.cancel()
    return b"".join(chunks)
