# SPDX-License-Identifier: MIT OR Apache-2.0
"""`--against`: results of now and of then, told apart from noise. Pure.

Two machines differ, and one machine differs from itself. The peers are pinned, so what they took
then and take now is how much faster or slower the machine has become: per host, the median of their
ratios; ours are divided by it. What remains counts only beyond NOISE times both spreads, and
FLOOR. Bytes are exact: no machine, and any growth beyond FLOOR_BYTES counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from tasks.bench_lines import OURS, SCALE, Key, Result
from tasks.bench_table import quantity

NOISE: Final = 2.0
FLOOR: Final = 0.10
FLOOR_BYTES: Final = 0.01
ENOUGH_PEERS: Final = 3
"""Fewer ratios say more about one peer's noise than about the machine."""


@dataclass(frozen=True)
class Change:
    """One of our results then and now.

    Attributes:
        before: Then.
        after: Now.
        times: Now/then, the machine's own change taken out.
        noise: How far from 1 `times` may be by chance.
    """

    before: Result
    after: Result
    times: float
    noise: float

    @property
    def kind(self) -> str:
        """slower, faster or same; "slower" stands for larger too."""
        if self.times > 1 + self.noise:
            return "slower"
        return "faster" if self.times < 1 / (1 + self.noise) else "same"


def machine(before: Mapping[Key, Result], after: Mapping[Key, Result]) -> dict[str, float]:
    """Per host, how many times as long the pinned peers take now; 1 where too few say so."""
    ratios: dict[str, list[float]] = {}
    for key, old in before.items():
        new = after.get(key)
        if new and old.who != OURS and _is_time(old) and old.median and new.median:
            ratios.setdefault(old.host, []).append(new.median / old.median)
    return {host: median(found) for host, found in ratios.items() if len(found) >= ENOUGH_PEERS}


def changes(before: Sequence[Result], after: Sequence[Result]) -> list[Change]:
    """Each of our cases that both runs have."""
    old = {result.key: result for result in before if not result.skipped}
    new = {result.key: result for result in after if not result.skipped}
    factors = machine(old, new)
    found = []
    for key, then in old.items():
        now = new.get(key)
        if now is None or then.who != OURS or not then.median:
            continue
        times, noise = now.median / then.median, FLOOR_BYTES
        if _is_time(then):
            times /= factors.get(then.host, 1.0)
            noise = max(FLOOR, NOISE * (then.spread**2 + now.spread**2) ** 0.5)
        elif not _is_bytes(then) or then.spread or now.spread:
            noise = max(FLOOR, NOISE * (then.spread**2 + now.spread**2) ** 0.5)
        found.append(Change(then, now, times, noise))
    return found


def report(before: Sequence[Result], after: Sequence[Result]) -> list[str]:
    """What changed, worst first, in lines for people; what is gone; how many stayed."""
    found = changes(before, after)
    old = {result.key: result for result in before if not result.skipped}
    new = {result.key: result for result in after if not result.skipped}
    lines = [
        f"{host}: peers take {factor:.2f} times as long as then; taken out of ours"
        for host, factor in machine(old, new).items()
    ]
    for kind in ("slower", "faster"):
        some = [change for change in found if change.kind == kind]
        for change in sorted(some, key=lambda change: -change.times):
            then, now = change.before, change.after
            word = kind if _is_time(then) else {"slower": "larger", "faster": "smaller"}[kind]
            lines.append(
                f"{word}: {then.benchmark}, {then.case}, {then.host}: "
                f"{quantity(then.median, then.unit)} -> {quantity(now.median, now.unit)}, "
                f"{change.times:.2f} times, noise {change.noise:.0%}"
            )
    asked = {result.benchmark for result in after}
    lines += [
        f"gone: {key[0]}, {key[1]}, {key[2]}"
        for key, then in old.items()
        if then.who == OURS and key not in new and then.benchmark in asked
    ]
    same = sum(change.kind == "same" for change in found)
    return [*lines, f"{same} of {len(found)} cases are as they were, within noise"]


def regressions(before: Sequence[Result], after: Sequence[Result]) -> int:
    """How many of our cases are slower or larger, beyond noise."""
    return sum(change.kind == "slower" for change in changes(before, after))


def _is_time(result: Result) -> bool:
    return SCALE.get(result.unit.partition("/")[0], ("",))[0] == "time"


def _is_bytes(result: Result) -> bool:
    return SCALE.get(result.unit.partition("/")[0], ("",))[0] == "bytes"
