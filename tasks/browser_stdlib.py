# SPDX-License-Identifier: MIT OR Apache-2.0
"""edgetrace-python.zip: all that the script tag's own Pyodide imports, as bytecode.

    python_stdlib.zip of npm's pyodide   the modules that loadPyodide() and the agent import
    agent/edgetrace                      what the runtime reaches, as in edgetrace-agent.zip

A stock boot spends most of its time compiling the standard library's source (November 2026); this
archive is given to loadPyodide() in that library's place, for exactly the Pyodide beside it.
Entries are stored: brotli makes a third less of the whole than deflate of the parts, and nothing is
left to inflate while Python starts.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from typing import Final

from tasks.archive import zip_bytes
from tasks.console import BuildError
from tasks.node import tool_environ
from tasks.paths import PYODIDE, ROOT, VENV_BIN

ENTRY: Final = "edgetrace.browser"
EXTRAS: Final = ()


def python_zip(agent: Mapping[str, str]) -> bytes:
    """The archive; the same bytes from the same sources and Pyodide.

    Args:
        agent: File name -> text, as `agent_archive.modules` has it.

    Raises:
        BuildError: The agent cannot be imported in Pyodide.
    """
    given = {
        "agent": {"__init__.py": "", **agent},
        "entry": ENTRY,
        "extras": EXTRAS,
        "standins": {},
    }
    folder = ROOT / "tasks"
    command = [VENV_BIN / "node", folder / "bytecode.mjs", PYODIDE, folder / "bytecode_inside.py"]
    child = subprocess.run(
        [str(word) for word in command],
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
