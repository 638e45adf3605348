# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_steps`: a workflow's steps under its span, wherever they are called back from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, ContextVar
from functools import wraps
from typing import Any

import pytest

from edgetrace._edge import EdgeRuntime, current_invocation
from edgetrace._steps import TracedStep, trace_steps
from edgetrace._types import StatusCode
from tests.edge_platform import Event, Platform, run

own: ContextVar[str] = ContextVar("own", default="")


class SdkStep:
    """The shape of the SDK's step: functions are called back in a context without anything."""

    def __init__(self, done: dict[str, Any] | None = None) -> None:
        """`done` are steps that Workflows has the result of."""
        self.results = done or {}
        self.given: list[Any] = []

    def do(self, name: str | None = None, *, config: Any = None) -> Callable[..., Any]:
        """As the SDK's."""
        self.given.append((name, config))

        def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
            step_name = name or function.__name__

            async def wrapper() -> Any:
                if step_name not in self.results:
                    task = Context().run(asyncio.ensure_future, function())
                    self.results[step_name] = await task
                return self.results[step_name]

            return wrapper

        return decorator

    def sleep(self, seconds: int) -> int:
        """The step's own."""
        return seconds


def test_steps_are_spans() -> None:
    """Under the workflow's, sync or not, in the context that declared them, each in a copy."""

    async def main() -> None:
        platform = Platform()
        runtime = EdgeRuntime(platform, {"service_name": "flow"})
        assert runtime.ready({})
        step = SdkStep()
        traced = TracedStep(step, runtime)
        with runtime.invocation(Event(), "workflow") as span:
            own.set("of the workflow")

            @traced.do("first", config={"retries": 1})
            async def first() -> int:
                """Kept."""
                assert current_invocation() is not None
                assert own.get() == "of the workflow"
                own.set("of the step")
                return 1

            @traced.do(name="second")
            def second() -> int:
                return 2

            @traced.do()
            async def third() -> None:
                raise ValueError("broken")

            assert (await first(), await second()) == (1, 2)
            with pytest.raises(ValueError, match="broken"):
                await third()
            assert own.get() == "of the workflow"
        await asyncio.sleep(5)
        assert step.given == [("first", {"retries": 1}), ("second", None), (None, None)]
        assert traced.sleep(3) == 3
        names = ["step first", "step second", "step third", "workflow"]
        assert [each.name for each in platform.spans] == names
        for each in platform.spans[:3]:
            assert each.parent_span_id == span.context.span_id
        assert platform.span("step third").status.code == StatusCode.ERROR

    run(main())


def test_a_step_that_is_done_is_no_span() -> None:
    """It does not run."""

    async def main() -> None:
        runtime = EdgeRuntime(Platform(), {})
        assert runtime.ready({})

        @TracedStep(SdkStep({"first": 7}), runtime).do("first")
        async def first() -> int:
            raise AssertionError

        assert await first() == 7
        assert runtime.counters()["ended"] == 0

    run(main())


def sdk_wrapped(run_function: Callable[..., Any]) -> Callable[..., Any]:
    """As the SDK wraps `run`: the function in a cell, and under `__wrapped__`."""

    @wraps(run_function)
    async def wrapped_run(self: Any, event: Any = None, step: Any = None, **more: Any) -> Any:
        result = run_function(self, event, step, **more)
        return await result if asyncio.iscoroutine(result) else result

    return wrapped_run


@pytest.mark.parametrize("is_async", [True, False])
def test_a_workflows_run_gets_traced_steps(is_async: bool) -> None:
    """The SDK's wrapper stays where it is."""

    async def main() -> None:
        runtime = EdgeRuntime(Platform(), {})

        def plain(self: Any, event: Any, step: Any, *, more: int = 0) -> Any:
            return type(step), self, event, more

        async def later(self: Any, event: Any, step: Any, *, more: int = 0) -> Any:
            return plain(self, event, step, more=more)

        wrapped = sdk_wrapped(later if is_async else plain)
        trace_steps(wrapped, runtime)
        assert await wrapped("self", "event", SdkStep(), more=1) == (TracedStep, "self", "event", 1)

    run(main())


def test_another_wrapper_is_left_alone() -> None:
    """A function without a wrapper, and one that keeps what it wraps somewhere else."""

    async def function(self: Any, event: Any, step: Any) -> Any:
        return step

    async def main() -> None:
        runtime = EdgeRuntime(Platform(), {})
        trace_steps(function, runtime)
        other = wraps(function)(lambda self, event, step: registry[0](self, event, step))
        registry = [function]
        trace_steps(other, runtime)
        assert await other("self", "event", "step") == "step"

        @wraps(function)
        async def without_cells(self: Any, event: Any, step: Any) -> Any:
            return step

        trace_steps(without_cells, runtime)
        assert await without_cells("self", "event", "step") == "step"

    run(main())
