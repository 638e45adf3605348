# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_report`: faults are told, but not too often, and never become the next fault."""

from __future__ import annotations

import logging

import pytest

from edgetrace._report import QUIET_NS, LogHandler, Reporter
from edgetrace.errors import AgentError, MisuseError, TransportError
from edgetrace.testing import ManualClock


def test_each_kind_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """A second error of a class is quiet for a minute; another class is not."""
    clock = ManualClock()
    handler = LogHandler(clock)
    with caplog.at_level(logging.WARNING, "edgetrace"):
        handler(MisuseError("one"))
        clock.advance(ns=QUIET_NS - 1)
        handler(MisuseError("two"))
        handler(TransportError("three"))
        clock.advance(ns=1)
        handler(MisuseError("four"))
    assert caplog.messages == [
        "MisuseError: one",
        "TransportError: no answer from the endpoint: three",
        "MisuseError: four",
    ]


def test_misuse_is_counted_and_told() -> None:
    """Every misuse counts, and the handler gets it as a value."""
    told: list[AgentError] = []
    reporter = Reporter(told.append)
    reporter.misuse("one")
    reporter.error(TransportError("dns"))
    assert reporter.misuses == 1
    assert [type(error) for error in told] == [MisuseError, TransportError]


def test_a_handler_that_causes_the_next_fault_is_not_told_of_it() -> None:
    """Or two faults per call would be told for ever."""
    calls = 0

    def clumsy(error: AgentError) -> None:
        nonlocal calls
        calls += 1
        reporter.misuse("again")
        reporter.misuse("and again")

    reporter = Reporter(clumsy)
    reporter.misuse("one")
    reporter.misuse("two")
    assert (calls, reporter.misuses) == (2, 6)


def test_a_handler_that_raises_is_silenced() -> None:
    """A report is not worth a crash; the count goes on."""

    def broken(error: AgentError) -> None:
        raise RuntimeError(error)

    reporter = Reporter(broken)
    reporter.misuse("one")
    reporter.misuse("two")
    assert reporter.misuses == 2
