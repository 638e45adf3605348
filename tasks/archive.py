# SPDX-License-Identifier: MIT OR Apache-2.0
"""Zip and gzip whose bytes depend on their contents alone: no time, no owner, no listing order."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip entry can hold
UNIX: Final = 3
PLAIN_FILE: Final = 0o100644 << 16


def zip_bytes(files: Mapping[str, bytes], deflate: bool = True) -> bytes:
    """A zip of ``files`` (name in the archive -> contents), sorted by name.

    Args:
        files: Each is deflated at level 9, or stored where that is smaller.
        deflate: False to store all, for an archive that is compressed as a whole later.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, contents in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = UNIX
            entry.external_attr = PLAIN_FILE
            gains = deflate and len(zlib.compress(contents, 9)) < len(contents)
            archive.writestr(entry, contents, zipfile.ZIP_DEFLATED if gains else zipfile.ZIP_STORED)
    return buffer.getvalue()


def gzip_size(contents: bytes) -> int:
    """Bytes of ``contents`` as a server would send them with gzip at its best."""
    return len(gzip.compress(contents, 9, mtime=0))
