# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/browsers.md against the engines: each cell is asked for, each test it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from tasks.paths import ROOT
from tests.browser.site import Site
from tests.engines import probes

COLUMNS = ("chromium", "firefox", "webkit")
TEXT = (ROOT / "docs/browsers.md").read_text(encoding="utf-8")


def _rows() -> list[list[str]]:
    lines = [line for line in TEXT.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _answers() -> dict[str, dict[str, str]]:
    """The table's cells by probe and engine."""
    rows = {cells[-1].strip("`"): cells[1:4] for cells in _rows() if cells[-1].strip("`") in PROBES}
    return {name: dict(zip(COLUMNS, cells, strict=True)) for name, cells in rows.items()}


PROBES = probes.PROBES.keys()


@pytest.fixture(params=COLUMNS)
def asked(request: pytest.FixtureRequest, site: Site, cdn: Site) -> Any:
    """A page with something to ask about, in each engine, and the engine's name."""
    name = request.param
    if name == "chromium":
        context = request.getfixturevalue("browser").new_context()
        page, end = context.new_page(), context.close
    else:
        page = request.getfixturevalue(f"_{name}").new_profile()
        end = page.forget
    page.goto(site.add("/", probes.document(cdn.url)))
    yield name, page
    end()


def test_the_engines_are_as_the_table_says(asked: Any) -> None:
    """Each row of docs/browsers.md that ends in a probe, asked in this engine."""
    name, page = asked
    answers = _answers()
    assert answers.keys() == PROBES
    said = {probe: probes.cell(page.evaluate(probes.expression(probe))) for probe in PROBES}
    assert said == {probe: cells[name] for probe, cells in answers.items()}


def test_the_tests_that_the_page_names_are_all_there_are() -> None:
    """Each test of tests/engines is named in docs/browsers.md, and nothing else is."""
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert named == _tests()


def _tests() -> set[str]:
    """Names of the tests in this folder, those taken over from tests/browser included."""
    names: set[str] = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                names.add(node.name)
            if isinstance(node, ast.ImportFrom):
                names.update(one.name for one in node.names)
    return {name for name in names if name.startswith("test_")}
