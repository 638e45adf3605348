# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/configuration.md says of every option what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from edgetrace import Settings
from edgetrace._options import OPTIONS
from edgetrace._variables import VARIABLES

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def rows() -> list[tuple[str, str, str]]:
    """(option, variables, default) of every row, as written."""
    lines = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return [(cells[1].strip(" `"), cells[2], cells[3]) for cells in lines]


def test_every_option_has_one_row() -> None:
    """The tables list the options of `OPTIONS`, each once, and no others."""
    assert sorted(name for name, _, _ in rows()) == sorted(OPTIONS)


def test_variables_and_defaults_are_the_code_s() -> None:
    """Each row names the option's variables in their order, and its default."""
    defaults = Settings.defaults()
    for name, variables, default in rows():
        assert re.findall(r"`(\w+)`", variables) == list(VARIABLES[name]), name
        shown = re.findall(r"`(.+?)`", default)
        if name == "service_name":
            assert shown == [Settings().resource().attributes["service.name"]]
        elif defaults[name] in ("", None, {}):
            assert shown == [], name
        elif isinstance(defaults[name], tuple):
            assert shown == [",".join(defaults[name])], name
        else:
            assert shown == [str(defaults[name]).replace("False", "false")], name
