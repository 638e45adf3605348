# SPDX-License-Identifier: MIT OR Apache-2.0
"""A page of any engine, with the few methods of Playwright's `Page` that shared tests call.

Playwright drives builds of Firefox and WebKit that it makes itself; what people have is driven over
its own protocol here, by the two subclasses. Knows no protocol.
"""

from __future__ import annotations

import fnmatch
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, NamedTuple

WAIT_S: Final = 60.0
"""Pyodide's start on a busy machine, not a measure of anything."""


POLL_S: Final = 0.02


class EngineError(Exception):
    """The engine could not do what it was told; while a document changes, it will soon."""


class Said(NamedTuple):
    """One line of the console."""

    text: str


class EnginePage(ABC):
    """One tab.

    Attributes:
        handlers: Who is told of "console" and "pageerror", where the engine tells.
    """

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[[Any], object]] = {}

    @abstractmethod
    def goto(self, url: str, wait_until: str = "load") -> None:
        """Go there, and wait for the load event or ("commit") for the new document."""

    @abstractmethod
    def back(self) -> None:
        """Begin to go one step back in the history."""

    @abstractmethod
    def new_page(self) -> EnginePage:
        """Another tab of the same profile."""

    @abstractmethod
    def close(self) -> None:
        """As a visitor does: `unload` runs."""

    @abstractmethod
    def run(self, expression: str) -> str:
        """What the promise settles to, a text; EngineError if it rejects or its document goes."""

    @property
    def context(self) -> EnginePage:
        """The profile; whoever asks wants `new_page`."""
        return self

    def set_default_timeout(self, _timeout_ms: float) -> None:
        """All waits here end after `WAIT_S`, and nothing is there to be set."""
        return

    def on(self, event: str, handler: Callable[[Any], object]) -> None:
        """Tell `handler`."""
        self.handlers[event] = handler

    def evaluate(self, expression: str, argument: object = None) -> Any:
        """The value of an expression, of a promise, or of a function called with `argument`."""
        return json.loads(
            self.run(
                f"""(async () => {{
                  let value = ({expression}\n);
                  if (typeof value == "function") value = value({json.dumps(argument)});
                  value = await value;
                  return value === undefined ? "null" : JSON.stringify(value);
                }})()"""
            )
        )

    def go_back(self, wait_until: str = "load") -> None:
        """One step back, to another address; a document that was kept comes with no new load."""
        before = self.evaluate("location.href")
        self.back()
        self.until(lambda: self.evaluate("location.href") != before, "the page before")
        if wait_until == "load":
            self.wait_for_load_state()

    def wait_for_function(self, expression: str) -> None:
        """Wait until it is true, in whatever document is there."""
        self.until(lambda: self.evaluate(expression), expression)

    def wait_for_url(self, pattern: str) -> None:
        """Wait until the document's address matches, and it has loaded."""
        self.until(lambda: fnmatch.fnmatch(self.evaluate("location.href"), pattern), pattern)
        self.wait_for_load_state()

    def wait_for_load_state(self) -> None:
        """Wait until the document has loaded, its entry included."""
        loaded = "document.readyState == 'complete' && performance.timing.loadEventEnd > 0"
        self.wait_for_function(loaded)

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Ask again and again; an engine between two documents is asked again too."""
        deadline = time.monotonic() + WAIT_S
        refusal: EngineError | None = None
        while time.monotonic() < deadline:
            try:
                if holds():
                    return
            except EngineError as exc:
                refusal = exc
            time.sleep(POLL_S)  # not in the page: its timers stop when it is left
        raise AssertionError(f"not in {WAIT_S:.0f} s: {what}") from refusal
