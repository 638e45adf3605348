# SPDX-License-Identifier: MIT OR Apache-2.0
"""Standard modules that every standalone upload has, whatever its application imports.

What the application and its packages import is found by the build (worker/standalone/pack.py), also
inside functions, so this list is for what code reaches without an import statement of its own, and
for what people try first. Each of them costs 1 to 30 kB of the upload and nothing until imported.
"""

from __future__ import annotations

from typing import Final

EXTRAS: Final = (
    "base64",
    "collections.abc",
    "datetime",
    "decimal",
    "email.utils",
    "hashlib",
    "hmac",
    "html",
    "http.cookies",
    "importlib.resources",
    "json",
    "logging",
    "mimetypes",
    "pathlib",
    "queue",
    "random",
    "re",
    "secrets",
    "statistics",
    "string",
    "tempfile",
    "textwrap",
    "traceback",
    "typing",
    "urllib.parse",
    "uuid",
    "encodings.ascii",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_16_le",
    "encodings.utf_8_sig",
)
