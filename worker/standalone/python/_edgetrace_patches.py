# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the Workers SDK mends in packages as they are imported, mended here as well.

The SDK registers its patches with modules of the native runtime (`_cloudflare.*`; its .pth file
imports them). Of those the ones for modules that need threads matter here: anyio's `run_sync` calls
inline. The others let entropy through at module scope, which is closed only on the native runtime.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Patch = Callable[[ModuleType], AbstractContextManager[object]]
_patches: dict[str, Patch] = {}


def register_exec_patch(name: str) -> Callable[[Patch], Patch]:
    """Decorator: run module ``name`` inside the context manager that the patch makes of it."""

    def register(patch: Patch) -> Patch:
        _patches[name] = patch
        return patch

    return register


class _Patched:
    """A loader that runs the module inside its patch."""

    def __init__(self, loader: Any, patch: Patch) -> None:
        self._loader = loader
        self._patch = patch

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        with self._patch(module):
            self._loader.exec_module(module)


class _Finder:
    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        patch = _patches.get(name)
        if patch is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is _Finder else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Patched(spec.loader, patch)  # type: ignore[assignment]
                return spec
        return None


def install() -> None:
    """Have the SDK register its patches, and apply each when its module is imported."""
    registry = ModuleType("_cloudflare.import_patch_manager")
    registry.register_exec_patch = register_exec_patch  # type: ignore[attr-defined]
    names = ("_cloudflare", "_cloudflare.import_patch_manager")
    sys.modules.update(zip(names, (ModuleType("_cloudflare"), registry), strict=True))
    try:
        importlib.import_module("_workers_sdk_package_patches")
    finally:
        for name in names:  # code that looks for the native runtime by these must not find it
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]
