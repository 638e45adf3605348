# SPDX-License-Identifier: MIT OR Apache-2.0
"""One counter that says "something changed", for threads that wait and for callbacks that push.

The store bumps it; ``wait_for`` in tests blocks on it; the viewer's event stream listens to it.
Must not know what changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Changes:
    """A version number that only grows, shared between threads."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._version = 0
        self._listeners: list[Callable[[], None]] = []
        self._closed = False

    @property
    def version(self) -> int:
        """The number of changes so far."""
        return self._version

    @property
    def closed(self) -> bool:
        """True once no change will ever follow."""
        return self._closed

    def bump(self) -> None:
        """Count one change, wake the waiters and call the listeners."""
        with self._condition:
            self._version += 1
            self._condition.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def wait_past(self, version: int, timeout_s: float) -> bool:
        """Block until the version is greater; False if that did not happen in timeout_s."""
        with self._condition:
            return self._condition.wait_for(
                lambda: self._version > version or self._closed, timeout_s
            ) and (self._version > version)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call listener after each change, in the changing thread, until the result is called."""
        with self._condition:
            self._listeners.append(listener)

        def stop() -> None:
            with self._condition:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def close(self) -> None:
        """Wake everybody for the last time."""
        self._closed = True
        self.bump()
