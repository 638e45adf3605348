# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/worker.md says of every option of the edge, and of the gateway, what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from edgetrace._edge_config import EDGE_OPTIONS, EDGE_VARIABLES, EdgeSettings
from edgetrace_gateway.settings import OPTIONS, GatewaySettings

PAGE = Path(__file__).parents[2] / "docs" / "worker.md"


def table(*header: str) -> list[list[str]]:
    """The cells of the one table with these column heads."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    head = f"| {' | '.join(header)} |"
    (start,) = [index for index, line in enumerate(lines) if line == head]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def text(value: Any) -> str:
    """A default as the tables write it."""
    if value in (None, (), "", {}):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        joiner = "/" if isinstance(value[0], int) else ","
        return f"`{joiner.join(map(str, value))}`"
    return f"`{value}`"


def test_every_option_of_the_edge_has_one_row() -> None:
    """Keyword, variable, default, in the code's order."""
    defaults = EdgeSettings.defaults()
    found = [row[:3] for row in table("Keyword", "Variable", "Default", "What it does")]
    assert found == [
        [f"`{name}`", f"`{EDGE_VARIABLES[name]}`", text(defaults[name])] for name in EDGE_OPTIONS
    ]


def test_every_variable_of_the_gateway_has_one_row() -> None:
    """With its default; none is left out."""
    settings = GatewaySettings()
    found = {row[0]: row[1] for row in table("Variable", "Default", "What it does")}
    assert found == {
        f"`{variable}`": text(getattr(settings, name)) for name, (variable, _) in OPTIONS.items()
    }


def test_no_other_variable_is_made_up() -> None:
    """Every EDGETRACE_ name on the page is one that something reads."""
    named = set(re.findall(r"EDGETRACE_[A-Z_]+", PAGE.read_text(encoding="utf-8")))
    known = {*EDGE_VARIABLES.values(), *[variable for variable, _ in OPTIONS.values()]}
    assert named - known <= {"EDGETRACE_SAMPLE_RATIO", "EDGETRACE_BOOT_FALLBACK"}
