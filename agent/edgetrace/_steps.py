# SPDX-License-Identifier: MIT OR Apache-2.0
"""Workflows: each step that runs is a span under its workflow's.

The SDK hands a workflow's `run` a step object whose `do` decorates functions, and calls them back
from JavaScript, where no context is left: so each runs in a copy of the one in which it was
declared, and what it fetches is of the workflow too. A step that Workflows has the result of does
not run, and is no span.

Source: workers-runtime-sdk 1.9, `entrypoints`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextvars import copy_context
from functools import wraps
from typing import Any

from ._edge import EdgeRuntime


class TracedStep:
    """Stands before the SDK's step; all but `do` is its own."""

    def __init__(self, step: Any, runtime: EdgeRuntime) -> None:
        """Stand before `step`."""
        self._step, self._runtime = step, runtime

    def __getattr__(self, name: str) -> Any:
        """The step's own."""
        return getattr(self._step, name)

    def do(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], Any]:
        """See the SDK's `step.do`."""
        decorate = self._step.do(*args, **kwargs)
        given = kwargs.get("name", args[0] if args else None)

        def traced(function: Callable[..., Any]) -> Any:
            return decorate(self._traced(given or function.__name__, function))

        return traced

    def _traced(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        context = copy_context()

        async def traced(*args: Any, **kwargs: Any) -> Any:
            with self._runtime.tracer.start_as_current_span(f"step {name}"):
                result = function(*args, **kwargs)
                return await result if inspect.isawaitable(result) else result

        @wraps(function)
        async def run(*args: Any, **kwargs: Any) -> Any:
            return await context.copy().run(asyncio.ensure_future, traced(*args, **kwargs))

        return run


def trace_steps(run: Callable[..., Any], runtime: EdgeRuntime) -> None:
    """Have a workflow's own `run` get traced steps; the SDK has wrapped it by now, and still does.

    Args:
        run: The SDK's wrapper, which keeps the workflow's function in a cell; another is left.
        runtime: Whose spans.
    """
    original = getattr(run, "__wrapped__", None)
    if original is None:
        return

    async def traced(self: Any, event: Any, step: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, event, TracedStep(step, runtime), *args, **kwargs)
        return await result if inspect.isawaitable(result) else result

    for cell in getattr(run, "__closure__", None) or ():
        if cell.cell_contents is original:
            cell.cell_contents = traced
            return
