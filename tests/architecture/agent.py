# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the architecture tests read: the agent's modules and whom each one imports, by syntax alone.

Nothing here imports the agent, so a module that breaks a rule cannot hide by failing to import.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tasks.paths import PACKAGE

# Modules that only a host runs; no browser loads them.
HOST_ONLY = {"pytest_plugin"}


class Import(NamedTuple):
    """One import: the importing module's name, what it imports (absolute, dotted), and its line."""

    module: str
    target: str
    line: int


def modules() -> dict[str, Path]:
    """Every module of the agent, by name without the package."""
    return {path.stem: path for path in sorted(PACKAGE.glob("*.py"))}


def imports(name: str) -> list[Import]:
    """Every import in a module that runs, at whatever depth; those for type checkers do not run."""
    tree = ast.parse(modules()[name].read_text(encoding="utf-8"))
    return list(_imports(name, tree))


def _imports(name: str, node: ast.AST) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield from _imports(name, other)
        elif isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(name, alias.name, child.lineno)
        elif isinstance(child, ast.ImportFrom):
            base = ".".join(filter(None, ["edgetrace" if child.level else "", child.module or ""]))
            for alias in child.names:
                whole = f"{base}.{alias.name}"
                is_module = bool(child.level) and not child.module  # `from . import _fields`
                yield Import(name, whole if is_module else base, child.lineno)
        else:
            yield from _imports(name, child)


def own(name: str) -> set[str]:
    """The agent's modules that a module imports; the package itself is `__init__`."""
    found = set()
    for item in imports(name):
        parts = item.target.split(".")
        if parts[0] == "edgetrace":
            found.add(parts[1] if len(parts) > 1 else "__init__")
    return found - {name}
