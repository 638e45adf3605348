# SPDX-License-Identifier: MIT OR Apache-2.0
"""What an answer means, and when to ask again. Pure.

    200 to 299            success (a receiver may report spans it refused in the body)
    429, 502, 503, 504    retryable, not before Retry-After
    no answer             retryable
    413                   the request is split; a lone span is dropped
    anything else         final; redirects too, a POST is never replayed elsewhere

A success is what its status says, whatever the content type: a receiver behind a proxy may answer
"ok" as text/html, and to take that for a failure would send its spans for ever. The price is a
captive portal that answers 200 to a plain http endpoint by itself; those over https cannot.

Source: OTLP specification 1.10, "OTLP/HTTP Response" and "Retryable Response Codes"; RFC 9110,
10.2.3 (Retry-After) and 5.6.7 (dates); M. Brooker, "Exponential Backoff And Jitter", 2015 (full
jitter); OpenTelemetry Collector, exporterhelper, `retry_on_failure`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ._records import pattern

RETRYABLE: Final = frozenset({429, 502, 503, 504})
TOO_LARGE: Final = 413
SECOND_NS: Final = 1_000_000_000
INITIAL_BACKOFF_NS: Final = 5 * SECOND_NS
"""As the collector's exporterhelper has it. A receiver that is away for 5 s every minute then costs
1.11 requests for each body, with 1 s 1.20 (docs/outages.md).
"""
MAX_BACKOFF_NS: Final = 30 * SECOND_NS
"""Likewise."""
MAX_RETRY_AFTER_NS: Final = 3600 * SECOND_NS
"""A longer wait is taken for a receiver's mistake and shortened to an hour."""

_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
_IMF_FIXDATE: Final = pattern(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)


def backoff_ns(attempts: int, fraction: float) -> int:
    """How long to wait after `attempts` sends without success, with full jitter.

    Args:
        attempts: >= 1.
        fraction: Uniform in [0, 1).

    Returns:
        Nanoseconds, 0 up to 5, 10, 20, 30 s.
    """
    ceiling = min(MAX_BACKOFF_NS, INITIAL_BACKOFF_NS << min(attempts - 1, 16))
    return int(fraction * ceiling)


def retry_after_ns(headers: Mapping[str, str]) -> int | None:
    """Read Retry-After: seconds, or a date.

    A date is measured against the answer's own Date header, so that no clock of ours has to be
    right.

    Args:
        headers: Lower-case names.

    Returns:
        Nanoseconds to wait, 0 to one hour; None if there is none that can be read.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]{1,9}", value):
        seconds = int(value)
    else:
        until, now = _unix_seconds(value), _unix_seconds(headers.get("date", "").strip())
        if until is None or now is None:
            return None
        seconds = max(0, until - now)
    return min(seconds * SECOND_NS, MAX_RETRY_AFTER_NS)


def _unix_seconds(date: str) -> int | None:
    """An IMF-fixdate as seconds since the epoch, None for anything else."""
    match = _IMF_FIXDATE.fullmatch(date)
    month = _MONTHS.find(match[2]) // 3 + 1 if match else 0
    if match is None or month < 1:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
    # Days since 1970-03-01 in a calendar whose year begins in March, so that leap days come last.
    shifted_year, shifted_month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    leap_days = shifted_year // 4 - shifted_year // 100 + shifted_year // 400
    days = 365 * shifted_year + leap_days + (153 * shifted_month + 2) // 5 + day - 719_469
    return ((days * 24 + hour) * 60 + minute) * 60 + second
