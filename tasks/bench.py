# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py bench`: the scripts of benchmarks/ in CPython and, the same files, in Pyodide on Node.

    benchmarks/*.py         print a JSON line per case (benchmarks/measure.py)
    benchmarks/peers/*.py   others at the same work, in CPython, in an environment of their own

Both hosts import the bundled wheel. Results go to stdout as a table and, with --json, to a file as
JSON lines. Compare within a run; there is no pass or fail.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import venv
from pathlib import Path
from typing import Any, Final

from tasks import bundle, wheel
from tasks.console import BuildError, run, say, step
from tasks.node import tool_environ
from tasks.paths import CACHE, DIST, ROOT, VENV_BIN
from tasks.stamps import digest, fetching, put_stamp, stamped

FOLDER: Final = ROOT / "benchmarks"
HELPERS: Final = (FOLDER / "measure.py", FOLDER / "workloads.py")
RUNNER: Final = ROOT / "tasks" / "bench.mjs"
PEERS_VENV: Final = CACHE / "bench-venv"
PEERS: Final = ("opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-common==1.45.2")
HOSTS: Final = ("cpython", "pyodide", "peer")


def scripts() -> dict[str, Path]:
    """Every benchmark by name: `encode`, `peers/opentelemetry_python`."""
    found = {path for path in FOLDER.glob("*.py") if path not in HELPERS}
    found |= set((FOLDER / "peers").glob("*.py"))
    return {path.relative_to(FOLDER).with_suffix("").as_posix(): path for path in sorted(found)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bench`."""
    parser.add_argument("names", nargs="*", help="which benchmarks to run (default: all)")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and stop")
    parser.add_argument(
        "--host", action="append", choices=HOSTS, help="where to run (repeatable; default: all)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write JSON lines to FILE")


def main(args: argparse.Namespace) -> int:
    """`build.py bench`."""
    known = scripts()
    if args.list:
        say("\n".join(known))
        return 0
    unknown = [name for name in args.names if name not in known]
    if unknown:
        raise BuildError(f"no benchmark is called {unknown[0]}; there are: {', '.join(known)}")
    bundle.ensure()
    hosts = args.host or HOSTS
    lines: list[dict[str, Any]] = []
    for name in args.names or known:
        for host in ("peer",) if name.startswith("peers/") else ("cpython", "pyodide"):
            if host in hosts:
                lines += _measure(name, known[name], host)
    if args.json:
        args.json.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    _table(lines)
    return 0


def _measure(name: str, script: Path, host: str) -> list[dict[str, Any]]:
    """Run one script on one host; its JSON lines, each with where they come from."""
    built = DIST / f"edgetrace-{wheel.version()}-py3-none-any.whl"
    environ = tool_environ() | {"PYTHONPATH": f"{built}:{FOLDER}"}
    command: list[object]
    if host == "peer":
        try:
            _ensure_peers()
        except BuildError as exc:
            say(f"  {name}: skipped, {exc}")
            return []
        command = [PEERS_VENV / "bin" / "python", script]
    elif host == "pyodide":
        command = [VENV_BIN / "node", RUNNER, DIST / "pyodide", built, script, *HELPERS]
    else:
        command = [sys.executable, script]
    with step(f"{name} in {host}"):
        text = run(command, what=f"benchmark {name} in {host}", environ=environ)
    read = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [{"benchmark": name, "host": host, **line} for line in read]


def _ensure_peers() -> None:
    """An environment with what the peers need, apart from ours."""
    expected = digest(*PEERS, platform.python_version())
    if stamped(PEERS_VENV, expected):
        return
    with step(f"installing {', '.join(PEERS)}"):
        venv.create(PEERS_VENV, with_pip=True, clear=True)
        install = [PEERS_VENV / "bin" / "python", "-m", "pip", "install", "--quiet", *PEERS]
        fetching("the Python package index", lambda: run(install, what="pip install"))
    put_stamp(PEERS_VENV, expected)


def _table(lines: list[dict[str, Any]]) -> None:
    """A row per case, a column per host."""
    cases: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
    for line in lines:
        key = (line["benchmark"].rpartition("/")[2], line["case"], line["unit"])
        cases.setdefault(key, {})[line["host"]] = line
    shown = [host for host in HOSTS if any(host in row for row in cases.values())]
    say(f"\nmedians; CPython {platform.python_version()}; Pyodide in Node; {platform.machine()}")
    width = max((len(f"{name}  {case}") for name, case, _ in cases), default=0)
    say(" " * width + "".join(f"{host:>12}" for host in shown) + "  unit")
    for (name, case, unit), row in cases.items():
        numbers = "".join(
            f"{row[host]['median']:12,.0f}" if host in row else " " * 12 for host in shown
        )
        say(f"{name + '  ' + case:{width}}{numbers}  {unit}")
