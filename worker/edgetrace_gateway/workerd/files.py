# SPDX-License-Identifier: MIT OR Apache-2.0
"""The agent's files, out of the Worker's static assets, and which release of them is there.

The assets hold the bundle as `build.py bundle` wrote it, under /edgetrace/; its manifest names the
version, each file's hash, and what has a brotli form beside it. That one is handed out as it is:
the platform compresses what a Worker answers by itself, but not archives, and not as well.

Source: Cloudflare Workers, "Static Assets: binding", "Response" (encodeBody).
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

import js
from pyodide.ffi import to_js

from edgetrace._edge import IncomingRequest
from edgetrace_gateway.files import file_headers, takes_brotli
from edgetrace_gateway.paths import FOLDER

from .http import cf_of, respond

MISSING: Final = (
    "The agent's files are not there: the gateway was deployed without its ASSETS binding.\n"
)


class Release(NamedTuple):
    """What the script tag refers to, "" where it is not known; names that have a brotli form."""

    version: str = ""
    integrity: str = ""
    brotli: frozenset[str] = frozenset()


class Files:
    """The agent's files."""

    def __init__(self) -> None:
        """Nothing is known of them yet."""
        self._release: Release | None = None

    async def release(self, env: Any, base: str) -> Release:
        """Which release is there; asked for once, and again after a failure.

        Args:
            env: The Worker's.
            base: Any absolute URL; the binding looks at its path alone.
        """
        if self._release is None:
            assets = getattr(env, "ASSETS", None)
            if assets is None:
                return Release()
            found = await assets.fetch(js.URL.new(FOLDER + "manifest.json", base).href)
            if found.status != 200:
                return Release()
            manifest = json.loads(await found.text())
            files = manifest["files"]
            self._release = Release(
                manifest["version"],
                files.get("agent.js", {}).get("integrity", ""),
                frozenset(name for name, entry in files.items() if "br_bytes" in entry),
            )
        return self._release

    async def answer(self, request: Any, incoming: IncomingRequest, name: str, env: Any) -> Any:
        """One file."""
        assets = getattr(env, "ASSETS", None)
        if assets is None:
            return respond(404, MISSING)
        release = await self.release(env, incoming.url)
        packs = name in release.brotli
        packed = packs and takes_brotli(_accepted(request))
        asked = js.Request.new(js.URL.new(FOLDER + name + ".br", incoming.url).href, request)
        found = await assets.fetch(asked if packed else request)
        if found.status not in (200, 304):
            return found
        copy = _brotli(found) if packed else js.Response.new(found.body, found)
        if packs:
            copy.headers.set("vary", "accept-encoding")
        query = incoming.url.partition("#")[0].partition("?")[2]
        for field, value in file_headers(name, query, release.version).items():
            copy.headers.set(field, value)
        return copy


def _accepted(request: Any) -> str:
    """What the client takes; the platform puts what it takes itself into the header."""
    said = cf_of(request).get("clientAcceptEncoding")
    return said if isinstance(said, str) else request.headers.get("accept-encoding") or ""


def _brotli(found: Any) -> Any:
    """An answer whose body is brotli already, and is not to be encoded again."""
    init = {"status": found.status, "headers": found.headers, "encodeBody": "manual"}
    copy = js.Response.new(found.body, to_js(init, dict_converter=js.Object.fromEntries))
    copy.headers.set("content-encoding", "br")
    return copy
