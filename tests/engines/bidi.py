# SPDX-License-Identifier: MIT OR Apache-2.0
"""A line to a browser that speaks WebDriver BiDi: commands, their answers, events in between.

Knows the protocol's envelope alone. Source: W3C WebDriver BiDi, section 3.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import websocket

from tests.engines.page import WAIT_S, EngineError

Event = dict[str, Any]


class Line:
    """One session, until `close`.

    Attributes:
        listeners: Called with each event, in order, while somebody reads.
    """

    def __init__(self, url: str) -> None:
        # Browsers refuse a request that names an origin: it may be a page's.
        self._socket = websocket.create_connection(url, timeout=WAIT_S, suppress_origin=True)
        self._ids = itertools.count(1)
        self.listeners: list[Callable[[str, Event], None]] = []

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The command's result.

        Raises:
            EngineError: The browser refuses, or gives no answer.
        """
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = self._read()
            if message.get("id") != number:
                continue
            if message["type"] == "error":
                raise EngineError(f"{method}: {message['error']}: {message['message']}")
            return message["result"]

    def wait_for(self, holds: Callable[[], object], what: str) -> None:
        """Read events until it holds; it is asked after each."""
        deadline = time.monotonic() + WAIT_S
        while not holds():
            if time.monotonic() > deadline:
                raise EngineError(f"not in {WAIT_S:.0f} s: {what}")
            self._read()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read(self) -> dict[str, Any]:
        try:
            message = json.loads(self._socket.recv())
        except websocket.WebSocketException as exc:
            raise EngineError(f"the browser says nothing: {exc}") from exc
        if message["type"] == "event":
            for listener in list(self.listeners):
                listener(message["method"], message["params"])
        return message
