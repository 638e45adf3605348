# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is left out of the agent's bundle: comments, docstrings, wide indents; nothing else."""

from __future__ import annotations

import ast
import json
import textwrap
import tokenize
from pathlib import Path

import pytest

from tasks.paths import PACKAGE
from tasks.strip import shape, strip

PAIRS = {
    "a docstring, its quotes in the next lines": (
        '"""One\n\ntwo."""\nx = 1\n',
        "\n\n\nx = 1\n",
    ),
    "a comment behind code, and one of its own": (
        "x = 1  # one\n# two\ny = 2\n",
        "x = 1\n\ny = 2\n",
    ),
    "a body that is only a docstring": (
        'def f():\n    """F."""\n',
        "def f():\n pass\n",
    ),
    "a docstring and `pass`": (
        'class C:\n    """C."""\n\n    pass\n',
        "class C:\n\n\n pass\n",
    ),
    "a hash inside a string": (
        "x = '# no comment'  # comment\n",
        "x = '# no comment'\n",
    ),
    "lines inside a string": (
        "def f():\n    x = '''a  \n    # b\n  c'''\n    return x\n",
        "def f():\n x = '''a  \n    # b\n  c'''\n return x\n",
    ),
    "lines inside brackets": (
        "x = (\n    1,  # one\n    2,\n)\n",
        "x = (\n1,\n2,\n)\n",
    ),
    "letters of more than one byte before a docstring's end": (
        "def f():\n    '''äöü €'''  # ß\n    return 'ß'\n",
        "def f():\n\n return 'ß'\n",
    ),
    "strings under what they explain": (
        "x = 1\n'of x'\nclass C:\n    'of C'\n    'more'\ny = 'code'\n",
        "x = 1\n\nclass C:\n pass\n\ny = 'code'\n",
    ),
    "a form feed inside a string": (
        "x = 'a\\x0cb'\n\ndef f():\n    'doc'\n    return x\n",
        "x = 'a\\x0cb'\n\ndef f():\n\n return x\n",
    ),
}


@pytest.mark.parametrize("case", PAIRS)
def test_what_is_blanked_leaves_its_lines(case: str) -> None:
    """Each kind of text that goes leaves its line breaks, and all that is code stays."""
    source, expected = PAIRS[case]
    assert strip(source) == expected


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_every_module_keeps_its_tree_and_its_lines(path: Path) -> None:
    """Of each agent module only docstrings go from the tree; all else stays, on its line."""
    source = path.read_text(encoding="utf-8")
    stripped = strip(source, path.name)
    assert shape(ast.parse(stripped)) == shape(ast.parse(source))
    assert stripped.count("\n") == source.count("\n")
    assert not any("#" in line and line.lstrip().startswith("#") for line in stripped.splitlines())


@pytest.mark.parametrize(
    "module", [ast, json.decoder, textwrap, tokenize], ids=lambda m: m.__name__
)
def test_programs_that_are_not_ours_survive_too(module: object) -> None:
    """Modules of the standard library, written in other styles, keep their trees."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert shape(ast.parse(strip(source))) == shape(ast.parse(source))


def test_the_shape_tells_programs_apart() -> None:
    """The check would see another value, another line, or a lost statement."""
    one = shape(ast.parse("def f():\n    'doc'\n    return 1\n"))
    for other in (
        "def f():\n\n    return 2\n",
        "def f():\n    return 1\n",
        "def f():\n\n    pass\n",
    ):
        assert shape(ast.parse(other)) != one


def test_code_on_a_docstrings_line_is_refused() -> None:
    """Where blanking would leave something else than a program, a fault of ours is not shipped."""
    with pytest.raises((ValueError, SyntaxError)):
        strip("def f():\n    'doc'; return 1\n")
