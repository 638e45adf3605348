# SPDX-License-Identifier: MIT OR Apache-2.0
"""How faults are told: to a handler, which by default logs each kind once a minute.

A report must never become the next fault: a handler that raises is silenced, and what goes wrong
while it runs is counted but not told to it.

Source: OpenTelemetry specification, error-handling "Self-diagnostics".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeAlias

from ._types import Clock
from .errors import AgentError, MisuseError

ErrorHandler: TypeAlias = Callable[[AgentError], None]

QUIET_NS: Final = 60_000_000_000


class LogHandler:
    """The default error handler: a warning to the logger `edgetrace`, per class of error once a
    minute.
    """

    __slots__ = ("_clock", "_told_ns")

    def __init__(self, clock: Clock) -> None:
        """Keep the clock unread."""
        self._clock = clock
        self._told_ns: dict[type[AgentError], int] = {}

    def __call__(self, error: AgentError) -> None:
        """Log `error`, unless its class was logged within the last minute."""
        now_ns = self._clock.monotonic_ns()
        told_ns = self._told_ns.get(type(error))
        if told_ns is None or now_ns - told_ns >= QUIET_NS:
            self._told_ns[type(error)] = now_ns
            logging.getLogger("edgetrace").warning("%s: %s", type(error).__name__, error)


class Reporter:
    """Hands faults to the handler and counts the application's own.

    Attributes:
        misuses: Calls that changed nothing because they were wrong.
    """

    __slots__ = ("_handler", "_telling", "misuses")

    def __init__(self, handler: ErrorHandler) -> None:
        """Start with nothing to tell."""
        self._handler = handler
        self._telling = False
        self.misuses = 0

    def misuse(self, message: str) -> None:
        """Report a call that changed nothing."""
        self.misuses += 1
        self.error(MisuseError(message))

    def error(self, error: AgentError) -> None:
        """Report any fault."""
        if self._telling:
            return
        self._telling = True
        try:
            self._handler(error)
        except Exception:  # an application's handler may do anything; a report is not worth a crash
            return
        finally:
            self._telling = False
