# SPDX-License-Identifier: MIT OR Apache-2.0
"""What README.md shows is run: each `python` block, in order, with the names of those before it.

```python             run
```python no-run      not run: needs a Worker, a browser or a network
```html, ```console   not Python
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from edgetrace._options import OPTIONS
from tasks.paths import ROOT

README = ROOT / "README.md"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block: its language, the words after it, its text, its first line's number."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


def blocks(path: Path = README) -> list[Block]:
    """Every fenced block of a Markdown file."""
    text = path.read_text(encoding="utf-8")
    return [
        Block(found[1], tuple(found[2].split()), found[3], text.count("\n", 0, found.start(3)) + 1)
        for found in FENCE.finditer(text)
    ]


def test_the_readme_shows_each_way_in() -> None:
    """There is a script tag, a Python snippet that runs, and commands to type."""
    found = {(block.language, "no-run" in block.words) for block in blocks()}
    missing = {("html", False), ("python", False), ("console", False)} - found
    assert not missing, f"README.md has no such block: {sorted(missing)}"


def test_the_python_snippets_run() -> None:
    """Each `python` block runs after those before it; top-level await is allowed, as in Pyodide."""
    names: dict[str, object] = {"__name__": "readme"}
    ran = 0
    for block in blocks():
        if block.language != "python" or "no-run" in block.words:
            continue
        source = "\n" * (block.line - 1) + block.text  # so that a traceback names README's line
        code = compile(source, str(README), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)  # noqa: S307 - our own README
        if inspect.iscoroutine(result):
            asyncio.run(result)
        ran += 1
    assert ran


def test_the_html_snippets_name_only_options_that_exist() -> None:
    """Every data-* attribute in README.md is an option, or explained as the loader's."""
    reference = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    known = {f"data-{name.replace('_', '-')}" for name in OPTIONS}
    known.update(re.findall(r"\bdata-[a-z-]+", reference))
    tags = "".join(block.text for block in blocks() if block.language == "html")
    shown = set(re.findall(r"\bdata-[a-z-]+", tags))
    if not shown:
        pytest.fail("README.md shows no script tag with a data- attribute")
    assert shown <= known
