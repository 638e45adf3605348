# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pyodide's package table with edgetrace in it, so that `loadPyodide({packages: ["edgetrace"]})`
works.

The entry is made by `micropip.freeze()` in the very Pyodide that will read it, on Node, with
nothing downloaded: micropip's wheel comes from requirements-pyodide.txt. pyodide-lock would be the
other way, but its releases for Python 3.11 (0.1.x) refuse the table of Pyodide 314 (`info.version`
is gone, `tool` is new).

    micropip.install(wheel) ; micropip.freeze()  ->  the entry  ->  table of npm's pyodide + entry
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from tasks.console import run
from tasks.node import tool_environ
from tasks.paths import PYODIDE, ROOT, VENV_BIN, WHEELS

FREEZE = ROOT / "tasks" / "freeze.mjs"
IN_PYODIDE = {
    "sys_platform": "emscripten",
    "platform_system": "Emscripten",
    "python_version": "3.14",
    "python_full_version": "3.14.2",
    "extra": "",
}


def entries(wheels: list[Path]) -> dict[str, dict[str, Any]]:
    """What Pyodide's package table says of ``wheels`` after micropip has installed them, by name.

    Args:
        wheels: Pure wheels, installed together; what they depend on beside each other is left out.
    """
    micropip = [next(WHEELS.glob(f"{name}-*.whl")) for name in ("micropip", "packaging")]
    command = [VENV_BIN / "node", FREEZE, PYODIDE, *micropip, "--", *wheels]
    text = run(command, what="micropip.freeze in Pyodide", environ=tool_environ(), timeout_s=300)
    packages = json.loads(text[text.index("{") :])["packages"]
    ours = {wheel.name: wheel for wheel in wheels}
    found = {
        name: entry for name, entry in packages.items() if Path(entry["file_name"]).name in ours
    }
    for entry in found.values():
        wheel = ours[Path(entry["file_name"]).name]
        entry["file_name"] = wheel.name
        entry["imports"] = entry["imports"] or top_level_names(wheel)
        entry |= {"package_type": "package", "unvendored_tests": False, "tool": {}}
        entry["depends"] = sorted(requirements(wheel) & found.keys())
    return found


def top_level_names(wheel: Path) -> list[str]:
    """What `import` finds in a wheel; freeze() reads top_level.txt, which few backends write."""
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name).parts[0] for name in archive.namelist() if name.endswith(".py")}
    return sorted(name.removesuffix(".py") for name in names)


def requirements(wheel: Path) -> set[str]:
    """Canonical names of what a wheel requires inside Pyodide, without extras."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().partition("\n\n")[0].splitlines()
    needs = (Requirement(line[15:]) for line in lines if line.startswith("Requires-Dist: "))
    return {
        canonicalize_name(need.name)
        for need in needs
        if need.marker is None or need.marker.evaluate(IN_PYODIDE)
    }


def with_entries(table: str, new: dict[str, dict[str, Any]]) -> str:
    """``table`` (JSON text) plus ``new`` entries, whose wheels lie beside it."""
    lock = json.loads(table)
    lock["packages"] = dict(sorted((lock["packages"] | new).items()))
    return json.dumps(lock, separators=(",", ":"), sort_keys=True) + "\n"
