# SPDX-License-Identifier: MIT OR Apache-2.0
"""Decorating a Worker does nothing: a Worker's module scope has no clock, entropy, env or timers.

The Workers SDK itself runs at the module scope of every Python Worker; here stand classes of its
names, because it cannot be imported outside of one.
"""

from __future__ import annotations

import subprocess
import sys

from tasks.paths import AGENT
from tests.architecture.test_import_is_pure import PROBE
from tests.architecture.test_imports import FREE

DECORATE = """
import asyncio
from edgetrace.worker import counters, instrument

def refuse(*args, **kwargs):
    raise AssertionError("an event loop at import")

for name in ("get_event_loop", "get_running_loop", "new_event_loop", "ensure_future"):
    setattr(asyncio, name, refuse)

WorkerEntrypoint = type("WorkerEntrypoint", (), {"__module__": "workers.entrypoints"})
DurableObject = type("DurableObject", (), {"__module__": "workers.entrypoints"})
WorkflowEntrypoint = type("WorkflowEntrypoint", (), {"__module__": "workers.entrypoints"})

@instrument(
    service_name="a", tail="errors", route_ratios="/a=0", client_address="full", sample_ratio=0.5
)
class Default(WorkerEntrypoint):
    async def fetch(self, request): ...
    async def scheduled(self, controller, env, ctx): ...
    async def queue(self, batch, env, ctx): ...
    async def tail(self, traces, env, ctx): ...
    async def method(self): ...
    def sync(self): ...
    value = 5

@instrument
class Object(DurableObject):
    async def fetch(self, request): ...
    async def alarm(self): ...

@instrument
class Flow(WorkflowEntrypoint):
    async def run(self, event, step): ...

@instrument
async def on_fetch(request, env, ctx): ...

@instrument
async def on_tail(traces, env, ctx): ...

class App:
    routes = ()
    async def __call__(self, scope, receive, send): ...

app = instrument(App())

assert counters() == {}
wrapped = {name for name, value in vars(Default).items() if hasattr(value, "__wrapped__")}
assert wrapped == {"fetch", "scheduled", "queue", "method", "sync"}, wrapped
assert not hasattr(on_tail, "__wrapped__") and on_tail.__module__ == "__main__"
assert app.routes == () and type(app).__name__ == "TracedApp"
"""


def test_decorating_does_nothing() -> None:
    """Classes, functions and an application, where every source of outside facts raises."""
    child = subprocess.run(
        [sys.executable, "-I", "-c", PROBE + DECORATE, str(AGENT), "edgetrace.worker", *FREE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
