# SPDX-License-Identifier: MIT OR Apache-2.0
"""The agent imports only what Pyodide has loaded anyway, and two modules alone speak to JavaScript.

A first import of anything else costs a visitor milliseconds: http.client 154-389, urllib.parse
55-64, importlib.metadata 27-46, uuid 15-24, gzip 11-15 (Pyodide 314.0.7 in Node, November 2026).
"""

from __future__ import annotations

import pytest

from tests.architecture import agent

# Loaded by a bare loadPyodide() of Pyodide 314, so free.
FREE = {
    *("__future__", "abc", "asyncio", "base64", "collections", "contextlib", "contextvars", "copy"),
    *("dataclasses", "enum", "functools", "importlib", "inspect", "io", "itertools", "json"),
    *(
        "logging",
        "math",
        "operator",
        "os",
        "random",
        "re",
        "struct",
        "sys",
        "time",
        "traceback",
        "types",
        "typing",
    ),
    *("warnings", "weakref", "zlib"),
}
JAVASCRIPT = {"js", "pyodide", "pyodide_js", "workers"}
SPEAKS_TO_JAVASCRIPT = {"_pyodide", "_workerd"}


def _outside(name: str) -> dict[str, int]:
    """Top-level names of packages other than ours that a module imports, with a line each."""
    return {
        item.target.partition(".")[0]: item.line
        for item in agent.imports(name)
        if item.target.partition(".")[0] != "edgetrace"
    }


@pytest.mark.parametrize("name", sorted(agent.modules().keys() - agent.HOST_ONLY))
def test_only_preloaded_standard_modules_are_imported(name: str) -> None:
    """Every import outside the package is free in Pyodide."""
    costly = {key: line for key, line in _outside(name).items() if key not in FREE | JAVASCRIPT}
    assert not costly, f"{name}.py imports what Pyodide would have to load first (line): {costly}"


@pytest.mark.parametrize("name", sorted(agent.modules().keys() - SPEAKS_TO_JAVASCRIPT))
def test_only_the_seams_import_javascript(name: str) -> None:
    """js and pyodide are imported by _pyodide and _workerd alone, so all else runs on any host."""
    found = {key: line for key, line in _outside(name).items() if key in JAVASCRIPT}
    assert not found, f"{name}.py imports from JavaScript (line): {found}; the seams are the place"
