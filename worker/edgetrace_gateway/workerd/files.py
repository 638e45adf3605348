# SPDX-License-Identifier: MIT OR Apache-2.0
"""The agent's files, out of the Worker's static assets, and which release of them is there.

The assets hold the bundle as `build.py bundle` wrote it, under /edgetrace/; its manifest names the
version and each file's hash.

Source: Cloudflare Workers, "Static Assets: binding".
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

import js

from edgetrace._edge import IncomingRequest
from edgetrace_gateway.files import file_headers
from edgetrace_gateway.paths import FOLDER

from .http import respond

MISSING: Final = (
    "The agent's files are not there: the gateway was deployed without its ASSETS binding.\n"
)


class Release(NamedTuple):
    """What the script tag refers to; "" where it is not known."""

    version: str = ""
    integrity: str = ""


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
            loader = manifest["files"].get("agent.js", {})
            self._release = Release(manifest["version"], loader.get("integrity", ""))
        return self._release

    async def answer(self, request: Any, incoming: IncomingRequest, name: str, env: Any) -> Any:
        """One file."""
        assets = getattr(env, "ASSETS", None)
        if assets is None:
            return respond(404, MISSING)
        found = await assets.fetch(request)
        if found.status not in (200, 304):
            return found
        release = await self.release(env, incoming.url)
        copy = js.Response.new(found.body, found)
        query = incoming.url.partition("#")[0].partition("?")[2]
        for field, value in file_headers(name, query, release.version).items():
            copy.headers.set(field, value)
        return copy
