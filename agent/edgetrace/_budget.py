# SPDX-License-Identifier: MIT OR Apache-2.0
"""How often one exporter may send again: a token bucket, kept as one moment in time.

Full jitter spreads retries; it does not make them fewer, and a thousand pages that each try ten
times are ten thousand requests to a receiver that has just come back. So a retry costs a token.
A new request earns a part of one, time earns the rest, and no more than `RESERVE` are ever saved,
however long a machine has slept:

    retries <= RESERVE + new requests / NEW_PER_RETRY + time / PERIOD_NS        over any time

Source: gRPC proposal A6, "Throttling Retry Attempts and Hedged RPCs"; Finagle, `RetryBudget`. As
virtual scheduling: ITU-T I.371, annex A (GCRA).
"""

from __future__ import annotations

from typing import Final

RESERVE: Final = 4
"""Saved for a first failure: tries about 0.5, 1.5, 3.5 and 7.5 s after it."""
PERIOD_NS: Final = 30_000_000_000
"""A token for each: how often a receiver that is down is asked, by each exporter."""
NEW_PER_RETRY: Final = 20
"""Requests sent for the first time that earn one token."""


class RetryBudget:
    """The budget of one exporter.

    Attributes:
        ready_ns: When the next retry is paid for; monotonic, long ago while tokens are saved.
    """

    __slots__ = ("ready_ns",)

    def __init__(self) -> None:
        """Begin with the reserve."""
        self.ready_ns = -(2**63)

    def earn(self) -> None:
        """A request was sent for the first time."""
        self.ready_ns -= PERIOD_NS // NEW_PER_RETRY

    def spend(self, now_ns: int) -> None:
        """One was sent again, at `now_ns` (monotonic), `ready_ns` or later."""
        self.ready_ns = max(self.ready_ns, now_ns - (RESERVE - 1) * PERIOD_NS) + PERIOD_NS
