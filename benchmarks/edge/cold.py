# SPDX-License-Identifier: MIT OR Apache-2.0
"""The first request of a fresh gateway, which boots Python: by our host, and by stock Pyodide.

    .venv/bin/python benchmarks/edge/cold.py [--boots 7] [--json]

    gateway   the upload as `standalone.ensure` makes it: bytecode of the modules that it needs
    stock     the same upload with npm pyodide's own python_stdlib.zip, all of it, as source

Each boot is a new workerd, in turns; it has started and loaded its modules when the clock starts.
The second request says what the first one is when Python runs already. Sizes are of the upload,
each file gzipped by itself.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import statistics
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from benchmarks.edge.load import origin, upload  # noqa: E402
from tasks import standalone, workerd  # noqa: E402
from tasks.paths import CACHE, PYODIDE, WORKER  # noqa: E402

STDLIB: Final = "python_stdlib.zip"


def stock(ours: Path) -> Path:
    """Our upload with Pyodide's own standard library."""
    folder = CACHE / "edge" / "bench-stock"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ours, folder)
    shutil.copyfile(PYODIDE / STDLIB, folder / STDLIB)
    return folder


def boot(folder: Path, site: str) -> tuple[float, float]:
    """Milliseconds of the first and the second request of a fresh workerd."""
    variables = {"ORIGIN": site, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{site}/v1/traces"}
    with workerd.serve(folder, vars=variables) as server:
        took = []
        for _ in range(2):
            started = time.perf_counter()
            with urllib.request.urlopen(f"{server.url}/r/1", timeout=60) as answer:
                answer.read()
            took.append((time.perf_counter() - started) * 1e3)
        return took[0], took[1]


def size_mb(folder: Path) -> float:
    """An upload's size, each file gzipped."""
    files = [path.read_bytes() for path in standalone.upload(folder)]
    return sum([len(gzip.compress(data, 9)) for data in files]) / 1e6


def run(boots: int) -> dict[str, Any]:
    """The figures."""
    ours = upload(WORKER / "gateway.py")
    folders = {"gateway": ours, "stock": stock(ours)}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in folders}
    with origin() as site:
        for _ in range(boots):
            for name, folder in folders.items():
                times[name].append(boot(folder, site))
    return {
        name: {
            "first_ms": round(statistics.median([first for first, _ in times[name]])),
            "fastest_ms": round(min([first for first, _ in times[name]])),
            "second_ms": round(statistics.median([second for _, second in times[name]]), 1),
            "upload_gz_mb": round(size_mb(folder), 2),
        }
        for name, folder in folders.items()
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--boots", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    figures = run(options.boots)
    if options.json:
        print(json.dumps(figures))
        return
    print(f"{'':10}{'first ms':>10}{'fastest':>10}{'second ms':>12}{'upload MB gz':>14}")
    for name, f in figures.items():
        row = f"{f['first_ms']:>10}{f['fastest_ms']:>10}{f['second_ms']:>12}{f['upload_gz_mb']:>14}"
        print(f"{name:10}{row}")
    ratio = figures["stock"]["first_ms"] / figures["gateway"]["first_ms"]
    print(f"stock takes {ratio:.1f} times as long")


if __name__ == "__main__":
    main()
