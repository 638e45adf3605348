# SPDX-License-Identifier: MIT OR Apache-2.0
"""A JSON line of some samples: their median, their interquartile range as a share of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import median


def line(case: str, unit: str, samples: Sequence[float], **facts: object) -> None:
    """Print one.

    Args:
        case: What was measured.
        unit: What the samples count: "ms", "B".
        samples: One or more, in any order.
        facts: who and host, where the runner does not know them; whatever else belongs to it.
    """
    ordered = sorted(samples)
    quarter = len(ordered) // 4
    middle = median(ordered)
    width = ordered[-1 - quarter] - ordered[quarter]
    said = {
        "case": case,
        "unit": unit,
        "median": round(middle, 3),
        "spread": round(width / abs(middle), 3) if middle else 0.0,
        "samples": len(ordered),
    }
    print(json.dumps(said | facts), flush=True)


def skipped(case: str, why: str, **facts: object) -> None:
    """Print that there is no figure, and why."""
    print(json.dumps({"case": case, "skipped": why, **facts}), flush=True)
