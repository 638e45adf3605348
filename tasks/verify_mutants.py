# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py verify mutants`: plants each bug of tests/mutants; each has to be found."""

from __future__ import annotations

import argparse

from tasks import verify_tools
from tasks.console import BuildError, say


def main(args: argparse.Namespace) -> None:
    """Plant and search.

    Raises:
        BuildError: One was not found, or something was where nothing was planted.
    """
    verify_tools.ensure_packages()
    verify_tools.see_the_tests()
    from tests.mutants.find import NAMES, Search, find

    def tell(search: Search) -> None:
        name = search.name or "nothing planted"
        say(f"  {name}: {f'found: {search.reason}' if search.found else 'nothing found'}")

    say(f"mutants: {len(NAMES)} planted bugs")
    searches = find(["", *NAMES], tell)
    wrong = [one.name or "nothing planted" for one in searches if one.found is (one.name == "")]
    if wrong:
        raise BuildError(f"not as it should be: {', '.join(wrong)}")
