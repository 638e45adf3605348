# SPDX-License-Identifier: MIT OR Apache-2.0
"""The Python half of the standalone host: imports the entry file, calls its handlers.

How arguments and results are converted is the native runtime's choice (cloudflare/workerd,
src/pyodide/internal/introspection.py), by the SDK's own functions. Knows nothing of edgetrace.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any

import _edgetrace_missing
import _edgetrace_patches


def load(entry: str) -> Any:
    """The module of the entry file, imported by its name."""
    _edgetrace_missing.install()
    _edgetrace_patches.install()
    return importlib.import_module(entry)


def reseed() -> None:
    """Give `random` entropy, in the first event: module scope has none."""
    random = sys.modules.get("random")
    if random is not None:
        random.seed()


def call(
    instance: Any, name: str, relaxed: bool, convert: bool, *args: Any
) -> Awaitable[Any] | None:
    """Start a handler or RPC method.

    Args:
        instance: Of a class of the entry file.
        name: The method.
        relaxed: It gets no more positional arguments than it takes.
        convert: Arguments become Python values, and the result a JavaScript one.
        args: What the platform gives it.

    Returns:
        What to wait for; None if there is no such method.
    """
    method = getattr(instance, name, None)
    return _run(method, relaxed, convert, args) if callable(method) else None


async def _run(method: Any, relaxed: bool, convert: bool, args: tuple[Any, ...]) -> Any:
    from pyodide.code import relaxed_call
    from workers import python_from_rpc, python_to_rpc

    if convert:
        args = tuple(map(python_from_rpc, args))
    result = relaxed_call(method, *args) if relaxed else method(*args)
    if isawaitable(result):
        result = await result
    return python_to_rpc(result) if convert else result
