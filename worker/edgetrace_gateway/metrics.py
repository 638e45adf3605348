# SPDX-License-Identifier: MIT OR Apache-2.0
"""The gateway's counters, and all counters in Prometheus' text format.

One isolate counts for itself, from its start; a scraper adds isolates up, and reads a restart as
Prometheus always does. Names are fixed, so that a stranger cannot make new series.

Source: Prometheus, "Exposition formats", text format 0.0.4; "Metric and label naming".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

COUNTERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "requests": (
        "Requests by who answered them.",
        ("traces", "raw", "file", "health", "metrics", "site", "wrong_method"),
    ),
    "pages": ("Pages by what they were given.", ("tag", "traceparent", "left_alone")),
    "page_skips": (
        "Pages without the script tag, by cause.",
        ("switched_off", "path", "no_transform", "privacy_signal", "no_consent", "failed"),
    ),
    "bodies_forwarded": ("Bodies of browsers that the collector took.", ()),
    "spans_forwarded": ("Spans in them.", ()),
    "bodies_dropped": (
        "Bodies of browsers that went no further, by cause.",
        (
            *("privacy_signal", "no_consent", "method", "origin", "key", "too_large"),
            *("content_type", "garbage", "rate_limit", "collector_refused", "collector_failed"),
            *("collector_timeout", "queue_failed"),
        ),
    ),
    "spans_made": ("Spans that were made of browsers' raw entries.", ()),
    "origin_errors": ("Requests that the site's origin did not answer.", ("failed", "loop")),
    "internal_errors": ("Faults of the gateway itself; the request was answered all the same.", ()),
}
"""By name: what is counted, and the values of its `cause` or kind."""

_LABELS: Final = {"requests": "route", "pages": "given"}
_GAUGES: Final = frozenset(("queued", "in_flight"))
_DROPPED_PREFIX: Final = "dropped_"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


class Counters:
    """Counts by name, from 0; every name of `COUNTERS` is there from the start."""

    def __init__(self) -> None:
        """All zero."""
        self._counts: dict[str, int] = {}
        for name, (_, kinds) in COUNTERS.items():
            self._counts.update(dict.fromkeys([f"{name}.{kind}" for kind in kinds] or [name], 0))

    def add(self, name: str, kind: str = "", amount: int = 1) -> None:
        """Count.

        Raises:
            KeyError: No such counter: a fault of the caller's that its first test shows.
        """
        self._counts[f"{name}.{kind}" if kind else name] += amount

    def snapshot(self) -> dict[str, int]:
        """A copy, keys as `requests.site` or `spans_made`."""
        return dict(self._counts)


def prometheus(
    counters: Mapping[str, int | float], agent: Mapping[str, int | float] | None = None
) -> str:
    """Write counters in the exposition format.

    Args:
        counters: `Counters.snapshot()`; names that are not in `COUNTERS` are left out.
        agent: `TracerProvider.counters()` of the gateway's own spans.
    """
    lines: list[str] = []
    for name, (meaning, kinds) in COUNTERS.items():
        metric = f"edgetrace_gateway_{name}_total"
        lines += (f"# HELP {metric} {meaning}", f"# TYPE {metric} counter")
        label = _LABELS.get(name, "cause")
        for kind in kinds:
            count = counters.get(f"{name}.{kind}", 0)
            lines.append(f'{metric}{{{label}="{kind}"}} {_number(count)}')
        if not kinds:
            lines.append(f"{metric} {_number(counters.get(name, 0))}")
    return "\n".join(lines + _agent_lines(agent or {})) + "\n"


def _agent_lines(agent: Mapping[str, int | float]) -> list[str]:
    dropped = {name: n for name, n in agent.items() if name.startswith(_DROPPED_PREFIX)}
    lines: list[str] = []
    if dropped:
        metric = "edgetrace_agent_dropped_total"
        lines += (f"# HELP {metric} Spans lost, by cause.", f"# TYPE {metric} counter")
        for name, count in dropped.items():
            if _NAME.fullmatch(name):
                cause = name.removeprefix(_DROPPED_PREFIX)
                lines.append(f'{metric}{{cause="{cause}"}} {_number(count)}')
    for name, count in agent.items():
        if name in dropped or not _NAME.fullmatch(name):
            continue
        gauge = name in _GAUGES
        metric = f"edgetrace_agent_{name}" + ("" if gauge else "_total")
        lines += (
            f"# HELP {metric} The agent's counter {name}; docs/architecture.md says of what.",
            f"# TYPE {metric} {'gauge' if gauge else 'counter'}",
            f"{metric} {_number(count)}",
        )
    return lines


def _number(count: int | float) -> str:
    if isinstance(count, float) and not math.isfinite(count):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(count)]
    return str(count)
