# SPDX-License-Identifier: MIT OR Apache-2.0
"""The law of conservation over counters, from whichever home of the agent they come.

ended + adopted = exported + sum(dropped) + queued + in_flight
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def lost(counters: Mapping[str, Any]) -> int:
    """Spans that were dropped and counted, whatever the cause."""
    return sum(int(count) for name, count in counters.items() if name.startswith("dropped_"))


def left(counters: Mapping[str, Any]) -> int:
    """Spans on their way, and a page's messages that wait for room."""
    return sum(int(counters.get(name, 0)) for name in ("queued", "in_flight", "waiting_messages"))


def unaccounted(counters: Mapping[str, Any]) -> int:
    """By how much the law is broken: 0 where every span is accounted for."""
    came = int(counters["ended"]) + int(counters.get("adopted", 0))
    on_their_way = int(counters["queued"]) + int(counters["in_flight"])
    return came - int(counters["exported"]) - lost(counters) - on_their_way
