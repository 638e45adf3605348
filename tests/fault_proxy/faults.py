# SPDX-License-Identifier: MIT OR Apache-2.0
"""What can go wrong between a sender and a collector, and in which order it does. No I/O.

A plan is called once per request and says what happens to that one; `phases` says what happens to
all of them for a while. Both are drawn from a seed, so a red run is red again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Final, NamedTuple, TypeAlias


class Fault(Enum):
    """What becomes of one request; whether the collector gets it stands behind it.

    Attributes:
        taken: The collector has it, so a sender that sends it again makes a duplicate.
        answered: The sender is told the truth, if late: it need not send again.
    """

    NONE = ("none", True, True)
    LATENCY = ("latency", True, True)  # the answer comes late
    DRIP = ("drip", True, True)  # the answer comes a few bytes at a time
    OVERRUN = ("overrun", True, True)  # more bytes than announced
    BUSY = ("busy", False, False)  # 503, by the proxy
    REFUSE = ("refuse", False, False)  # nobody listens
    BLACKHOLE = ("blackhole", False, False)  # read, and never answered
    CUT_REQUEST = ("cut request", False, False)  # reset in the middle of the request's body
    CLOSED = ("closed", True, False)  # hung up instead of the answer
    CUT_HEAD = ("cut head", True, False)  # reset in the middle of the answer's head
    CUT_BODY = ("cut body", True, False)  # reset in the middle of the answer's body
    WRONG_LENGTH = ("wrong length", True, False)  # less bytes than announced, then the end
    SWALLOW = ("swallow", False, True)  # 200, and forgotten: a lie, to see who notices

    def __init__(self, label: str, taken: bool, answered: bool) -> None:
        self.label, self.taken, self.answered = label, taken, answered


HONEST: Final = tuple(fault for fault in Fault if fault not in (Fault.NONE, Fault.SWALLOW))
"""Every fault that a correct sender loses nothing by."""
OUTAGES: Final = (
    *(Fault.REFUSE, Fault.BUSY, Fault.CLOSED, Fault.CUT_REQUEST, Fault.CUT_HEAD, Fault.BLACKHOLE),
)
"""What a collector that is down looks like from outside."""

Plan: TypeAlias = Callable[[], Fault]


def always(fault: Fault) -> Plan:
    """The same for every request."""
    return lambda: fault


def in_turn(*faults: Fault) -> Plan:
    """One each, then none."""
    left = iter(faults)
    return lambda: next(left, Fault.NONE)


def drawn(seed: int, share: float, faults: Sequence[Fault] = HONEST) -> Plan:
    """Some share of requests, 0 to 1, meets one of `faults`."""
    chance = random.Random(seed)
    return lambda: chance.choice(faults) if chance.random() < share else Fault.NONE


class Phase(NamedTuple):
    """Some seconds in which all requests meet the same."""

    seconds: float
    fault: Fault


def phases(
    seed: int,
    up_s: tuple[float, float],
    down_s: tuple[float, float],
    faults: Sequence[Fault] = OUTAGES,
) -> Iterator[Phase]:
    """Up and down in turns, for ever: a collector that flaps.

    Args:
        seed: Same seed, same phases.
        up_s: Shortest and longest time without a fault, seconds.
        down_s: Likewise with one.
        faults: What being down looks like; one is drawn for each time.
    """
    chance = random.Random(seed)
    while True:
        yield Phase(chance.uniform(*up_s), Fault.NONE)
        yield Phase(chance.uniform(*down_s), chance.choice(faults))
