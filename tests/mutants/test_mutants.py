# SPDX-License-Identifier: MIT OR Apache-2.0
"""Verification that finds nothing shows nothing: each planted bug has to be found."""

from __future__ import annotations

from tasks import verify_tools
from tests.mutants.find import NAMES, find

AT_LEAST = 10
BROKEN = ("ImportError", "AttributeError", "KeyError: ", "NameError", "TypeError")
"""What a plant that no longer fits the code would be found by."""


def test_every_planted_bug_is_found() -> None:
    """The simulation, the proofs and the fuzzer find each of them, and none where none is."""
    verify_tools.ensure_packages()
    searches = find(["", *NAMES])
    unplanted, *planted = searches
    assert not unplanted.found, unplanted.reason
    assert [one.name for one in planted if not one.found] == []
    assert len(planted) >= AT_LEAST
    misfits = [one for one in planted if any(word in one.reason for word in BROKEN)]
    assert not misfits, misfits
