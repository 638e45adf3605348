# SPDX-License-Identifier: MIT OR Apache-2.0
"""The life of one export request: everything that moves its state is in this file.

    SENT      success    -> DONE      exported, less what the receiver refused
    SENT      throttled  -> WAITING   not before Retry-After, else after the backoff
    SENT      no_answer  -> WAITING   after the backoff
    SENT      refused    -> DONE      dropped as REJECTED
    SENT      give_up    -> DONE      dropped as RETRIES_EXHAUSTED or SHUTDOWN
    WAITING   due        -> SENT      the same bytes again
    WAITING   give_up    -> DONE      dropped as SHUTDOWN

docs/architecture.md prints this table; a test holds both against `TRANSITIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from ._types import ExportRequest

GRACE_NS: Final = 1_000_000_000
"""An adapter's own timeout comes first, so that what it has to say reaches the error handler."""


class State(Enum):
    """Where one request stands."""

    SENT = "sent"
    WAITING = "waiting"
    DONE = "done"


class Signal(Enum):
    """What can happen to one request."""

    SUCCESS = "success"
    THROTTLED = "throttled"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    DUE = "due"
    GIVE_UP = "give_up"


TRANSITIONS: Final[Mapping[tuple[State, Signal], State]] = {
    (State.SENT, Signal.SUCCESS): State.DONE,
    (State.SENT, Signal.THROTTLED): State.WAITING,
    (State.SENT, Signal.NO_ANSWER): State.WAITING,
    (State.SENT, Signal.REFUSED): State.DONE,
    (State.SENT, Signal.GIVE_UP): State.DONE,
    (State.WAITING, Signal.DUE): State.SENT,
    (State.WAITING, Signal.GIVE_UP): State.DONE,
}


class PendingRequest:
    """One request between its first send and its end.

    Attributes:
        request: What is sent, the same bytes each time.
        state: Moved by `move` alone.
        attempts: How often it has been sent, >= 1.
        deadline_ns: While SENT, when it counts as unanswered; while WAITING, when to send it again.
        first: How many spans had left the queue before its own.
    """

    __slots__ = ("attempts", "deadline_ns", "first", "request", "state")

    def __init__(self, request: ExportRequest, first: int, now_ns: int) -> None:
        """Begin as sent for the first time, at `now_ns` (monotonic)."""
        self.request = request
        self.first = first
        self.state = State.SENT
        self.attempts = 1
        self.deadline_ns = now_ns + request.timeout_ns + GRACE_NS

    def move(self, signal: Signal) -> None:
        """Follow the table; a pair that is not in it is a bug of ours and a KeyError."""
        self.state = TRANSITIONS[self.state, signal]

    def send_again(self, now_ns: int) -> None:
        """Leave WAITING for another try."""
        self.move(Signal.DUE)
        self.attempts += 1
        self.deadline_ns = now_ns + self.request.timeout_ns + GRACE_NS
