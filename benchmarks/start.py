# SPDX-License-Identifier: MIT OR Apache-2.0
"""How long until there is a span: in Chromium, on import in Pyodide, at a Worker's first request.

    .venv/bin/python benchmarks/start.py [--quick]

Each part is a program of its own (benchmarks/browser/start.py, benchmarks/import.mjs,
benchmarks/edge/cold.py); what fails or is not there is skipped, the others go on.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from benchmarks.summary import line, skipped  # noqa: E402
from tasks import bench_peers, wheel  # noqa: E402
from tasks.console import BuildError, run  # noqa: E402
from tasks.paths import DIST, VENV_BIN  # noqa: E402

HERE: Final = ROOT / "benchmarks"
QUICK: Final = "--quick" in sys.argv
LIMIT_S: Final = 400.0
PARTIES: Final = {"agent": "edgetrace", "stock": "pyodide"}
NAMES: Final = {"total": "first span", "boot_ms": "boot", "glue_ms": "glue", "wasm_ms": "wasm"}
OFFICIAL: Final = (
    "import opentelemetry.sdk.trace, opentelemetry.exporter.otlp.proto.common.trace_encoder"
)


def chromium() -> None:
    """Script tag to first delivered span, beside a stock Pyodide's boot, cold and warm."""
    command = [sys.executable, HERE / "browser" / "start.py", "--runs", 1 if QUICK else 4]
    text = run(command, what="browser/start.py", timeout_s=LIMIT_S)
    for said in map(json.loads, filter(lambda row: row.startswith("{"), text.splitlines())):
        what, _, rest = said["case"].partition(" ")
        if what not in PARTIES or "median" not in said:
            continue
        state, _, part = rest.partition(" ")
        name = NAMES.get(part, part.removesuffix("_ms")) if what == "agent" else "boot"
        samples = [said.get("low", said["median"]), said["median"]]
        samples += [said.get("high", said["median"])]
        line(f"{state}, {name}", "ms", samples, who=PARTIES[what], host="chromium")


def imports() -> None:
    """Import statements in a bare Pyodide on Node, a process each, in turns."""
    own = [DIST / f"edgetrace-{wheel.version()}-py3-none-any.whl"]
    configure = "from edgetrace import configure"
    kinds: dict[tuple[str, str], tuple[str, str, list[Path]]] = {
        ("edgetrace", "import, from .pyc"): ("pyc", configure, own),
        ("edgetrace", "import, from source"): ("source", configure, own),
        ("edgetrace", "import, the script tag's archive"): (
            "archive",
            "import edgetrace.browser",
            [DIST / "edgetrace-agent.zip"],
        ),
    }
    official = {"who": "opentelemetry-python", "host": "node"}
    try:
        wheels = bench_peers.wheels()
        for kind in ("pyc", "source"):
            case = f"import, from {'.pyc' if kind == 'pyc' else 'source'}"
            kinds["opentelemetry-python", case] = (kind, OFFICIAL, wheels)
    except BuildError as exc:
        skipped("import", bench_peers.reason(exc), **official)
    samples: dict[tuple[str, str], list[float]] = {key: [] for key in kinds}
    for _ in range(1 if QUICK else 3):
        for key, (kind, statement, files) in kinds.items():
            command = [VENV_BIN / "node", HERE / "import.mjs", DIST / "pyodide", kind, statement]
            samples[key].append(float(run([*command, *files], what="import.mjs").split()[0]))
    for (who, case), found in samples.items():
        line(case, "ms", found, who=who, host="node")


def sizes() -> None:
    """What the goals bound, of the bundle as it is."""
    zipped = (DIST / "edgetrace-agent.zip").stat().st_size
    loader = len(gzip.compress((DIST / "agent.js").read_bytes(), 9))
    line("agent archive", "B", [zipped], who="edgetrace", host="chromium")
    line("loader, gzip", "B", [loader], who="edgetrace", host="chromium")


def worker() -> None:
    """A Worker's first request, as benchmarks/edge/cold.py says."""
    script = HERE / "edge" / "cold.py"
    command = [sys.executable, script, "--boots", 1 if QUICK else 4, "--json"]
    text = run(command, what="edge/cold.py", timeout_s=LIMIT_S)
    said: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    for name, who in (("gateway", "edgetrace"), ("stock", "pyodide")):
        first = [said[name]["fastest_ms"], said[name]["first_ms"], said[name]["first_ms"]]
        line("cold first request", "ms", first, who=who, host="workerd")
        line("second request", "ms", [said[name]["second_ms"]], who=who, host="workerd")


def main() -> int:
    """Every part that can be measured."""
    for part, host in ((chromium, "chromium"), (imports, "node"), (sizes, ""), (worker, "workerd")):
        try:
            part()
        except (BuildError, OSError, ValueError, KeyError, subprocess.SubprocessError) as exc:
            skipped(part.__name__, bench_peers.reason(exc), who="edgetrace", host=host)
    return 0


if __name__ == "__main__":
    sys.exit(main())
