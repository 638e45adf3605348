# SPDX-License-Identifier: MIT OR Apache-2.0
"""What benchmarks print, as values: JSON lines in, one `Result` per case, host and party out. Pure.

    {"case": "W1", "unit": "ns/span", "median": 1200, "fastest": 1100, "samples": 9, ...facts}

A script says what it measured; the runner adds `benchmark`, `host` and `who` where it does not. A
case that was measured in several rounds becomes one result: the median of the rounds, each round
kept, because a ratio is taken within a round, where both parties met the same machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

OURS: Final = "edgetrace"
FIELDS: Final = {
    "benchmark",
    "case",
    "host",
    "who",
    "unit",
    "median",
    "spread",
    "samples",
    "rounds",
}
SCALE: Final = {
    "ns": ("time", 1e-9),
    "us": ("time", 1e-6),
    "ms": ("time", 1e-3),
    "s": ("time", 1.0),
    "B": ("bytes", 1.0),
    "KB": ("bytes", 1e3),
    "MB": ("bytes", 1e6),
}
ALIASES: Final = {
    ("encode", "W1 protobuf: encode"): "W1 protobuf",
    ("encode", "W2 protobuf: encode"): "W2 protobuf",
    ("encode", "W3 protobuf: encode"): "W3 protobuf",
    ("encode", "W1 json: encode"): "W1 json",
    ("encode", "W2 json: encode"): "W2 json",
    ("encode", "W3 json: encode"): "W3 json",
    ("record", "start, end: kept"): "start, end",
    ("record", "start, end: not recorded"): "sampled out",
    ("record", "start, 5 attributes, end: kept"): "start, 5 attributes, end",
    ("record", "start, 5 attributes, end: not recorded"): "sampled out, 5 attributes",
    ("record", "start_as_current_span, one in another: kept"): "start_as_current_span",
}
"""Our scripts' names of what the peers do under another: one row of a table, one goal."""
Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Result:
    """One case of one party on one host.

    Attributes:
        benchmark: The question.
        case: What was done.
        host: Where: cpython, node, chromium, workerd; Python is in Pyodide on the last three.
        who: Whose code.
        unit: What `median` counts: "ns/span", "B", "ms".
        median: Of the rounds' medians.
        spread: How far rounds or samples lie apart, as a share of the median: half the range of the
            rounds, or the interquartile range within one, whichever is larger.
        rounds: The median of each round, in order.
        facts: Whatever else the script said: sizes, counts.
        skipped: Why there is no figure; "" if there is one.
    """

    benchmark: str
    case: str
    host: str
    who: str
    unit: str = ""
    median: float = 0.0
    spread: float = 0.0
    rounds: tuple[float, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    skipped: str = ""

    @property
    def key(self) -> Key:
        """What makes two runs' results comparable."""
        return self.benchmark, self.case, self.host, self.who, self.unit

    def line(self) -> str:
        """As a JSON line, which `read` reads."""
        base: dict[str, Any] = {
            "benchmark": self.benchmark,
            "case": self.case,
            "host": self.host,
            "who": self.who,
        }
        if self.skipped:
            return json.dumps(base | {"skipped": self.skipped})
        return json.dumps(
            base
            | {
                "unit": self.unit,
                "median": self.median,
                "spread": round(self.spread, 4),
                "rounds": list(self.rounds),
                **self.facts,
            }
        )


def parse(text: str, defaults: Mapping[str, str]) -> list[Result]:
    """The results among a script's output; what is no JSON object with a case is left out.

    Args:
        text: What the script printed.
        defaults: benchmark, host and who, where a line does not say.
    """
    found = []
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if "case" in said and ("median" in said or "skipped" in said):
            found.append(_result({**defaults, **said}))
    return found


def _result(said: dict[str, Any]) -> Result:
    benchmark, case, host, who = (
        str(said.get(name, "")) for name in ("benchmark", "case", "host", "who")
    )
    case = ALIASES.get((benchmark, case), case)
    if "skipped" in said:
        return Result(benchmark, case, host, who, skipped=str(said["skipped"]))
    middle = float(said["median"])
    spread = said.get("spread")
    if spread is None:  # only the fastest sample is known: as far again on the other side
        spread = 1 - float(said.get("fastest", middle)) / middle if middle else 0.0
    rounds = tuple(map(float, said.get("rounds") or [middle]))
    facts = {name: value for name, value in said.items() if name not in FIELDS}
    unit = str(said["unit"])
    return Result(benchmark, case, host, who, unit, middle, float(spread), rounds, facts)


def read(text: str) -> list[Result]:
    """Results of an earlier run's file."""
    return parse(text, {})


def merge(results: Iterable[Result]) -> list[Result]:
    """One result per key, in order of first appearance; a skipped case only if it has no figure."""
    groups: dict[Key, list[Result]] = {}
    skipped: dict[tuple[str, ...], Result] = {}
    for result in results:
        if result.skipped:
            skipped.setdefault(result.key[:4], result)
        else:
            groups.setdefault(result.key, []).append(result)
    merged = [_one(group) for group in groups.values()]
    measured = {result.key[:4] for result in merged}
    return merged + [result for key, result in skipped.items() if key not in measured]


def _one(group: list[Result]) -> Result:
    first = group[0]
    rounds = tuple(figure for result in group for figure in result.rounds)
    middle = median(rounds)
    within = median([result.spread for result in group])
    between = (max(rounds) - min(rounds)) / 2 / middle if middle else 0.0
    return Result(*first.key, middle, max(within, between), rounds, group[-1].facts)


def ratio(result: Result, other: Result) -> float:
    """How many times `result` the other is: the median of the rounds' ratios, if both have them."""
    if len(result.rounds) == len(other.rounds):
        pairs = [(b, a) for a, b in zip(result.rounds, other.rounds, strict=True) if a]
        if pairs:
            return median([b / a for b, a in pairs])
    return other.median / result.median if result.median else float("inf")


def convert(value: float, unit: str, wanted: str) -> float:
    """A figure in another unit of the same quantity: "ns/span" to "us/span".

    Raises:
        ValueError: The units are of different quantities.
    """
    have, _, per = unit.partition("/")
    want, _, wanted_per = wanted.partition("/")
    if have == want and per == wanted_per:
        return value
    quantity, scale = SCALE.get(have, (have, 1.0))
    other, wanted_scale = SCALE.get(want, (want, 1.0))
    if quantity != other or per != wanted_per:
        raise ValueError(f"{unit} is no {wanted}")
    return value * scale / wanted_scale
