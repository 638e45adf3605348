# SPDX-License-Identifier: MIT OR Apache-2.0
"""Requests through Workers in workerd, traced by each party and by nobody, in turns.

    .venv/bin/python benchmarks/worker.py [--quick]

    edgetrace              worker/gateway.py, everything on, on the standalone host
    edgetrace-off          the same, OTEL_SDK_DISABLED=true
    python                 a Python Worker with one fetch in it
    javascript             the same in JavaScript
    otel-cf-workers        the same, instrumented
    opentelemetry-python   a Python Worker with OpenTelemetry's SDK, two spans a request

Servers, origin and load are benchmarks/edge/load.py's, which also checks what was delivered.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
import urllib.request
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from benchmarks.edge import load as edge  # noqa: E402
from benchmarks.summary import line, skipped  # noqa: E402
from tasks import bench_peers, standalone, workerd  # noqa: E402
from tasks.console import BuildError  # noqa: E402
from tasks.paths import CACHE  # noqa: E402

QUICK: Final = "--quick" in sys.argv
REQUESTS: Final = {1: 200 if QUICK else 600, 8: 400 if QUICK else 1_500}
ROUNDS: Final = 1 if QUICK else 3
NAMES: Final = {
    "traced": "edgetrace",
    "disabled": "edgetrace-off",
    "untraced": "python",
    "javascript": "javascript",
}
PEERS: Final = bench_peers.FOLDER / "edge"
SETTLE_S: Final = 1.0
"""What was exported after the response has arrived by then."""


def cf_workers(site: str) -> workerd.Server:
    """otel-cf-workers in JavaScript."""
    made = bench_peers.bundle(PEERS / "worker.mjs", "worker", bench_peers.edge())
    return workerd.Server(
        {
            "host": "127.0.0.1",
            "port": 0,
            "cf": False,
            "workers": [
                {
                    "name": "app",
                    "compatibilityDate": workerd.COMPATIBILITY_DATE,
                    "compatibilityFlags": ["nodejs_compat"],
                    "modulesRoot": str(made.parent),
                    "modules": [{"type": "ESModule", "path": str(made)}],
                    "bindings": {"ORIGIN": site},
                }
            ],
        }
    )


def official(site: str) -> workerd.Server:
    """OpenTelemetry's Python SDK on the standalone host."""
    packages = bench_peers.HOME / "packages"
    wheels = bench_peers.wheels()
    if not packages.is_dir():
        work = packages.with_name("packages.new")
        shutil.rmtree(work, ignore_errors=True)
        for path in wheels:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(work)
        work.rename(packages)
    made = standalone.ensure(PEERS / "official.py", [packages], CACHE / "edge" / "bench-official")
    return workerd.serve(made, vars={"ORIGIN": site})


def servers(stack: ExitStack, site: str) -> dict[str, workerd.Server]:
    """Whoever could be started, by party; who could not is printed."""
    started = {NAMES[name]: server for name, server in edge.servers(stack, site).items()}
    for who, start in (("otel-cf-workers", cf_workers), ("opentelemetry-python", official)):
        try:
            started[who] = start(site)
            stack.callback(started[who].stop)
            ask(started[who], 0, 20, 1)
        except (BuildError, OSError, ValueError, asyncio.IncompleteReadError) as exc:
            started.pop(who, None)
            skipped("requests", bench_peers.reason(exc), who=who, host="workerd")
    return started


def exported(site: str) -> tuple[int, int]:
    """Requests and bytes that the collector has been sent since it was last asked."""
    time.sleep(SETTLE_S)
    with urllib.request.urlopen(f"{site}/sink", timeout=30) as answer:
        data = answer.read()
    count = at = 0
    while at < len(data):
        at += 4 + int.from_bytes(data[at : at + 4], "big")
        count += 1
    return count, len(data) - 5 * count


def ask(server: workerd.Server, first: int, requests: int, at_once: int) -> Any:
    """One turn.

    Raises:
        ValueError: A request failed.
    """
    used = edge.cpu_ms(server)
    result = asyncio.run(edge.load(server.url, "/r", first, requests, at_once))
    if result.errors:
        raise ValueError(f"{result.errors} of {requests} requests failed")
    return result._replace(cpu=(edge.cpu_ms(server) - used) / requests)


def main() -> int:
    """Print p50, p99, CPU and requests per second, one at a time and eight at a time."""
    with ExitStack() as stack:
        site = stack.enter_context(edge.origin())
        started = servers(stack, site)
        first = 1_000
        found: dict[tuple[str, int], list[Any]] = {}
        exports: dict[tuple[str, int], list[float]] = {}
        for number in range(-1, ROUNDS):  # round -1 warms up
            for at_once, requests in REQUESTS.items():
                names = list(started)
                turn = number % len(names)
                for who in names[turn:] + names[:turn]:
                    count = requests if number >= 0 else max(100, requests // 5)
                    try:
                        result = ask(started[who], first, count, at_once)
                    except (ValueError, OSError, asyncio.IncompleteReadError) as exc:
                        skipped(f"p50, {at_once} at once", str(exc), who=who, host="workerd")
                        del started[who]
                        continue
                    first += count
                    sent = exported(site)
                    if number >= 0:
                        found.setdefault((who, at_once), []).append(result)
                        exports.setdefault((who, at_once), []).append(sent[1] / count)
    for (who, at_once), results in found.items():
        where = {"who": who, "host": "workerd"}
        ending = f"{at_once} at once"
        line(f"p50, {ending}", "ms", [one.p50 for one in results], **where)
        line(f"p99, {ending}", "ms", [one.p99 for one in results], **where)
        line(f"CPU per request, {ending}", "ms", [one.cpu for one in results], **where)
        line(f"requests per second, {ending}", "1/s", [one.per_s for one in results], **where)
        if any(exports[who, at_once]):
            line(f"exported per request, {ending}", "B", exports[who, at_once], **where)
    return 0


if __name__ == "__main__":
    sys.exit(main())
