# SPDX-License-Identifier: MIT OR Apache-2.0
"""Blanks type annotations that no program reads, and keeps every line number.

Annotations without a value, and those in class bodies, declare names: the fields of named tuples
and dataclasses. They become `None`, of which nothing has to be postponed.

    from __future__ import annotations           ->

    class At(NamedTuple):                               class At(NamedTuple):
        row: int = 1                                        row: None = 1

    def f(x: int = 1, *rest: str) -> list[int]:         def f(x = 1, *rest):
        total: Final = x                                    total = x

Knows text only. The result is checked on every call: the same tree but for what was blanked.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

from tasks.strip import shape


class Edit(NamedTuple):
    """Text to be replaced: (row, column) of its start and end, in characters, and what to put."""

    start: tuple[int, int]
    end: tuple[int, int]
    new: str


def without_annotations(source: str, name: str = "<source>") -> str:
    """The same program without annotations, line for line.

    Args:
        source: A Python module; nothing in it reads `__annotations__`.
        name: Its name in errors.

    Raises:
        ValueError: The result would not be the same program (a fault of ours).
    """
    tree = ast.parse(source, name)
    lines = io.StringIO(source).readlines()
    for edit in sorted(_edits(tree, source), reverse=True):
        _apply(edit, lines)
    result = "".join(lines)
    if shape(ast.parse(result, name)) != shape(_Bare().visit(tree)):
        raise ValueError(f"{name}: blanking annotations changed the program")
    return result


def _edits(tree: ast.Module, source: str) -> Iterator[Edit]:
    lines = io.StringIO(source).readlines()
    marks = [
        token.start
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.OP and token.string in (":", "->")
    ]

    def place(row: int, column: int) -> tuple[int, int]:
        # Columns of the syntax tree count UTF-8 bytes, those of tokens characters.
        return row, len(lines[row - 1].encode()[:column].decode())

    def span(node: ast.expr | ast.stmt) -> tuple[tuple[int, int], tuple[int, int]]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = place(node.lineno, node.col_offset)
        return start, place(node.end_lineno, node.end_col_offset)

    def mark_before(start: tuple[int, int]) -> tuple[int, int]:
        return max(mark for mark in marks if mark < start)

    declaring = _declaring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            start, end = span(node.returns)
            row, column = mark_before(start)
            before = len(lines[row - 1][:column].rstrip())
            # The colon too: behind a result of several lines it has to move up to the first.
            row_after, column_after = min(mark for mark in marks if mark >= end)
            yield Edit((row, before), (row_after, column_after + 1), ":")
        elif isinstance(node, ast.arg) and node.annotation is not None:
            start, end = span(node.annotation)
            yield Edit(mark_before(start), end, "")
        elif isinstance(node, ast.AnnAssign):
            start, end = span(node.annotation)
            if id(node) in declaring:
                yield Edit(start, end, "None")
            else:
                yield Edit(mark_before(start), end, "")
        elif isinstance(node, ast.ImportFrom) and _is_future(node):
            yield Edit(*span(node), "")


def _declaring(tree: ast.Module) -> set[int]:
    """Annotated statements whose annotation has to stay, as one that says nothing."""
    in_class = {
        id(statement)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
    }
    return {
        id(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and (id(node) in in_class or node.value is None)
    }


def _is_future(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and [alias.name for alias in node.names] == ["annotations"]
    )


def _apply(edit: Edit, lines: list[str]) -> None:
    (first, column), (last, last_column) = edit.start, edit.end
    before, after = lines[first - 1][:column] + edit.new, lines[last - 1][last_column:]
    if first == last:
        lines[first - 1] = before + after
    else:
        lines[first - 1 : last] = [before + "\n", *["\n"] * (last - first - 1), after]


class _Bare(ast.NodeTransformer):
    """The tree as it has to be afterwards."""

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self._declaring = _declaring(node)
        node.body = [statement for statement in node.body if not _is_future(statement)]
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if id(node) in self._declaring:
            node.annotation = ast.Constant(None, lineno=node.annotation.lineno)
            return node
        assert node.value is not None
        return ast.Assign([node.target], node.value, lineno=node.lineno)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node
