# SPDX-License-Identifier: MIT OR Apache-2.0
"""Standard modules that the build left out say so when imported, and how to have them.

The last finder on `sys.meta_path`: it is asked only for what no other has found.
"""

from __future__ import annotations

import sys


class _LeftOut:
    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        from _edgetrace_left_out import NAMES  # written by the build; only needed for a miss

        if name in NAMES:
            raise ModuleNotFoundError(
                f"No module named {name!r} in this upload: the standalone host carries only the "
                f"standard modules that the application was seen to import. Remedy: write "
                f"`import {name}` in the entry file and build again",
                name=name,
            )


def install() -> None:
    """Put the finder last."""
    sys.meta_path.append(_LeftOut)
