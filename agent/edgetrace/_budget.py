# SPDX-License-Identifier: MIT OR Apache-2.0
"""How often one exporter may try a receiver that does not answer: a token bucket, kept as one
moment in time.

Full jitter spreads retries; it does not make them fewer, and a thousand pages that each try ten
times are ten thousand requests to a receiver that has just come back. So a try while the circuit is
open costs a token or more. A new request earns a part of one, time earns the rest, and no more than
`RESERVE` are ever saved, however long a machine has slept:

    tries <= RESERVE + new requests / NEW_PER_TRY + time / PERIOD_NS        over any time

Once one is answered the others that wait cost nothing: the receiver is known to be there, and they
are few. The price is drawn, one to two tokens: at a fixed one, all pages of an outage would keep
step, and one would meet a receiver that fails every minute at the same bad moment for ever.

Source: gRPC proposal A6, "Throttling Retry Attempts and Hedged RPCs" (failures cost, a tenth is
earned); Finagle, `RetryBudget`. As virtual scheduling: ITU-T I.371, annex A (GCRA).
"""

from __future__ import annotations

from typing import Final

RESERVE: Final = 4
"""Saved for a first failure, which is soon tried again."""
PERIOD_NS: Final = 10_000_000_000
"""A token for each. A receiver that is down is asked every 10 to 20 s, by each exporter."""
NEW_PER_TRY: Final = 10
"""Requests sent for the first time that earn one token."""


class RetryBudget:
    """The budget of one exporter.

    Attributes:
        ready_ns: When the next try is paid for; monotonic, long ago while tokens are saved.
    """

    __slots__ = ("ready_ns",)

    def __init__(self) -> None:
        """Begin with the reserve."""
        self.ready_ns = -(2**63)

    def earn(self) -> None:
        """A request was sent for the first time."""
        self.ready_ns -= PERIOD_NS // NEW_PER_TRY

    def spend(self, now_ns: int, fraction: float) -> None:
        """There was one, at `now_ns` (monotonic); `fraction` in [0, 1) makes its price.

        A flush may overdraw, by no more than can be saved: a page that is hidden and shown all
        through an outage must not pay for it long after.
        """
        saved_ns = now_ns - (RESERVE - 1) * PERIOD_NS
        ready_ns = max(self.ready_ns, saved_ns) + int(PERIOD_NS * (1 + fraction))
        self.ready_ns = min(ready_ns, now_ns + RESERVE * PERIOD_NS)
