# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether the receiver answers, and how many requests may be under way at once.

    CLOSED     answered  -> CLOSED     one more may be under way, up to MAX_IN_FLIGHT
    CLOSED     failed    -> OPEN       nothing new; what failed is tried again, one at a time
    OPEN       probe     -> HALF_OPEN  one request is under way
    OPEN       answered  -> CLOSED     one that was sent before
    OPEN       failed    -> OPEN       likewise
    HALF_OPEN  answered  -> CLOSED     two may be under way, then three
    HALF_OPEN  failed    -> OPEN       the next try is later

A final answer of any kind is an answer, 400 and 413 included; a throttling one is a failure. When
the next try comes is not decided here: each request has its backoff, all share a `RetryBudget`.
docs/architecture.md prints this table; a test holds both against `TRANSITIONS`.

Source: M. Nygard, "Release It!", 2nd edition, 5.2 ("Circuit Breaker"); RFC 5681, 3.1 (slow start).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

MAX_IN_FLIGHT: Final = 4
"""Requests open at once: a large page drains in a few round trips, a slow receiver is not
flooded.
"""


class Circuit(Enum):
    """What is believed of the receiver."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class News(Enum):
    """What can be learned of it."""

    ANSWERED = "answered"
    FAILED = "failed"
    PROBE = "probe"


TRANSITIONS: Final[Mapping[tuple[Circuit, News], Circuit]] = {
    (Circuit.CLOSED, News.ANSWERED): Circuit.CLOSED,
    (Circuit.CLOSED, News.FAILED): Circuit.OPEN,
    (Circuit.OPEN, News.PROBE): Circuit.HALF_OPEN,
    (Circuit.OPEN, News.ANSWERED): Circuit.CLOSED,
    (Circuit.OPEN, News.FAILED): Circuit.OPEN,
    (Circuit.HALF_OPEN, News.ANSWERED): Circuit.CLOSED,
    (Circuit.HALF_OPEN, News.FAILED): Circuit.OPEN,
}


class Breaker:
    """The circuit of one exporter.

    Attributes:
        state: Moved by `learn` alone.
        failures: In a row, as one receiver's: four requests that fail together are one failure.
        window: How many requests may be under way, 1 to MAX_IN_FLIGHT.
    """

    __slots__ = ("failures", "state", "window")

    def __init__(self) -> None:
        """Begin closed: a page's first requests need not wait for each other."""
        self.state = Circuit.CLOSED
        self.failures = 0
        self.window = MAX_IN_FLIGHT

    def learn(self, news: News) -> None:
        """Follow the table; a pair that is not in it is a bug of ours and a KeyError."""
        before, self.state = self.state, TRANSITIONS[self.state, news]
        if news is News.ANSWERED:
            self.failures = 0
            self.window = min(self.window + 1, MAX_IN_FLIGHT)
        elif news is News.FAILED:
            self.failures += before is not Circuit.OPEN
            self.window = 1
