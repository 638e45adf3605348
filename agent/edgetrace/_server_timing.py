# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a server says of its own work: the Server-Timing header, as a browser's entries have it.

    Server-Timing: traceparent;desc="00-0af7...-01", db;dur=53, cache;desc="hit, stale"
                                                       |
    entry.serverTiming   [{name: "db", duration: 53, description: ""}, ...]
                                                       |
    one string           traceparent;dur=0;desc=00-0af7...-01, db;dur=53;desc=, cache;dur=0;...

The browser has taken the quotes off, so a comma or a semicolon may be part of a description: a new
metric begins only where a name is followed by one of the two known parameters.

Source: W3C Server Timing, "The Server-Timing Header Field"; RFC 9110, section 5.6.2.
"""

from __future__ import annotations

import re
from typing import Final

from ._records import NamedTuple, pattern

MAX_METRICS: Final = 16
"""Metrics kept of one response; common ones have fewer than ten."""
MAX_TEXT: Final = 16_384
"""Characters that are read; servers commonly cap all headers together at 8 or 16 KiB."""
MAX_DURATION_MS: Final = 1e11
"""Durations from here on, three years, are absurd."""

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_NAME: Final = pattern(_TOKEN)
_NEXT: Final = pattern(rf",\s*(?={_TOKEN}\s*;\s*(?:dur|desc)=)")
_METRIC: Final = pattern(
    r"(?P<name>[^;]*)(?:;\s*dur=(?P<dur>[^;]*))?(?:;\s*desc=(?P<desc>.*)|;.*)?", re.DOTALL
)
_LATE_DURATION: Final = pattern(r";\s*dur=([^;]*)$")


class Metric(NamedTuple):
    """One metric; `duration_ms` 0 and "" stand for absent, as they do in the browser."""

    name: str
    duration_ms: float = 0.0
    description: str = ""


def format_server_timing(timings: object) -> str:
    """Write `PerformanceServerTiming` objects, as dicts, on one line, as the loader does."""
    if not isinstance(timings, list | tuple):
        return ""
    metrics = [
        f"{_string(timing.get('name'))};dur={_number(timing.get('duration'))};"
        f"desc={_string(timing.get('description'))}"
        for timing in timings[:MAX_METRICS]
        if isinstance(timing, dict)
    ]
    return ", ".join(metrics).replace("\n", " ")


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float:
    # The bound also keeps out integers of more digits than Python writes.
    return value if isinstance(value, int | float) and 0 <= value < MAX_DURATION_MS else 0


def parse_server_timing(text: str) -> list[Metric]:
    """Read metrics; what is none is left out.

    Args:
        text: `name;dur=12.5;desc=text` joined by ", ", or a Server-Timing header itself.

    Returns:
        At most `MAX_METRICS`, in the header's order.
    """
    metrics = []
    chunks = _NEXT.split(text[:MAX_TEXT], MAX_METRICS)
    for match in filter(None, map(_METRIC.fullmatch, chunks)):
        # Names without parameters, "miss, db;dur=5, hit", are parted by commas only.
        *before, name = match["name"].split(",")
        duration, description = match["dur"] or "", match["desc"] or ""
        if not duration and (late := _LATE_DURATION.search(description)):
            duration, description = late[1], description[: late.start()]
        duration, *after = duration.split(",")
        metrics += [Metric(word.strip()) for word in before]
        metrics.append(Metric(name.strip(), _duration(duration), description.strip(' "')))
        metrics += [Metric(word.strip()) for word in after]
    return [metric for metric in metrics if _NAME.fullmatch(metric.name)][:MAX_METRICS]


def _duration(text: str) -> float:
    try:
        duration = float(text)
    except ValueError:
        return 0.0
    return duration if 0.0 <= duration < MAX_DURATION_MS else 0.0
