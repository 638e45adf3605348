# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_request_state`: a request moves by the table alone. tests/conformance prints the table."""

from __future__ import annotations

import pytest

from edgetrace._request_state import (
    ANY_TIME_NS,
    GRACE_NS,
    TRANSITIONS,
    PendingRequest,
    Signal,
    State,
)
from edgetrace._types import ExportRequest

REQUEST = ExportRequest(1, "http://c", {}, b"", 10_000, 1)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("signal", Signal)
def test_only_what_the_table_has_may_happen(state: State, signal: Signal) -> None:
    """A pair outside of it is a bug of ours, and raises."""
    pending = PendingRequest(REQUEST)
    pending.state = state
    if (state, signal) in TRANSITIONS:
        pending.move(signal)
        assert pending.state is TRANSITIONS[state, signal]
    else:
        with pytest.raises(KeyError):
            pending.move(signal)


def test_each_send_has_its_own_deadline() -> None:
    """Attempts count sends, and a deadline leaves the adapter's own timeout time to come first."""
    pending = PendingRequest(REQUEST, [], 7)
    assert (pending.attempts, pending.deadline_ns, pending.first) == (0, ANY_TIME_NS, 7)
    pending.send(500)
    assert (pending.attempts, pending.deadline_ns) == (1, 500 + 10_000 + GRACE_NS)
    pending.move(Signal.NO_ANSWER)
    pending.send(2_000)
    assert (pending.attempts, pending.deadline_ns) == (2, 2_000 + 10_000 + GRACE_NS)
    assert pending.state is State.SENT


def test_done_is_final() -> None:
    """Nothing leads out of DONE."""
    assert not [pair for pair in TRANSITIONS if pair[0] is State.DONE]
