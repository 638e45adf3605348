# SPDX-License-Identifier: MIT OR Apache-2.0
"""The life of one export request: everything that moves its state is in this file.

    WAITING   due        -> SENT      the same bytes each time
    WAITING   give_up    -> DONE      dropped as SHUTDOWN
    SENT      success    -> DONE      exported, less what the receiver refused
    SENT      throttled  -> WAITING   not before Retry-After, nor before the backoff
    SENT      no_answer  -> WAITING   after the backoff
    SENT      split      -> DONE      too large for the receiver: two halves wait in its place
    SENT      refused    -> DONE      dropped as REJECTED, or as TOO_LARGE where it cannot be split
    SENT      give_up    -> DONE      dropped as RETRIES_EXHAUSTED or SHUTDOWN

docs/architecture.md prints this table; a test holds both against `TRANSITIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

from ._batch import Queued
from ._types import ExportRequest

GRACE_NS: Final = 1_000_000_000
"""An adapter's own timeout comes first, so that what it has to say reaches the error handler."""
ANY_TIME_NS: Final = -(2**63)
"""Before all times that a monotonic clock tells."""
NO_SPAN: Final = 2**63
"""After all numbers of spans."""


class State(Enum):
    """Where one request stands."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"


class Signal(Enum):
    """What can happen to one request."""

    DUE = "due"
    SUCCESS = "success"
    THROTTLED = "throttled"
    NO_ANSWER = "no_answer"
    SPLIT = "split"
    REFUSED = "refused"
    GIVE_UP = "give_up"


TRANSITIONS: Final[Mapping[tuple[State, Signal], State]] = {
    (State.WAITING, Signal.DUE): State.SENT,
    (State.WAITING, Signal.GIVE_UP): State.DONE,
    (State.SENT, Signal.SUCCESS): State.DONE,
    (State.SENT, Signal.THROTTLED): State.WAITING,
    (State.SENT, Signal.NO_ANSWER): State.WAITING,
    (State.SENT, Signal.SPLIT): State.DONE,
    (State.SENT, Signal.REFUSED): State.DONE,
    (State.SENT, Signal.GIVE_UP): State.DONE,
}


class PendingRequest:
    """One request between its making and its end.

    Attributes:
        request: What is sent, the same bytes each time.
        queued: The spans in it; empty for one that came from storage.
        first: The number of the oldest of them, `NO_SPAN` if it has none.
        important: Whether one of them is to be lost last; None as long as nobody has asked.
        state: Moved by `move` alone.
        attempts: How often it has been sent.
        deadline_ns: While SENT, when it counts as unanswered; while WAITING, when its backoff ends.
    """

    __slots__ = ("attempts", "deadline_ns", "first", "important", "queued", "request", "state")

    def __init__(
        self,
        request: ExportRequest,
        queued: Sequence[Queued] = (),
        first: int = NO_SPAN,
        important: bool | None = None,
    ) -> None:
        """Wait to be sent for the first time."""
        self.request, self.queued, self.first = request, queued, first
        self.important = important
        self.state = State.WAITING
        self.attempts = 0
        self.deadline_ns = ANY_TIME_NS

    def move(self, signal: Signal) -> None:
        """Follow the table; a pair that is not in it is a bug of ours and a KeyError."""
        self.state = TRANSITIONS[self.state, signal]

    def send(self, now_ns: int) -> None:
        """Leave WAITING, at `now_ns` (monotonic)."""
        self.move(Signal.DUE)
        self.attempts += 1
        self.deadline_ns = now_ns + self.request.timeout_ns + GRACE_NS
