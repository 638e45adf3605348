# SPDX-License-Identifier: MIT OR Apache-2.0
"""Firefox as people have it, without a window, over WebDriver BiDi.

One process for all tests; each gets a container ("user context") of its own, with its own cache,
storage and workers.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

from tasks import firefox
from tests.engines.bidi import Event, Line
from tests.engines.page import EngineError, EnginePage, Said

EVENTS: Final = (
    "browsingContext.load",
    "browsingContext.navigationCommitted",
    "log.entryAdded",
)


class Firefox:
    """A running Firefox, until `close`.

    Attributes:
        version: Its own word.
    """

    def __init__(self, profile: Path) -> None:
        preferences = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in firefox.PREFERENCES.items()
        ]
        (profile / "user.js").write_text("".join(preferences), encoding="utf-8")
        command = [str(firefox.path()), "--headless", "--no-remote", "--remote-debugging-port=0"]
        self._process = subprocess.Popen(
            [*command, "--profile", str(profile)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self.line = Line(self._address() + "/session")
        told = self.line.send("session.new", capabilities={})
        self.version = str(told["capabilities"]["browserVersion"])
        self.line.send("session.subscribe", events=list(EVENTS))

    def new_profile(self) -> FirefoxPage:
        """A tab that shares nothing with those before it."""
        container = self.line.send("browser.createUserContext")["userContext"]
        return FirefoxPage(self.line, container)

    def close(self) -> None:
        """End it."""
        try:
            self.line.send("browser.close")
            self.line.close()
            self._process.wait(10)
        except (EngineError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._drained.join()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _address(self) -> str:
        stderr = self._process.stderr
        assert stderr is not None
        said = []
        for line in stderr:
            said.append(line)
            if found := re.search(r"ws://\S+", line):
                self._drained = threading.Thread(target=lambda: [None for _ in stderr])
                self._drained.start()
                return found[0]
        raise EngineError("Firefox did not start: " + "".join(said)[-2000:])


class FirefoxPage(EnginePage):
    """One tab, in `container`."""

    def __init__(self, line: Line, container: str) -> None:
        super().__init__()
        self._line, self._container = line, container
        created = line.send("browsingContext.create", type="tab", userContext=container)
        self._id: str = created["context"]
        self._events: list[str] = []
        line.listeners.append(self._hear)

    def goto(self, url: str, wait_until: str = "load") -> None:
        if wait_until == "load":
            self._command("browsingContext.navigate", url=url, wait="complete")
            self.wait_for_load_state()
        else:
            self._events.clear()
            self._command("browsingContext.navigate", url=url, wait="none")
            self._await("browsingContext.navigationCommitted")

    def back(self) -> None:
        self._command("browsingContext.traverseHistory", delta=-1)

    def new_page(self) -> FirefoxPage:
        return FirefoxPage(self._line, self._container)

    def close(self) -> None:
        self._line.listeners.remove(self._hear)
        self._command("browsingContext.close")

    def forget(self) -> None:
        """End the profile: its tabs, workers and storage."""
        self._line.send("browser.removeUserContext", userContext=self._container)

    def run(self, expression: str) -> str:
        answer = self._line.send(
            "script.evaluate",
            expression=expression,
            target={"context": self._id},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise EngineError(answer["exceptionDetails"]["text"])
        return str(answer["result"]["value"])

    def _command(self, method: str, **params: Any) -> None:
        self._line.send(method, context=self._id, **params)

    def _await(self, event: str) -> None:
        self._line.wait_for(lambda: event in self._events, event)

    def _hear(self, method: str, event: Event) -> None:
        if method != "log.entryAdded":
            if event["context"] == self._id:
                self._events.append(method)
            return
        if event["source"].get("context") == self._id:
            fault = event["type"] == "javascript"
            handler = self.handlers.get("pageerror" if fault else "console", str)
            handler(event["text"] if fault else Said(event["text"] or ""))
