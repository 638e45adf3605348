# SPDX-License-Identifier: MIT OR Apache-2.0
"""Importing the agent does nothing: no clock, no entropy, no environment, no thread, no socket.

A Cloudflare Worker's module scope forbids most of it, and a memory snapshot would freeze the rest:
every isolate restored from it would draw the same ids and believe it is the same second.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tasks.paths import AGENT
from tests.architecture import agent
from tests.architecture.test_imports import FREE

PROBE = """
import importlib, os, random, socket, sys, threading, time, types

agent, name, *preloaded = sys.argv[1:]
for module in preloaded:
    importlib.import_module(module)  # their own import may do as it likes

def forbid(owner, attribute):
    def forbidden(*args, **kwargs):
        raise AssertionError(f"{getattr(owner, '__name__', owner)}.{attribute} at import")
    setattr(owner, attribute, forbidden)

for attribute in (
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns",
    "process_time", "process_time_ns", "gmtime", "localtime", "sleep",
):
    forbid(time, attribute)
for attribute in ("urandom", "getrandom", "getenv", "getpid", "putenv", "system"):
    if hasattr(os, attribute):
        forbid(os, attribute)
for attribute in (
    "random", "getrandbits", "randbytes", "randint", "choice", "shuffle", "seed", "uniform",
    "Random", "SystemRandom",
):
    forbid(random, attribute)
forbid(threading.Thread, "__init__")
forbid(threading, "Timer")
forbid(socket, "socket")

class Environ(dict):
    def _forbidden(self, *args, **kwargs):
        raise AssertionError("os.environ at import")
    __getitem__ = __contains__ = __iter__ = get = items = keys = values = copy = _forbidden

os.environ = Environ()

class JavaScript(types.ModuleType):
    '''Stands for js and pyodide: names are there, calling one is doing something.'''
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {"__init__": self.called})
    @staticmethod
    def called(*args, **kwargs):
        raise AssertionError("JavaScript called at import")

for name_of_stub in ("js", "pyodide", "pyodide.ffi", "pyodide.code", "pyodide_js"):
    sys.modules[name_of_stub] = JavaScript(name_of_stub)

sys.path.insert(0, agent)
importlib.import_module(name)
"""


@pytest.mark.parametrize("name", sorted(agent.modules().keys() - agent.HOST_ONLY))
def test_importing_a_module_does_nothing(name: str) -> None:
    """Each module imports in a fresh interpreter in which every source of outside facts raises."""
    dotted = "edgetrace" if name == "__init__" else f"edgetrace.{name}"
    child = subprocess.run(
        [sys.executable, "-I", "-c", PROBE, str(AGENT), dotted, *sorted(FREE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
