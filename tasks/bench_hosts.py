# SPDX-License-Identifier: MIT OR Apache-2.0
"""How a benchmark script is run in each host. Knows no question and no result.

cpython    this Python, or that of the peers' environment
pyodide    Pyodide in Node, or in Chromium: tasks/bench.mjs, benchmarks/browser/host.py
script     JavaScript in Node, or in Chromium, bundled with the peers it imports
driver     this Python, for scripts that start browsers and servers by themselves
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tasks import bench_peers, chromium, wheel
from tasks.console import BuildError, run
from tasks.node import tool_environ
from tasks.paths import DIST, ROOT, VENV_BIN

FOLDER: Final = ROOT / "benchmarks"
HELPERS: Final = tuple(
    FOLDER / f"{name}.py" for name in ("measure", "workloads", "dump", "summary")
)
NODE_RUNNER: Final = ROOT / "tasks" / "bench.mjs"
CHROMIUM_RUNNER: Final = FOLDER / "browser" / "host.py"
QUICK: Final = "EDGETRACE_BENCH_QUICK"
LIMIT_S: Final = 900.0


class Run(NamedTuple):
    """One script in one host.

    Attributes:
        who: Whose code it measures.
        host: cpython, node or chromium; what a driver's lines say otherwise.
        how: A key of `KINDS`.
        script: Under benchmarks/.
        arguments: Handed to it; only CPython and drivers can.
        once: It takes long and its ratio to ours is large: one round is enough.
        limit_s: When it is given up, seconds.
    """

    who: str
    host: str
    how: str
    script: str
    arguments: tuple[str, ...] = ()
    once: bool = False
    limit_s: float = LIMIT_S


def _environ() -> dict[str, str]:
    paths = (_wheel(), FOLDER, ROOT)
    return tool_environ() | {"PYTHONPATH": ":".join(map(str, paths))}


def _wheel() -> Path:
    return DIST / f"edgetrace-{wheel.version()}-py3-none-any.whl"


def _cpython(one: Run) -> list[object]:
    return [sys.executable, FOLDER / one.script, *one.arguments]


def _peers_cpython(one: Run) -> list[object]:
    return [bench_peers.python(), FOLDER / one.script, *one.arguments]


def _pyodide(one: Run) -> list[object]:
    wheels = bench_peers.wheels() if one.script.startswith("peers/") else [_wheel()]
    helpers = [path for path in HELPERS if path.exists() and path != FOLDER / one.script]
    if one.script == "collect.py":
        sources = {name: ROOT / "browser" / "src" / f"{name}.ts" for name in ("pack", "unpack")}
        made = FOLDER / "browser" / "packing.mjs"
        helpers.append(bench_peers.bundle(made, "module", None, sources))
    if one.host == "chromium":
        chromium.ensure()
        start: list[object] = [sys.executable, CHROMIUM_RUNNER, "python", FOLDER / one.script]
    else:
        start = [VENV_BIN / "node", NODE_RUNNER, DIST / "pyodide", FOLDER / one.script]
    return [*start, *wheels, "--", *helpers]


def _script(one: Run) -> list[object]:
    source = FOLDER / one.script
    inputs = {"workloads": _workloads()} if "workloads" in source.read_text() else {}
    if one.host == "chromium":
        chromium.ensure()
        made = bench_peers.bundle(source, "module", None, inputs)
        return [sys.executable, CHROMIUM_RUNNER, "module", made]
    return [VENV_BIN / "node", bench_peers.bundle(source, "node", None, inputs)]


def _workloads() -> Path:
    """benchmarks/workloads.py as JSON, for JavaScript."""
    made = bench_peers.HOME / "workloads.json"
    made.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, FOLDER / "dump.py"]
    text = run(command, what="dumping the workloads", environ=_environ())
    if not made.exists() or made.read_text(encoding="utf-8") != text:
        made.write_text(text, encoding="utf-8")
    return made


KINDS: Final[dict[str, Callable[[Run], list[object]]]] = {
    "cpython": _cpython,
    "peers-cpython": _peers_cpython,
    "pyodide": _pyodide,
    "script": _script,
    "driver": _cpython,
}


def output(one: Run, extra: Sequence[str] = (), quick: bool = False) -> str:
    """What the script prints.

    Args:
        one: The script and its host.
        extra: More arguments, for drivers.
        quick: Fewer and shorter samples, for scripts that look for it in the environment.

    Raises:
        BuildError: It failed, or something that it needs is not to be had.
    """
    command = [*KINDS[one.how](one), *(extra if one.how == "driver" else ())]
    environ = _environ() | ({QUICK: "1"} if quick else {})
    text = run(command, what=one.script, environ=environ, timeout_s=one.limit_s)
    if not any(line.startswith("{") for line in text.splitlines()):
        raise BuildError(f"{one.script} printed no result")
    return text
