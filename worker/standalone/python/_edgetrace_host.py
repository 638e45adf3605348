# SPDX-License-Identifier: MIT OR Apache-2.0
"""The Python half of the standalone host: imports the entry file, calls its handlers.

How arguments and results are converted is the native runtime's choice (cloudflare/workerd,
src/pyodide/internal/introspection.py), by the SDK's own functions. Knows nothing of edgetrace.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Awaitable, Callable
from functools import lru_cache
from inspect import Parameter, isawaitable, signature
from typing import Any

import _edgetrace_missing
import _edgetrace_patches
from pyodide.ffi import JsProxy


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
    if not callable(method):
        return None
    if relaxed:
        args = _accepted(method, args)
    return _fetch(method, args) if name == "fetch" else _run(method, convert, args)


async def _fetch(method: Any, args: tuple[Any, ...]) -> Any:
    """As `_run` does, without the SDK's way through all types: requests are what Workers handle."""
    from workers import Request, Response, python_to_rpc

    result = method(*[Request(arg) for arg in args])
    if isawaitable(result):
        result = await result
    if isinstance(result, JsProxy):
        return result
    return result.js_object if isinstance(result, Response) else python_to_rpc(result)


async def _run(method: Any, convert: bool, args: tuple[Any, ...]) -> Any:
    from workers import python_from_rpc, python_to_rpc

    if convert:
        args = tuple(map(python_from_rpc, args))
    result = method(*args)
    if isawaitable(result):
        result = await result
    return python_to_rpc(result) if convert else result


def _accepted(method: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """As many of the arguments as the method takes."""
    function = getattr(method, "__func__", None)
    if function is None:
        return args[: _room(method)]
    room = _room(function)  # an instance is of one event, its class's functions are of all
    return args if room is None else args[: room - 1]


@lru_cache
def _room(function: Callable[..., Any]) -> int | None:
    """How many positional arguments a function takes; None for any number, or if it hides it."""
    try:
        kinds = [parameter.kind for parameter in signature(function).parameters.values()]
    except (TypeError, ValueError):
        return None
    if Parameter.VAR_POSITIONAL in kinds:
        return None
    return sum([kind not in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD) for kind in kinds])
