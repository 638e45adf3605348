# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/propagation.md: its example runs, and the numbers that it names are the code's."""

from __future__ import annotations

import re
from pathlib import Path

from edgetrace import _baggage, _propagation
from edgetrace._threshold import ratio_to_threshold, threshold_text

PAGE = (Path(__file__).parents[2] / "docs" / "propagation.md").read_text("utf-8")


def test_the_example_runs() -> None:
    """What the page shows is what happens."""
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 1
    exec(compile(examples[0], "docs/propagation.md", "exec"), {})


def test_the_numbers_are_the_codes() -> None:
    """Limits and the threshold of 1 % stand in the page as they are."""
    for number in (
        _propagation.MAX_CARRIER_FIELDS,
        _propagation.MAX_HEADER_CHARS,
        _propagation.MAX_TRACESTATE_MEMBERS,
        _propagation.MAX_TRACESTATE_CHARS,
        _propagation.LONG_MEMBER_CHARS,
        _baggage.MAX_BAGGAGE_MEMBERS,
        _baggage.MAX_BAGGAGE_BYTES,
    ):
        assert f"{number:,}" in PAGE
    assert f"ot=th:{threshold_text(ratio_to_threshold(0.01))}`" in PAGE
