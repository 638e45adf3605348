# SPDX-License-Identifier: MIT OR Apache-2.0
"""Puts the values of named numbers and bytes where their names are read, and keeps line numbers.

    SPAN_NAME: Final = b"\\x2a"      # _fields.py
    LIMIT: Final = 60 * 1024         # _a.py

    from ._a import LIMIT
    if size > LIMIT:                 ->     if size > (60 * 1024):
        parts.append(f.SPAN_NAME)    ->         parts.append(b"\\x2a")

Names are for people; `shake` then drops what defined them. Only a name that is `Final`, bound once
in its whole module, and set to literals of numbers or bytes is followed. Knows text only; the
result is checked on every call.
"""

from __future__ import annotations

import ast
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from tasks.strip import shape

LITERALS: Final = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)


class Value(NamedTuple):
    """What a name stands for, as a tree and as text."""

    tree: ast.expr
    text: str


class _Use(NamedTuple):
    """A name where it is read, and its value."""

    node: ast.Name | ast.Attribute
    value: Value


def inline(sources: Mapping[str, str]) -> dict[str, str]:
    """The same modules with constants in the places where they are read.

    Args:
        sources: Module name -> text, the modules of one package.

    Raises:
        ValueError: The result would not be the same program (a fault of ours).
    """
    trees = {name: ast.parse(source, name) for name, source in sources.items()}
    known = {name: _constants(trees[name], sources[name]) for name in sources}
    return {name: _inlined(name, sources[name], trees[name], known) for name in sources}


def _constants(tree: ast.Module, source: str) -> dict[str, Value]:
    """A module's own constants by name."""
    bound = Counter(_bound(tree))
    found = {}
    for statement in tree.body:
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(statement.annotation, ast.Name)
            and statement.annotation.id == "Final"
            and bound[statement.target.id] == 1
            and statement.value is not None
            and _is_plain(statement.value)
        ):
            text = ast.get_source_segment(source, statement.value) or ""
            if not isinstance(statement.value, ast.Constant):
                text = f"({text})"
            found[statement.target.id] = Value(statement.value, text)
    return found


def _bound(tree: ast.Module) -> Iterator[str]:
    """Every name that is bound anywhere, once for each time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        else:  # a function, a class, an exception, a pattern
            yield getattr(node, "name", None) or ""


def _is_plain(value: ast.expr) -> bool:
    """Whether a value is made of literals of numbers and bytes, on one line."""
    return value.lineno == value.end_lineno and all(
        isinstance(node, LITERALS)
        and not (isinstance(node, ast.Constant) and type(node.value) not in (int, float, bytes))
        for node in ast.walk(value)
    )


def _inlined(
    name: str, source: str, tree: ast.Module, known: Mapping[str, Mapping[str, Value]]
) -> str:
    lines = io.StringIO(source).readlines()
    uses = list(_uses(tree, known[name], known))
    for node, value in sorted(uses, key=lambda use: (use[0].lineno, use[0].col_offset))[::-1]:
        line = lines[node.lineno - 1].encode()  # columns of the syntax tree count UTF-8 bytes
        before, after = line[: node.col_offset], line[node.end_col_offset :]
        lines[node.lineno - 1] = (before + value.text.encode() + after).decode()
    result = "".join(lines)
    _Put({id(node): value for node, value in uses}).visit(tree)
    if shape(ast.parse(result, name)) != shape(tree):
        raise ValueError(f"{name}: putting constants in place changed the program")
    return result


def _uses(
    tree: ast.Module, own: Mapping[str, Value], known: Mapping[str, Mapping[str, Value]]
) -> Iterator[_Use]:
    """Every place where a constant is read, by name or as a module's attribute."""
    bound = Counter(_bound(tree))
    values, modules = dict(own), {}
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.level == 1:
            for alias in statement.names:
                here = alias.asname or alias.name
                if bound[here] > 1:
                    continue
                if statement.module is None:
                    modules[here] = known.get(alias.name, {})
                elif alias.name in known.get(statement.module, ()):
                    values[here] = known[statement.module][alias.name]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in values:
            yield _Use(node, values[node.id])
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found = modules.get(node.value.id, {})
            if node.attr in found and node.lineno == node.end_lineno:
                yield _Use(node, found[node.attr])


class _Put(ast.NodeTransformer):
    """Makes the tree what it has to be afterwards."""

    def __init__(self, values: Mapping[int, Value]) -> None:
        self._values = values

    def visit(self, node: ast.AST) -> ast.AST:
        value = self._values.get(id(node))
        if value is None:
            return self.generic_visit(node)
        put: ast.AST = ast.parse(value.text, mode="eval").body
        return ast.increment_lineno(put, getattr(node, "lineno", 1) - 1)
