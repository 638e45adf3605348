# SPDX-License-Identifier: MIT OR Apache-2.0
"""A short soak: nothing is lost and nothing grows; and each planted bug is found by it.

The long one is `python3 build.py bench soak --minutes 30`; docs/soak.md has its figures.
"""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Browser

from benchmarks.soak_judge import findings
from benchmarks.soak_plants import PLANTS
from benchmarks.soak_run import Plan, soak

SHORT: Final = Plan(seconds=36, entries=2_000, samples=15, up_s=(1.5, 4), down_s=(0.5, 1.5))


def test_three_tabs_and_a_collector_that_flaps(browser: Browser) -> None:
    """6,000 entries: all delivered, accounts add up, heaps and WebAssembly memory are flat."""
    record = soak(browser, SHORT)
    assert findings(record) == []
    assert record.delivered == record.made
    assert record.samples[-1].memory.wasm == record.samples[len(record.samples) // 3].memory.wasm


def test_the_soak_finds_what_is_planted(browser: Browser) -> None:
    """Leaks in pages, worker and WebAssembly, lost messages, a lying collector, wrong sums."""
    record = soak(browser, SHORT._replace(seconds=15, plants=list(PLANTS)))
    found = findings(record)
    for name, plant in PLANTS.items():
        assert any(text.startswith(plant.finds) for text in found), (name, found)
