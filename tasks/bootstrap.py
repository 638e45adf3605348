# SPDX-License-Identifier: MIT OR Apache-2.0
"""The `edgetrace/__init__.py` of edgetrace-agent.zip: finds the modules that are packed together.

A zip compresses each file by itself; `modules.bz2` beside this file holds all of them as one text.
Each is imported under the path that it would have as a file, and its loader gives its source, so
tracebacks name and show the line. Works in a zip and in a folder, on every Python since 3.11.

This file is read as text by `agent_archive.py`, and runs only where it was put.
"""

from __future__ import annotations

import sys
from bz2 import decompress
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import ModuleType

_FOLDER = __file__.removesuffix("__init__.py")
_SOURCES = {}


class _Packed(SourceFileLoader):
    """One module: finder, when it is asked as a class, and loader."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, module = name.rpartition(".")
        file = f"{_FOLDER}{module}.py"
        if package != __name__ or file not in _SOURCES:
            return None
        return spec_from_file_location(name, file, loader=cls(name, file))

    def get_data(self, path: str) -> bytes:
        return _SOURCES[path]


_packed = __loader__.get_data(_FOLDER + "modules.bz2")  # type: ignore[name-defined]  # every module has one
for _module in decompress(_packed).split(b"\0"):
    _name, _, _source = _module.partition(b"\n")
    _SOURCES[_FOLDER + _name.decode()] = _source
sys.meta_path.append(_Packed)
