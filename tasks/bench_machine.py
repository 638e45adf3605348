# SPDX-License-Identifier: MIT OR Apache-2.0
"""Where and with what a run was made, in lines for RESULTS.md."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tasks import bench_peers, chromium, wheel
from tasks.paths import PYODIDE, VENV_BIN, WORKER


def today() -> str:
    """The date, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def lines() -> list[str]:
    """Machine, load, versions of what runs, versions of the peers."""
    return [
        f"{today()}, edgetrace {wheel.version()}",
        f"{_processor()}, {os.cpu_count()} cores, {_memory()}; {platform.system()} "
        f"{platform.release().partition('-')[0]}; load at the start {_load()}",
        f"CPython {platform.python_version()}, Node {_said(VENV_BIN / 'node', '--version')}, "
        f"Pyodide {_npm(PYODIDE)}, Chromium {_said(chromium.path() or 'chromium', '--version')}, "
        f"workerd {_npm(WORKER / 'node_modules' / 'workerd')}",
        "peers: " + ", ".join(_peers()),
    ]


def _processor() -> str:
    with contextlib.suppress(OSError, AttributeError, TypeError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return re.search(r"model name\s*:\s*(.+)", text)[1].strip()  # type: ignore[index]
    return platform.processor() or platform.machine()


def _memory() -> str:
    with contextlib.suppress(OSError, ValueError):
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return f"{size / 2**30:.0f} GiB"
    return "memory unknown"


def _load() -> str:
    with contextlib.suppress(OSError):
        return f"{os.getloadavg()[0]:.1f}"
    return "unknown"


def _said(*command: object) -> str:
    """The version in what a program prints."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=30, check=True
        )
        found = re.search(r"\d+(\.\d+)+", done.stdout)
        return found[0] if found else "unknown"
    return "unknown"


def _npm(folder: Path) -> str:
    """An installed npm package's version."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return str(json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"])
    return "not installed"


def _peers() -> list[str]:
    """What the peers' own lists pin."""
    pinned = [
        line.strip().replace("==", " ")
        for line in bench_peers.REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        if line.startswith(("opentelemetry-sdk", "protobuf"))
    ]
    for folder in (bench_peers.FOLDER, bench_peers.FOLDER / "edge"):
        listed = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
        pinned += [
            f"{name} {version}"
            for name, version in listed.items()
            if name.endswith(("sdk-trace", "otlp-transformer", "-load", "faro-web-sdk", "workers"))
            or name.startswith("@sentry")
        ]
    return pinned
