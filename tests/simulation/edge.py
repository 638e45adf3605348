# SPDX-License-Identifier: MIT OR Apache-2.0
"""The rung without Python in the browser: raw bodies, and the gateway's `read_raw` behind them.

The page sends each body until it is known delivered; what is not when the page goes waits in
storage for the next one. Models browser/src/edge.ts; the gateway is the agent's own code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from edgetrace._entries import TimingEntry
from edgetrace._raw import read_raw
from tests.simulation.clock import START_UNIX_NANO, S
from tests.simulation.ledger import spans_of
from tests.simulation.network import Answer, Flight
from tests.simulation.page import Message, Page, ids_of
from tests.simulation.recovery import body_key
from tests.simulation.storage import Record
from tests.simulation.view import View, packed

if TYPE_CHECKING:
    from tests.simulation.world import World

RETRYABLE = (0, 429, 502, 503, 504)
MAX_BACKOFF_NS = 60 * S


class EdgePage(Page):
    """A page that POSTs what it saw."""

    def __init__(self, world: World, number: int) -> None:
        """Open it, and claim what earlier pages have left."""
        super().__init__(world, number)
        self._waiting: list[Message] = []
        self._first, self._documents = 0, False
        self._bodies: dict[str, tuple[bytes, frozenset[bytes]]] = {}
        self._flying: set[str] = set()
        self._failures = 0
        for key, record in world.storage.read():
            if record.kind == "body":
                self._bodies[key] = (record.content, record.ids)
                self._send(key)

    def post(self, message: Message) -> None:
        """See `Page`: rows make a body at once, with the documents if they are due."""
        kind = message[0]["kind"]
        if kind == "entries" and not message[1]:
            return  # the navigation is in every body
        self._waiting.append(message)
        if kind != "hello":
            self._make_body()

    def _make_body(self) -> None:
        documents = not self._documents and bool(self.view.documents & ids_of(self._waiting))
        self._documents |= documents
        messages = [message for message in self._waiting if message[0]["kind"] == "entries"]
        rows = [m for m in messages if not m[1] & self.view.documents]
        body = self._body([message for message, _ in rows], documents)
        ids = ids_of(rows) | (self.view.documents if documents else frozenset())
        self._first += sum(len(ids) for _, ids in rows)
        self._waiting.clear()
        if ids:
            key = body_key(body)
            self._bodies[key] = (body, ids)
            self._send(key)

    def _body(self, messages: list[dict[str, Any]], documents: bool) -> bytes:
        view = self.view
        navigation = _packed(view, [view.navigation])
        rows = [{"kind": "entries", **_packed(view, message["entries"])} for message in messages]
        body = {
            "version": 1,
            "trace": view.trace_id.hex(),
            "span": view.seed.hex(),
            "first": self._first,
            "documents": documents,
            "now": (START_UNIX_NANO + self.world.timeline.now_ns) / 1e6,
            "options": {},
            "page": {"url": view.url},
            "navigation": navigation,
            "attributes": {},
            "messages": rows,
        }
        return json.dumps(body).encode()

    def _send(self, key: str) -> None:
        body, _ = self._bodies[key]
        world, session = self.world, self.world.session
        self._flying.add(key)

        def spans() -> list[Span]:
            return spans_of(read_raw(body, world.timeline.unix_nano, {}).message, {})

        def alive() -> bool:
            return self.alive

        def carried() -> bool:
            return world.session == session

        def heard(answer: Answer) -> None:
            self._heard(key, answer)

        world.network.send(Flight(len(body), spans, alive, carried), heard)

    def _heard(self, key: str, answer: Answer) -> None:
        self._flying.discard(key)
        if answer.status in RETRYABLE:
            self._failures += 1
            delay = min(S << min(self._failures, 6), MAX_BACKOFF_NS)
            self.world.timeline.after(int(self.world.chance.random() * delay), self._again, key)
            return
        self._failures = 0
        _, ids = self._bodies.pop(key)
        self.world.storage.delete(key)
        if not 200 <= answer.status < 300:
            self.world.ledger.lose(ids, "refused")
        elif answer.body:
            self.world.ledger.lose(ids - self.world.ledger.arrived.keys(), "partial success")

    def _again(self, key: str) -> None:
        if self.alive and key in self._bodies and key not in self._flying:
            self._send(key)

    def keep(self) -> None:
        """See `Page`."""
        for key, (body, ids) in self._bodies.items():
            self.world.put(key, Record("body", body, ids, len(body)))
        for key in self._bodies:
            if key not in self._flying:
                self._send(key)

    def holds(self) -> set[bytes]:
        """See `Page`."""
        held = self.buffered() | ids_of(self._waiting)
        return held.union(*[ids for _, ids in self._bodies.values()])


def _packed(view: View, rows: Iterable[TimingEntry]) -> dict[str, Any]:
    numbers, text = packed(rows)
    return {"origin": view.origin_ms, "numbers": numbers, "text": text}
