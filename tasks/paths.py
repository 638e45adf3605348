# SPDX-License-Identifier: MIT OR Apache-2.0
"""Where things are in the tree. Knows no task."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
AGENT: Final = ROOT / "agent"
PACKAGE: Final = AGENT / "edgetrace"
BROWSER: Final = ROOT / "browser"
WORKER: Final = ROOT / "worker"
STANDALONE: Final = WORKER / "standalone"
DIST: Final = ROOT / "dist"
CACHE: Final = ROOT / ".cache"
VENV: Final = ROOT / ".venv"
VENV_BIN: Final = VENV / ("Scripts" if os.name == "nt" else "bin")
VENV_PYTHON: Final = VENV_BIN / ("python.exe" if os.name == "nt" else "python")
PYODIDE: Final = BROWSER / "node_modules" / "pyodide"
WHEELS: Final = CACHE / "pyodide-wheels"
REQUIREMENTS_PYODIDE: Final = ROOT / "requirements-pyodide.txt"
REQUIREMENTS: Final = ROOT / "requirements-dev.txt"
REQUIREMENTS_VERIFY: Final = ROOT / "requirements-verify.txt"
