# SPDX-License-Identifier: MIT OR Apache-2.0
"""The held line: a worker that dies with its page encodes, the page holds and sends.

    page --messages--> worker: core --finished bodies--> page: POST, hold until the answer
         <--ack: rows and documents that bodies cover--

The page keeps a message until its spans are in bodies that it holds, and a body until it is known
delivered. At hide all of both goes into storage, and what is under way without keepalive is sent
with it, whatever the answer: the worker knows nothing of that try. Models the lower rungs of
docs/delivery.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgetrace._types import ExportRequest
from tests.simulation.clock import MS
from tests.simulation.core import Core, Hear
from tests.simulation.ledger import spans_of
from tests.simulation.network import Answer, Flight
from tests.simulation.page import EMPTY, Message, Page, ids_of
from tests.simulation.recovery import Recovery, body_key
from tests.simulation.storage import Record

if TYPE_CHECKING:
    from tests.simulation.world import World

RETRYABLE = (0, 413, 429, 502, 503, 504)
"""A body stays with the page after these: it is the core's to say what becomes of it."""
TIED = 0.2
"""Share of requests for which keepalive has no room."""


class HeldBody:
    """A finished request in the page's hands, and whom to tell the answer."""

    def __init__(self, request: ExportRequest, ids: frozenset[bytes], hear: Hear) -> None:
        """Not under way yet."""
        self.request, self.ids, self.hear = request, ids, hear
        self.tied = False  # whether it is under way, and would end with the page

    def record(self) -> Record:
        """It, as storage keeps it."""
        request = self.request
        content = (request.body, dict(request.headers), request.spans)
        return Record("body", content, self.ids, len(request.body))


class DedicatedWorker:
    """A worker of one page."""

    def __init__(self, page: HeldPage) -> None:
        """Start; Python boots later."""
        self.page, self.world = page, page.world
        self.alive = True
        self.core: Core | None = None
        self.recovery: Recovery | None = None
        self._on_the_line: list[tuple[int, Message]] = []
        self._waiting: list[tuple[int, Message]] = []
        self._heard = 0
        delay = int(self.world.chance.random() * 2_500 * MS)
        self.world.timeline.after(delay, self._boot)

    def post(self, number: int, message: Message) -> None:
        """The page's `postMessage`; `number` is for the ack."""
        self._on_the_line.append((number, message))
        self.world.timeline.after(MS, self._hear)

    def holds(self) -> set[bytes]:
        """The ids of all that its memory holds."""
        waiting = set(ids_of(message for _, message in [*self._waiting, *self._on_the_line]))
        return waiting | self.core.holds() if self.core else waiting

    def check(self) -> None:
        """What always holds of its core."""
        if self.core:
            self.core.check()

    def die(self) -> None:
        """Its process ends, with the page's or before."""
        self.alive = False
        if self.core:
            self.core.alive = False

    def _boot(self) -> None:
        if not self.alive:
            return
        self.core = self.world.make_core(self._deliver)
        self.recovery = Recovery(self.world, self.core)
        self.recovery.claim()
        self.page.adopt_by(self.core)
        for number, message in self._waiting:
            self._tell(number, message)
        self._waiting.clear()

    def _hear(self) -> None:
        if self.alive:
            number, message = self._on_the_line.pop(0)
            if self.core:
                self._tell(number, message)
            else:
                self._waiting.append((number, message))

    def _tell(self, number: int, message: Message) -> None:
        assert self.core
        self.core.tell(self.page.view.number, *message)
        self._heard = number
        self.core.flush()  # continuously: nothing may wait where it dies with the page
        self.ack()

    def ack(self) -> None:
        """Say how far bodies cover what was told; behind the bodies, on the same line."""
        progress = self.core.progress(self.page.view.number) if self.core else None
        if progress:
            heard = self._heard
            self.world.timeline.after(MS, self._acked, heard, *progress)

    def _acked(self, number: int, first: int, documents: bool) -> None:
        if self.alive:
            self.page.acked(number, first, documents)

    def _deliver(self, request: ExportRequest, ids: frozenset[bytes], hear: Hear) -> None:
        self.world.timeline.after(MS, self._hand, request, ids, hear)

    def _hand(self, request: ExportRequest, ids: frozenset[bytes], hear: Hear) -> None:
        if self.alive:
            self.page.take(request, ids, hear)
            self.ack()


class HeldPage(Page):
    """A page that holds what is not known delivered."""

    def __init__(self, world: World, number: int) -> None:
        """Open it with a worker of its own."""
        super().__init__(world, number)
        self._messages: list[tuple[int, Message]] = []
        self._said = self._first = 0
        self._documents = False
        self._bodies: dict[str, HeldBody] = {}
        self.worker = DedicatedWorker(self)

    # Messages

    def post(self, message: Message) -> None:
        """See `Page`; a worker that has died is replaced, and told what is not covered."""
        self._said += 1
        self._messages.append((self._said, message))
        if self.worker.alive:
            self.worker.post(self._said, message)
        else:
            self.restart()

    def restart(self) -> None:
        """Start another worker where one has died."""
        if not self.alive or self.worker.alive:
            return
        self.worker = DedicatedWorker(self)
        if len(self._messages) == self._said:  # nothing is covered: say it all again
            for number, message in self._messages:
                self.worker.post(number, message)
            return
        for message in self._introduction():
            self.worker.post(0, message)
        for number, message in self._messages:
            self.worker.post(number, message)

    def acked(self, number: int, first: int, documents: bool) -> None:
        """Bodies that we hold cover so much: forget the messages.

        Not before the documents are covered: a load that was left ends with the last row known.
        """
        if not documents:
            return
        self._messages = [one for one in self._messages if one[0] > number]
        self._first, self._documents = first, documents

    def _introduction(self) -> list[Message]:
        """Who we are, for a runtime that has not heard us."""
        hello = {**self.view.hello(), "first": self._first, "documents": self._documents}
        navigation = self.view.entries([self.view.navigation])
        ids = EMPTY if self._documents or not self.loaded else self.view.documents
        return [(hello, EMPTY), (navigation, ids)]

    # Bodies

    def take(self, request: ExportRequest, ids: frozenset[bytes], hear: Hear) -> None:
        """Hold a finished body, new or to be sent again, and send it."""
        if self.alive:
            key = body_key(request.body)
            self._bodies[key] = HeldBody(request, ids, hear)
            self._send(key)

    def adopt_by(self, core: Core) -> None:
        """Another worker takes over the bodies that its forerunner has made."""
        for held in self._bodies.values():
            core.adopt(held.record())

    def _send(self, key: str) -> None:
        held, chance, worker = self._bodies[key], self.world.chance, self.worker
        held.tied = chance.random() < TIED

        def heard(answer: Answer) -> None:
            held.tied = False
            if answer.status not in RETRYABLE:
                self._settled(key, held, answer)
            self.world.timeline.after(MS, tell, answer)

        def tell(answer: Answer) -> None:
            if worker.alive:
                held.hear(answer)
            elif 200 <= answer.status < 300:  # what it refuses is counted by who was killed
                self.world.ledger.excuse(held.ids)

        self._post(held.request, heard, tied=held.tied)

    def _post(self, request: ExportRequest, heard: Hear, *, tied: bool) -> None:
        world, session = self.world, self.world.session

        def spans() -> list:
            return spans_of(request.body, request.headers)

        def alive() -> bool:
            return self.alive

        def carried() -> bool:
            return self.alive if tied else world.session == session

        world.network.send(Flight(len(request.body), spans, alive, carried), heard)

    def _settled(self, key: str, held: HeldBody, answer: Answer) -> None:
        if self._bodies.get(key) is held:
            del self._bodies[key]
        self.world.storage.delete(key)
        if not 200 <= answer.status < 300:
            self.world.ledger.lose(held.ids, "rejected")

    # The end

    def keep(self) -> None:
        """See `Page`: all of it into storage, then once more onto the wire."""
        for key, held in list(self._bodies.items()):
            self.world.put(key, held.record())
        tail = [message for _, message in self._messages if message[0]["kind"] != "hello"]
        key = f"tail {self.view.number}"
        if ids_of(tail):
            self.world.store_tail(key, [*self._introduction(), *tail])
        else:
            self.world.storage.delete(key)
        for held in self._bodies.values():
            if held.tied:
                self._post(held.request, lambda _answer: None, tied=False)

    def left(self) -> None:
        """See `Page`: the worker dies with it."""
        self.worker.die()

    def holds(self) -> set[bytes]:
        """See `Page`."""
        held = set(ids_of(message for _, message in self._messages)) | self.buffered()
        return held.union(*[body.ids for body in self._bodies.values()])
