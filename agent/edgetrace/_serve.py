# SPDX-License-Identifier: MIT OR Apache-2.0
"""The runtime worker's end of the script tag: what browser/src/host.ts calls.

    loader --messages--> host.ts --plain data--> WorkerRuntime --> Runtime --> Pipeline --> fetch

Where the runtime dies with its pages, `send` of host.ts stands for fetch: a page sends.

With what it reaches, this is edgetrace-agent.zip. Decides nothing about entries (`_page`), order
(`_runtime`) or delivery (`_export`).
"""

from __future__ import annotations

import json
import os
from typing import Any

from . import _pyodide
from ._columns import PackedEntries
from ._config import Settings
from ._pipeline import Pipeline
from ._runtime import Runtime
from .errors import AgentError


class WorkerRuntime:
    """What host.ts holds: plain data in, JSON out.

    Attributes:
        last_error: The last failed send, for the counters.
    """

    def __init__(self, dataset: str, post: Any, send: Any = None) -> None:
        """Validate the script tag.

        Args:
            dataset: JSON pairs of the tag's `dataset`.
            post: JavaScript's; takes a page's number and JSON.
            send: JavaScript's, as its fetch; None for that.

        Raises:
            ConfigError: An attribute's value is not of its form.
        """
        self._settings = Settings.from_dataset(dict(json.loads(dataset)))
        self._post_json, self._send = post, send
        self.last_error = ""
        self._page = 0
        self._runtime = Runtime(self._pipeline, self._post, hands_over=send is not None)

    def entries(self, page: int, origin: float, numbers: Any, text: str, now: float = 0.0) -> None:
        """Take a batch as unpack.ts completes it; `numbers` is a Float64Array."""
        entries: Any = PackedEntries(numbers.to_bytes(), text, rounded=True)
        malformed = entries.malformed
        if self._settings.protocol == "http/json":  # columns know protobuf only
            entries = list(entries)
        told = {"origin": origin, "now": now, "entries": entries, "malformed": malformed}
        self._runtime.tell(page, {"kind": "entries", **told})

    def receive(self, page: int, message: str) -> None:
        """Take any other message."""
        self._page = page
        told = json.loads(message)
        if told["kind"] == "otlp":
            self._sender.adopt(bytes.fromhex(told["body"]), told["headers"], told["spans"])
        else:
            self._runtime.tell(page, told)

    def _post(self, page: int, message: dict[str, object]) -> None:
        counters = message.get("counters")
        if isinstance(counters, dict):
            counters["last_error"] = self.last_error
        self._post_json(page, json.dumps(message))

    def _pipeline(self) -> Pipeline:
        transport = _pyodide.FetchTransport(self._tell, self._send, lambda: self._runtime.settle())
        clock = _pyodide.page_clock()
        self._sender = Pipeline(self._settings, clock, os.urandom, transport, self._failed)
        return self._sender

    def _failed(self, error: AgentError) -> None:
        self.last_error = f"{type(error).__name__}: {error}"
        self._tell(self.last_error)

    def _tell(self, text: str) -> None:
        if self._settings.debug:
            self._post(self._page, {"kind": "debug", "text": f"[edgetrace] {text}"})


def serve(dataset: str, post: Any, send: Any = None) -> WorkerRuntime:
    """The runtime worker's end; see `WorkerRuntime`."""
    return WorkerRuntime(dataset, post, send)
