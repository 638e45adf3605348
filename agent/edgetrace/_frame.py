# SPDX-License-Identifier: MIT OR Apache-2.0
"""Queued spans to one HTTP body: grouped by scope, framed in the configured encoding, compressed if
it pays.

Pure but for the scopes that it remembers. Compression is here and not with the adapters because
zlib is in Pyodide from the start, takes 1.8 ms for 359 kB against 4.8 ms by CompressionStream
(November 2026), and works while a page is being torn down, where a stream no longer does.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from ._batch import Queued
from ._config import Settings
from ._otlp import PROTOBUF, Encoding
from ._otlp_json import JSON
from ._types import Resource, Scope

MIN_COMPRESS_BYTES: Final = 512
"""Below it gzip's 18 bytes of frame and the receiver's work outweigh what is saved."""

_GZIP_LEVEL: Final = 6
_GZIP_FORMAT: Final = zlib.MAX_WBITS | 16
_FRAME_BYTES: Final = 64
"""More than the keys, lengths and punctuation around a resource or a scope."""


class Framer:
    """Makes request bodies for one resource."""

    def __init__(self, settings: Settings, resource: Resource) -> None:
        """Encode the resource, once for all requests."""
        self.encoding: Encoding = JSON if settings.protocol == "http/json" else PROTOBUF
        self._compress = settings.compression == "gzip"
        self._resource = self.encoding.resource(resource)
        self._resource_schema_url = resource.schema_url
        self._scopes: list[tuple[Scope, bytes]] = []
        self.head_bytes = len(self._resource) + len(resource.schema_url) + _FRAME_BYTES
        """Upper bound on what a body holds beside its spans."""

    def add_scope(self, scope: Scope) -> int:
        """Remember an instrumentation scope and return its index; equal scopes are one."""
        for index, (known, _) in enumerate(self._scopes):
            if known == scope:
                return index
        encoded = self.encoding.scope(scope)
        self._scopes.append((scope, encoded))
        self.head_bytes += len(encoded) + len(scope.schema_url) + _FRAME_BYTES
        return len(self._scopes) - 1

    def frame(self, spans: Iterable[Queued]) -> bytes:
        """Join spans, whatever their scopes, into one request message."""
        by_scope: dict[int, list[bytes]] = {}
        for index, data in spans:
            by_scope.setdefault(index, []).append(data)
        groups = [
            (self._scopes[index][1], self._scopes[index][0].schema_url, group)
            for index, group in by_scope.items()
        ]
        return self.encoding.frame(self._resource, self._resource_schema_url, groups)

    def body(self, message: bytes) -> tuple[bytes, dict[str, str]]:
        """Compress a message if that makes it smaller.

        Returns:
            The body, and the headers that describe it.
        """
        headers = {"content-type": self.encoding.content_type}
        if self._compress and len(message) >= MIN_COMPRESS_BYTES:
            gzip = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_FORMAT)
            compressed = gzip.compress(message) + gzip.flush()
            if len(compressed) < len(message):
                return compressed, {**headers, "content-encoding": "gzip"}
        return message, headers
