# SPDX-License-Identifier: MIT OR Apache-2.0
"""Queued spans to one HTTP body: grouped by scope, framed in the configured encoding, compressed if
it pays.

Pure but for the scopes that it remembers and the ids that it gives. Compression is here and not
with the adapters because zlib is in Pyodide from the start, takes 1.8 ms for 359 kB against 4.8 ms
by CompressionStream (November 2026), and works while a page is being torn down, where a stream no
longer does. zstd makes a tenth less of it in two thirds of the time, but not every receiver reads
it, nor is it in every Python: whoever wants it says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Final

from ._batch import Queued
from ._config import Settings
from ._options import ZSTD
from ._otlp import PROTOBUF, Encoding
from ._otlp_json import JSON
from ._types import ExportRequest, Resource, Scope

MIN_COMPRESS_BYTES: Final = 512
"""Below it gzip's 18 bytes of frame and the receiver's work outweigh what is saved."""

_GZIP_LEVEL: Final = 6
_GZIP_FORMAT: Final = zlib.MAX_WBITS | 16
_ZSTD_LEVEL: Final = 5
_LENGTH_BYTES: Final = 16
"""More than the length prefixes or the comma around a part grow by as the request fills."""


def gzip(message: bytes, level: int = _GZIP_LEVEL) -> bytes:
    """Compress; no time in the header, so equal messages are equal bytes. `level`: 1 to 9."""
    packer = zlib.compressobj(level, zlib.DEFLATED, _GZIP_FORMAT)
    return packer.compress(message) + packer.flush()


def _zstd() -> Callable[[bytes], bytes]:
    return partial(import_module(ZSTD).compress, level=_ZSTD_LEVEL)


_COMPRESSORS: Final[Mapping[str, Callable[[], Callable[[bytes], bytes] | None]]] = {
    "gzip": lambda: gzip,
    "zstd": _zstd,
    "none": lambda: None,
}
"""What each value of the option compresses with."""


class Framer:
    """Makes request bodies for one resource."""

    def __init__(self, settings: Settings, resource: Resource) -> None:
        """Encode the resource, once for all requests."""
        self._settings = settings
        self.next_id = 1
        """Of the request that comes next."""
        self.encoding: Encoding = JSON if settings.protocol == "http/json" else PROTOBUF
        self._coding, self._compress = settings.compression, _COMPRESSORS[settings.compression]()
        self._resource = self.encoding.resource(resource)
        self._resource_schema_url = resource.schema_url
        # By their bytes: Scopes that compare equal may differ (1 == True), and NaN never equals.
        self._index: dict[tuple[bytes, str], int] = {}
        self._scopes: list[tuple[bytes, str]] = []
        self.scope_bytes: list[int] = []
        """By scope, upper bound on what a body holds for it beside its spans."""
        empty = self.encoding.frame(self._resource, resource.schema_url, ())
        self.head_bytes = len(empty) + _LENGTH_BYTES
        """Upper bound on what a body holds beside its spans and their scopes."""

    def add_scope(self, scope: Scope) -> int:
        """Remember an instrumentation scope and return its index; scopes alike on the wire are
        one.
        """
        encoded = (self.encoding.scope(scope), scope.schema_url)
        index = self._index.setdefault(encoded, len(self._scopes))
        if index == len(self._scopes):
            self._scopes.append(encoded)
            alone = self.encoding.frame(b"", "", [(*encoded, ())])
            self.scope_bytes.append(len(alone) + _LENGTH_BYTES)
        return index

    def frame(self, spans: Iterable[Queued]) -> bytes:
        """Join spans, whatever their scopes, into one request message."""
        by_scope: dict[int, list[bytes]] = {}
        for index, data in spans:
            by_scope.setdefault(index, []).append(data)
        groups = [(*self._scopes[index], group) for index, group in by_scope.items()]
        return self.encoding.frame(self._resource, self._resource_schema_url, groups)

    def body(self, message: bytes) -> tuple[bytes, dict[str, str]]:
        """Compress a message if that makes it smaller.

        Returns:
            The body, and the headers that describe it.
        """
        headers = {"content-type": self.encoding.content_type}
        if self._compress and len(message) >= MIN_COMPRESS_BYTES:
            compressed = self._compress(message)
            if len(compressed) < len(message):
                return compressed, {**headers, "content-encoding": self._coding}
        return message, headers

    def request(self, body: bytes, headers: dict[str, str], spans: int) -> ExportRequest:
        """Address a body, with the headers that describe it; its id is greater than all before."""
        self.next_id += 1
        return ExportRequest(
            self.next_id - 1,
            self._settings.traces_url,
            {**headers, **self._settings.headers},
            body,
            self._settings.timeout_ms * 1_000_000,
            spans,
        )
