# SPDX-License-Identifier: MIT OR Apache-2.0
"""Blanks what nothing reaches, out of a set of modules that import one another; keeps line numbers.

Reaching goes by name, over syntax trees: code that runs is scanned for the names and attributes in
it, and what they may mean runs too. It errs on the side of keeping: a method stays if anything at
all looks up an attribute of its name.

    from ._a import f, g   # roots: serve          from ._a import f

    def serve(x):                            ->    def serve(x):
        return f(x)                                     return f(x)

    def start(x):
        return g(x)

Annotations reach nothing (`annotations.py` takes them out), and neither does `if TYPE_CHECKING:`.
Definitions and assignments at module level are taken to have no other effect than their names; all
other statements stay. Knows text only; the result is checked on every call.
"""

from __future__ import annotations

import ast
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from tasks.strip import shape

Function = ast.FunctionDef | ast.AsyncFunctionDef
PASSIVE_BASES: Final = frozenset(
    {"NamedTuple", "Enum", "IntEnum", "Protocol", "Exception", "ValueError", "RuntimeError"}
)
"""Bases from elsewhere that call no method of a subclass, but for `__dunder__` and `_sunder_`."""


class Unclear(ValueError):
    """A construct whose reach cannot be told; rewrite it, or teach it to this module."""


def shake(sources: Mapping[str, str], roots: Iterable[str]) -> dict[str, str]:
    """The modules that `roots` reach, without what they do not reach, line for line.

    Args:
        sources: Module name -> text, the modules of one package.
        roots: "module.name" or "module.Class.method": what is called from outside.

    Raises:
        Unclear: The reach of a construct cannot be told.
        KeyError: A root does not exist.
    """
    trees = {name: ast.parse(source, name) for name, source in sources.items()}
    reach = _Reach(trees)
    for root in roots:
        reach.root(*root.split("."))
    return {
        name: _blanked(name, sources[name], trees[name], reach) for name in sorted(reach.modules)
    }


class _Place(NamedTuple):
    """Where a name of a module is bound: by a statement, or by one alias of an import."""

    statement: ast.stmt
    alias: ast.alias | None = None


class _Reach:
    """What is reached so far.

    Attributes:
        modules: Names of modules.
        kept: Identities of the statements and aliases that stay.
    """

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self._trees = trees
        self._places = {name: _bindings(tree) for name, tree in trees.items()}
        self.modules: set[str] = set()
        self.kept: set[int] = set()
        self._attributes: set[str] = set()
        self._waiting: dict[str, list[tuple[str, Function]]] = defaultdict(list)

    def root(self, module: str, name: str, method: str = "") -> None:
        """Reach one thing from outside."""
        if name not in self._places[module]:
            raise KeyError(f"{module} has no {name}")
        self._reach(module, name)
        if method:
            if method not in self._waiting and method not in self._attributes:
                raise KeyError(f"{module}.{name} has no {method}")
            self._look_up(method)

    def _touch(self, module: str) -> None:
        """Importing a module runs its statements that bind no names."""
        if module in self.modules:
            return
        self.modules.add(module)
        bound = {id(place.statement) for at in self._places[module].values() for place in at}
        for statement in self._trees[module].body:
            if id(statement) not in bound and not _has_no_effect(statement):
                self._keep(module, statement)

    def _reach(self, module: str, name: str) -> None:
        self._touch(module)
        for statement, alias in self._places[module].get(name, ()):
            if alias is None:
                self._keep(module, statement)
            elif id(alias) not in self.kept:
                self.kept |= {id(statement), id(alias)}
                self._import(statement, alias)

    def _import(self, statement: ast.stmt, alias: ast.alias) -> None:
        if not isinstance(statement, ast.ImportFrom) or statement.level != 1:
            return
        if statement.module is None:
            self._touch(alias.name)
        else:
            self._reach(statement.module, alias.name)

    def _keep(self, module: str, statement: ast.stmt) -> None:
        if id(statement) not in self.kept:
            self.kept.add(id(statement))
            self._scan(module, statement)

    def _look_up(self, attribute: str) -> None:
        if attribute not in self._attributes:
            self._attributes.add(attribute)
            for module, method in self._waiting.pop(attribute, ()):
                self._keep(module, method)

    def _scan(self, module: str, node: ast.AST) -> None:
        """Follow every name in code that runs."""
        if isinstance(node, ast.Name):
            self._reach(module, node.id)
        elif isinstance(node, ast.Attribute):
            self._look_up(node.attr)
            self._reach_member(module, node)
        elif isinstance(node, ast.Call):
            self._look_up_by_text(module, node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:  # inside a function
                self._import(node, alias)
        for child in _running(node):
            if (
                isinstance(node, ast.ClassDef)
                and isinstance(child, Function)
                and not self._may_be_called_from_outside(module, node, child)
            ):
                if child.name in self._attributes:
                    self._keep(module, child)
                else:
                    self._waiting[child.name].append((module, child))
                continue
            if isinstance(child, ast.stmt):
                self.kept.add(id(child))
            self._scan(module, child)

    def _reach_member(self, module: str, node: ast.Attribute) -> None:
        """`f.NAME`, where `f` is one of the package's modules."""
        if isinstance(node.value, ast.Name):
            for statement, alias in self._places[module].get(node.value.id, ()):
                if alias and isinstance(statement, ast.ImportFrom) and not statement.module:
                    self._reach(alias.name, node.attr)

    def _look_up_by_text(self, module: str, call: ast.Call) -> None:
        """`getattr(x, "name")`."""
        if not isinstance(call.func, ast.Name):
            return
        if call.func.id in ("getattr", "hasattr", "setattr"):
            name = call.args[1]
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                raise Unclear(f"{module}:{call.lineno}: the attribute's name is not a literal")
            self._look_up(name.value)
        elif call.func.id in ("__import__", "globals", "eval", "exec", "vars"):
            raise Unclear(f"{module}:{call.lineno}: {call.func.id}() reaches anything")

    def _may_be_called_from_outside(
        self, module: str, owner: ast.ClassDef, method: Function
    ) -> bool:
        """Whether Python, or a base class from elsewhere, calls a method by itself."""
        if method.name.startswith("_") and method.name.endswith("_"):
            return True
        for base in owner.bases:
            name = base.id if isinstance(base, ast.Name) else ""
            places = self._places[module].get(name, ())
            ours = any(
                alias is None or (isinstance(statement, ast.ImportFrom) and statement.level == 1)
                for statement, alias in places
            )
            if not ours and name not in PASSIVE_BASES:
                return True
        return False


def _bindings(tree: ast.Module) -> dict[str, list[_Place]]:
    """The names that a module's top level binds."""
    found: dict[str, list[_Place]] = defaultdict(list)
    for statement in tree.body:
        if isinstance(statement, Function | ast.ClassDef):
            found[statement.name].append(_Place(statement))
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                name = (alias.asname or alias.name).split(".")[0]
                found[name].append(_Place(statement, alias))
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = [name for target in targets for name in _names(target)]
            for name in names:
                found[name].append(_Place(statement))
    return found


def _names(target: ast.expr) -> Iterator[str]:
    """The names that an assignment binds; none if it also changes something else."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple) and all(isinstance(at, ast.Name) for at in target.elts):
        yield from (at.id for at in target.elts if isinstance(at, ast.Name))


def _has_no_effect(statement: ast.stmt) -> bool:
    """Whether a statement that binds no name does nothing where nobody checks types."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Name)
        and statement.test.id == "TYPE_CHECKING"
        and not statement.orelse
    )


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """The children that run, or may: all but annotations."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child


def _blanked(name: str, source: str, tree: ast.Module, reach: _Reach) -> str:
    """The module's text with what is not kept as empty lines."""
    lines = io.StringIO(source).readlines()
    _prune(tree, lines, reach)
    result = "".join(lines)
    if shape(ast.parse(result, name)) != shape(tree):
        raise ValueError(f"{name}: shaking changed what is kept; do statements share a line?")
    return result


def _prune(scope: ast.Module | ast.ClassDef, lines: list[str], reach: _Reach) -> None:
    """Take what is not kept out of the tree and out of the lines."""
    body = list(scope.body)
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            continue
        if id(statement) not in reach.kept:
            scope.body.remove(statement)
            _blank(lines, statement, "")
        elif isinstance(statement, ast.ClassDef):
            _prune(statement, lines, reach)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            kept = [alias for alias in statement.names if id(alias) in reach.kept]
            if len(kept) < len(statement.names):
                statement.names = kept
                for alias in kept:
                    alias.lineno = statement.lineno
                _blank(lines, statement, ast.unparse(statement))
    if not scope.body and isinstance(scope, ast.ClassDef):
        scope.body.append(ast.Pass(lineno=body[0].lineno, col_offset=0))
        lines[body[0].lineno - 1] = " " * body[0].col_offset + "pass\n"


def _blank(lines: list[str], statement: ast.stmt, instead: str) -> None:
    assert statement.end_lineno is not None
    decorators = getattr(statement, "decorator_list", ())
    first = min([statement.lineno, *[decorator.lineno for decorator in decorators]]) - 1
    count = statement.end_lineno - first
    lines[first : statement.end_lineno] = [instead + "\n", *["\n"] * (count - 1)]
