# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the gateway's isolate holds after some thousand requests, and after some thousand more.

    .venv/bin/python benchmarks/edge/memory.py [--quick]

In bare workerd, after both garbage collectors have run: Python's allocations (tracemalloc), the
WebAssembly memory they are in, which never shrinks, V8's heap in use, and what the process has of
the machine's memory, which V8 enlarges as it likes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from benchmarks.edge import load  # noqa: E402
from benchmarks.edge.bare import Bare, modules_of  # noqa: E402
from benchmarks.summary import line  # noqa: E402
from tasks import standalone  # noqa: E402
from tasks.paths import CACHE, WORKER  # noqa: E402

HERE: Final = Path(__file__).resolve().parent
SOURCES: Final = CACHE / "edge" / "probe-source"
AT_ONCE: Final = 8
REQUESTS: Final = 5_000
"""Of a step; the first warms up, growth is what the others add."""
STEPS: Final = 3
PARTY: Final = {"who": "edgetrace", "host": "workerd"}
WHAT: Final = {
    "python": "gateway, Python's allocations",
    "wasm": "gateway, WebAssembly memory",
    "javascript": "gateway, JS heap in use",
    "rss": "gateway, resident memory of workerd",
}
SETTLE_S: Final = 10.0


class Held(NamedTuple):
    """Bytes that are held once all garbage is gone; `rss` is the whole process's."""

    python: int
    wasm: int
    javascript: int
    rss: int


def upload() -> Path:
    """The gateway with a path that says what it holds."""
    SOURCES.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(SOURCES / "edgetrace_gateway", ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(WORKER / "edgetrace_gateway", SOURCES / "edgetrace_gateway", ignore=ignored)
    for path in (WORKER / "gateway.py", HERE / "apps" / "probe.py"):
        shutil.copy(path, SOURCES)
    return standalone.ensure(SOURCES / "probe.py", [], CACHE / "edge" / "probe")


def start(site: str) -> Bare:
    """The gateway in front of `site`, which is its collector too."""
    variables = {"ORIGIN": site, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{site}/v1/traces"}
    return Bare(modules_of(upload()), {**variables, "OTEL_BSP_SCHEDULE_DELAY": "100"})


def after(bare: Bare, site: str, first: int, requests: int) -> Held:
    """What is held once so many more requests are answered and their spans delivered.

    Raises:
        RuntimeError: A request failed, or a span was not delivered.
    """
    if asyncio.run(load.load(bare.url, "/r", first, requests, AT_ONCE)).errors:
        raise RuntimeError("requests failed")
    left, deadline = 2 * requests, time.monotonic() + SETTLE_S
    while left > 0:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{left} spans were not delivered")
        left -= sum([len(list(load._spans(body))) for body in load._sunk(site)])
    said = json.loads(bare.get("/-/memory"))
    status = Path(f"/proc/{bare.pid}/status").read_text()
    rss = int(status.partition("VmRSS:")[2].split()[0]) * 1024
    return Held(said["python"], said["wasm"], bare.js_heap_bytes(), rss)


def main() -> None:
    """Print a line per figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests")
    requests = REQUESTS // 5 if parser.parse_args().quick else REQUESTS
    with load.origin() as site, start(site) as bare:
        steps = [after(bare, site, index * requests, requests) for index in range(STEPS)]
    for field, what in WHAT.items():
        sizes = [float(getattr(held, field)) for held in steps]
        growth = (sizes[-1] - sizes[0]) / (requests * (STEPS - 1))
        line(what, "B", sizes[-1:], **PARTY, after=requests * STEPS)
        line(f"{what}, growth per request", "B", [growth], **PARTY, after=requests)


if __name__ == "__main__":
    main()
