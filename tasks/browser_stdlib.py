# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the script tag's own Pyodide imports, as bytecode: a library, and the agent.

    edgetrace-stdlib.zip    of npm's python_stdlib.zip what loadPyodide() and the agent import
    edgetrace-bytecode.zip  of agent/edgetrace what the runtime reaches, as in edgetrace-agent.zip

A stock boot spends most of its time compiling the standard library's source (November 2026); these
are given to loadPyodide() in that library's place, for exactly the Pyodide beside them. Entries are
stored: brotli makes a third less of the whole than deflate of the parts, and nothing is left to
inflate while Python starts.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tasks.archive import zip_bytes
from tasks.console import BuildError
from tasks.node import tool_environ
from tasks.paths import CACHE, PYODIDE, ROOT, VENV_BIN
from tasks.standins import STANDINS

TOOLS: Final = (ROOT / "tasks" / "bytecode.mjs", ROOT / "tasks" / "bytecode_inside.py")
KEPT: Final = CACHE / "edgetrace-stdlib"
PLATFORM: Final = {"js", "pyodide_js"}
"""Modules that JavaScript makes."""


def agent_zip(agent: Mapping[str, str]) -> bytes:
    """The agent, for `sys.path`.

    Args:
        agent: File name -> text, as `agent_archive.modules` has it.

    Raises:
        BuildError: It is not Python for this Pyodide.
    """
    sources = {f"edgetrace/{name}": text for name, text in {"__init__.py": "", **agent}.items()}
    return _archive({"sources": sources, "library": None})


def stdlib_zip(agent: Mapping[str, str]) -> bytes:
    """The library; made once for each Pyodide and set of modules, and kept in .cache.

    Args:
        agent: As for `agent_zip`; what it imports anywhere is in the library.

    Raises:
        BuildError: Pyodide does not start from it, or the agent imports what has a stand-in.
    """
    extras = sorted(imported(agent.values()) - PLATFORM)
    replaced = {path.removesuffix(".py").removesuffix("/__init__") for path in STANDINS}
    for name in extras:
        if name.replace(".", "/") in replaced:
            raise BuildError(f"the agent imports {name}, for which tasks/standins.py has nothing")
    given = {"sources": {}, "library": {"standins": STANDINS, "extras": extras}}
    key = hashlib.sha256(json.dumps(given).encode())
    for path in (*TOOLS, PYODIDE / "package.json", ROOT / "tasks" / "archive.py"):
        key.update(path.read_bytes())
    kept = KEPT / f"{key.hexdigest()}.zip"
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        _put(kept, _archive(given))
    return kept.read_bytes()


def _put(path: Path, contents: bytes) -> None:
    work = path.with_suffix(".new")
    work.write_bytes(contents)
    work.rename(path)


def _archive(given: Mapping[str, Any]) -> bytes:
    words = [VENV_BIN / "node", TOOLS[0], PYODIDE, TOOLS[1]]
    child = subprocess.run(
        [str(word) for word in words],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        env=tool_environ(),
    )
    if child.returncode:
        raise BuildError(f"bytecode.mjs: exit code {child.returncode}\n{child.stderr[-3000:]}")
    files = json.loads(child.stdout)
    return zip_bytes({name: base64.b64decode(data) for name, data in files.items()}, deflate=False)


def imported(sources: Iterable[str]) -> set[str]:
    """Absolute names that the sources import, inside functions too."""
    names: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    return names
