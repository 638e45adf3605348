# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tracing for Cloudflare Python Workers: one decorator, and everything goes on as it was.

    import edgetrace.worker
    from workers import Response, WorkerEntrypoint

    @edgetrace.worker.instrument(service_name="shop-edge")
    class Default(WorkerEntrypoint):
        async def fetch(self, request):
            return Response("hello")

Settings come from keywords and, at the first event, from `env`: `OTEL_*` and `EDGETRACE_*`
variables and secrets. Importing and decorating do nothing that a Worker's module scope forbids.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar, overload

from ._asgi import TracedApp, is_asgi
from ._edge import EdgeRuntime
from ._handlers import FUNCTIONS, HANDLERS, NOT_TRACED, RPC, Wrapper
from ._steps import trace_steps
from ._workerd import Workerd

__all__ = ["counters", "flush", "instrument"]

_T = TypeVar("_T")

_NOT_OURS: Final = ("workers", "builtins")
_PLATFORM: Final = Workerd()
_runtimes: Final[dict[str, EdgeRuntime]] = {}


@overload
def instrument(target: _T, /) -> _T: ...


@overload
def instrument(**options: object) -> Callable[[_T], _T]: ...


def instrument(target: Any = None, /, **options: object) -> Any:
    """Trace a Worker: a decorator for its classes, its handler functions, its ASGI application.

    Args:
        target: What to trace, where the decorator is used without options: a `WorkerEntrypoint`,
            `DurableObject` or `WorkflowEntrypoint`, a function such as `on_fetch(request, env,
            ctx)`, or an ASGI application such as FastAPI's.
        options: Fields of `Settings` (`service_name`, `endpoint`, `sample_ratio`, ...) and of the
            edge (`route_ratios`, `tail`, `client_address`, `propagate_to`, `binding_keys`,
            `platform_tracing`); they stand before `env`'s variables.

    Returns:
        The target, its handlers replaced, or the decorator.

    Raises:
        ConfigError: A keyword is unknown, or its value is not of its form.
    """
    key = repr(sorted(options.items()))
    runtime = _runtimes.get(key)
    if runtime is None:
        runtime = _runtimes[key] = EdgeRuntime(_PLATFORM, options)

    def decorate(given: Any) -> Any:
        if isinstance(given, type):
            return _instrument_class(given, runtime)
        if is_asgi(given):
            return TracedApp(given, runtime)
        handler = given.__name__.removeprefix("on_")
        if handler in NOT_TRACED:
            return given
        handler = handler if handler in FUNCTIONS else "fetch"
        return Wrapper(runtime, handler, "", _PLATFORM.incoming).wrap(given)

    return decorate if target is None else decorate(target)


def _instrument_class(cls: type, runtime: EdgeRuntime) -> type:
    """Wrap every handler of a class, and every public method, which callers reach by RPC."""
    called = frozenset[str]().union(*[HANDLERS.get(base.__name__, ()) for base in cls.__mro__])
    own = [base for base in cls.__mro__ if base.__module__.partition(".")[0] not in _NOT_OURS]
    methods = {name: method for base in reversed(own) for name, method in vars(base).items()}
    for name, method in methods.items():
        if name.startswith("_") or name in NOT_TRACED or not inspect.isfunction(method):
            continue
        handler = name if name in called else RPC
        if handler == "run":
            trace_steps(method, runtime)
        wrapper = Wrapper(runtime, handler, f"{cls.__name__}/{name}", _PLATFORM.incoming)
        setattr(cls, name, wrapper.wrap(method))
    return cls


async def flush(timeout_ms: int | None = None) -> bool:
    """Send everything queued in this isolate now; True if nothing is left undelivered.

    For the end of a long-running handler. A request's own spans go out without it.
    """
    delivered = True
    for runtime in _runtimes.values():
        if runtime.provider is not None:
            delivered &= await runtime.provider.force_flush(timeout_ms)
    return delivered


def counters() -> dict[str, int]:
    """This isolate's counters, those of several sets of options added up."""
    total: dict[str, int] = {}
    for runtime in _runtimes.values():
        for name, count in runtime.counters().items():
            total[name] = total.get(name, 0) + count
    return total
