# SPDX-License-Identifier: MIT OR Apache-2.0
"""A minute of fuzzing, and every input that is in the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import verify_tools
from tests.fuzz.fuzz import fuzz, replay
from tests.fuzz.run import CORPUS
from tests.fuzz.targets import TARGETS

SECONDS_PER_TARGET = 5
INPUTS = sorted(path for target in TARGETS for path in (CORPUS / target).iterdir())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_input_of_the_corpus(path: Path) -> None:
    """What is in the repository, which is where findings go, breaks no promise."""
    TARGETS[path.parent.name](path.read_bytes())


def test_a_minute_of_fuzzing() -> None:
    """Nothing that was found in the time breaks a promise."""
    verify_tools.ensure_packages()
    findings = fuzz(TARGETS, SECONDS_PER_TARGET)
    print({finding.target: finding.inputs for finding in findings})
    failed = [f"{replay(one)}\n{one.output}" for one in findings if one.failed]
    assert not failed, "\n".join(failed)
