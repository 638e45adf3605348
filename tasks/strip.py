# SPDX-License-Identifier: MIT OR Apache-2.0
"""Blanks comments, docstrings and wide indents of Python source, and keeps every line number.

A visitor's browser downloads the agent's source, and half of it explains itself to people. What is
blanked leaves its line breaks behind, so a traceback from the field names the line of the file in
git; runs of line breaks compress to almost nothing.

    def f(x):                          def f(x):
        \"\"\"Explained.\"\"\"      ->
        return x  # why                 return x

The result is checked here on every call: same syntax tree but for the docstrings, same line
numbers. Knows text only: no file, no zip.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def strip(source: str, name: str = "<source>") -> str:
    """The same program without comments and docstrings, line for line.

    Args:
        source: A Python module.
        name: Its name in errors.

    Raises:
        SyntaxError: ``source`` is not Python.
        ValueError: The result would not be the same program (a fault of ours).
    """
    tree = ast.parse(source, name)
    lines = _without_docstrings(_lines(source), tree)
    result = _with_narrow_indents(_without_comments("".join(lines)))
    if shape(ast.parse(result, name)) != shape(tree):
        raise ValueError(
            f"{name}: stripping changed the program; is there code on a docstring's line?"
        )
    return result


def shape(tree: ast.Module) -> list[tuple[str, int]]:
    """Every node but docstrings, as text with its line: what stripping must keep."""
    docstrings = {id(node) for _, node, _ in _docstrings(tree)}
    left_out = docstrings | {
        id(child) for _, node, _ in _docstrings(tree) for child in ast.walk(node)
    }
    for scope in (node for node in ast.walk(tree) if isinstance(node, Scope)):
        code = [statement for statement in scope.body if id(statement) not in docstrings]
        if len(code) == 1 and isinstance(code[0], ast.Pass):
            left_out.add(id(code[0]))  # stands for an empty body, as a lone docstring did
    return [
        (_own_text(node, left_out), getattr(node, "lineno", 0))
        for node in ast.walk(tree)
        if id(node) not in left_out
    ]


def _own_text(node: ast.AST, left_out: set[int]) -> str:
    """A node's type and plain values; its children speak for themselves, in the walk's order."""
    parts = [type(node).__name__]
    for key, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            parts.append(f"{key}:{type(value).__name__}")
        elif isinstance(value, list):
            count = sum(id(item) not in left_out for item in value)
            parts.append(f"{key}*{count}")
            parts += [repr(item) for item in value if not isinstance(item, ast.AST)]
        else:
            parts.append(f"{key}={value!r}")
    return " ".join(parts)


def _lines(source: str) -> list[str]:
    """Lines as Python counts them: str.splitlines would also cut at form feeds inside strings."""
    return io.StringIO(source).readlines()


def _docstrings(tree: ast.Module) -> Iterator[tuple[Scope, ast.Expr, bool]]:
    """Every string that stands by itself, first in its scope or under what it explains: its scope,
    its statement, and whether `pass` has to take its place.
    """
    for scope in ast.walk(tree):
        if not isinstance(scope, Scope):
            continue
        texts = [
            statement
            for statement in scope.body
            if isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        ]
        for statement in texts:
            whole_body = len(texts) == len(scope.body) and statement is texts[0]
            yield scope, statement, whole_body


def _without_docstrings(lines: list[str], tree: ast.Module) -> list[str]:
    """Blank each docstring's characters; a body that was nothing else becomes `pass`."""
    lines = list(lines)
    for scope, node, whole_body in _docstrings(tree):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        first, last = node.lineno - 1, node.end_lineno - 1
        # Columns of the syntax tree count UTF-8 bytes.
        before = lines[first].encode()[: node.col_offset].decode()
        after = lines[last].encode()[node.end_col_offset :].decode()
        if whole_body and not isinstance(scope, ast.Module):
            before += "pass"
        if first == last:
            lines[first] = before + after
        else:
            lines[first : last + 1] = [before + "\n", *["\n"] * (last - first - 1), after]
    return lines


def _without_comments(source: str) -> str:
    """Blank comments, and spaces at line ends outside strings."""
    lines = _lines(source)
    inside_string: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        (row, column), (last_row, _) = token.start, token.end
        if token.type == tokenize.COMMENT:
            lines[row - 1] = lines[row - 1][:column] + "\n"
        elif token.type != tokenize.NEWLINE:
            inside_string.update(range(row, last_row))
    return "".join(
        line if row in inside_string else line.rstrip() + "\n" for row, line in enumerate(lines, 1)
    )


def _with_narrow_indents(source: str) -> str:
    """One space per level, none on continuation lines: columns move, lines do not."""
    lines = _lines(source)
    level = 0
    at_start = True
    width: dict[int, int] = {}  # row -> spaces its first token gets; rows inside strings have none
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.INDENT:
            level += 1
        elif token.type == tokenize.DEDENT:
            level -= 1
        elif token.type == tokenize.NEWLINE:
            at_start = True
        elif token.type != tokenize.NL and token.string:
            width.setdefault(token.start[0], level if at_start else 0)
            width.setdefault(token.end[0], -1)  # the tail of a string that began higher up
            at_start = False
    for row, spaces in width.items():
        if spaces >= 0:
            lines[row - 1] = " " * spaces + lines[row - 1].lstrip(" \t\f")
    return "".join(lines)
