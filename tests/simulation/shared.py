# SPDX-License-Identifier: MIT OR Apache-2.0
"""The first rung: a SharedWorker with `extendedLifetime`, one for all tabs of the origin.

    page --message--> [port] --> host: waits until Python runs --> core --> fetch
                                 host: keeps in IndexedDB what it was told, until it is
                                       delivered (or, `keeps_bodies`, what was refused)

What is posted is the worker's, once its script has arrived; until then the page keeps it too and
stores it when it is left. Models browser/src/host.ts and what is around it; docs/delivery.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgetrace._types import ExportRequest
from tests.simulation.clock import MS
from tests.simulation.core import Core, Hear
from tests.simulation.diary import Diary
from tests.simulation.ledger import spans_of
from tests.simulation.network import Answer, Flight
from tests.simulation.page import EMPTY, Message, Page, ids_of
from tests.simulation.recovery import Recovery

if TYPE_CHECKING:
    from tests.simulation.world import World


class SharedWorker:
    """The worker with its host, before and after Python has started."""

    def __init__(self, world: World) -> None:
        """Start: the script arrives, then Python boots."""
        self.world = world
        self.alive = True
        self.script_here = False
        self._diary = Diary(world)
        self._core: Core | None = None
        self._recovery: Recovery | None = None
        self._waiting: list[tuple[int, Message]] = []
        self._on_the_line: list[tuple[int, Message]] = []
        script_ns = int(world.chance.random() * 300 * MS)
        world.timeline.after(script_ns, self._script)
        world.timeline.after(script_ns + int(world.chance.random() * 2_500 * MS), self._boot)

    def post(self, line: int, message: Message) -> None:
        """A port's `postMessage`; what was posted first arrives first."""
        self._on_the_line.append((line, message))
        self.world.timeline.after(MS, self._hear)

    def holds(self) -> set[bytes]:
        """The ids of all that its memory holds."""
        waiting = set(ids_of(message for _, message in [*self._waiting, *self._on_the_line]))
        return waiting | self._core.holds() if self._core else waiting

    def check(self) -> None:
        """What always holds of its core."""
        if self._core:
            self._core.check()

    def die(self) -> None:
        """Its process ends."""
        self.alive = self._diary.alive = False
        if self._core:
            self._core.alive = False

    def _script(self) -> None:
        self.script_here = True

    def _hear(self) -> None:
        if not self.alive:
            return
        line, message = self._on_the_line.pop(0)
        if not self.world.keeps_bodies:
            self._diary.hear(line, message)
        if self._core:
            self._tell(self._core, line, message)
        else:
            self._waiting.append((line, message))

    def _boot(self) -> None:
        if not self.alive:
            return
        core = self._core = self.world.make_core(self._deliver)
        self._recovery = Recovery(self.world, core)
        self._recovery.claim()
        core.settled_hooks.append(self._diary.settled)
        for line, message in self._waiting:
            self._tell(core, line, message)
        self._waiting.clear()

    def _tell(self, core: Core, line: int, message: Message) -> None:
        core.tell(line, *message)
        if message[0]["kind"] == "leave":
            core.flush()
        core.pump()

    def _deliver(self, request: ExportRequest, ids: frozenset[bytes], hear: Hear) -> None:
        def heard(answer: Answer) -> None:
            hear(answer)
            if not 200 <= answer.status < 300:
                self.world.timeline.after(5 * MS, self._persist)

        def alive() -> bool:
            return self.alive

        def spans() -> list:
            return spans_of(request.body, request.headers)

        self.world.network.send(Flight(len(request.body), spans, alive, alive), heard)

    def _persist(self) -> None:
        """IndexedDB has committed what could not be delivered."""
        if self.world.keeps_bodies and self.alive and self._recovery:
            self._recovery.keep_undelivered()


class SharedPage(Page):
    """A page that posts all it has to the origin's worker."""

    def __init__(self, world: World, number: int) -> None:
        """Open it, and start the worker if none runs."""
        super().__init__(world, number)
        self._worker = world.worker()
        self._kept: list[Message] = []
        self._said = 0
        self._documents = False

    def post(self, message: Message) -> None:
        """See `Page`."""
        if not self._worker.alive:
            self._worker = self.world.worker()
            self._kept.clear()
            if self._said or self._documents or message[0]["kind"] != "hello":
                self._introduce()
        kept = self._kept
        if self._worker.script_here:
            kept.clear()
        else:
            kept.append(message)
        self._worker.post(self.view.number, message)
        if message[0]["kind"] == "entries":
            self._said += len(message[1] - self.view.documents)
        self._documents |= bool(message[1] & self.view.documents)

    def _introduce(self) -> None:
        """Go on with another worker where the one that died was."""
        hello = {**self.view.hello(), "first": self._said, "documents": self._documents}
        again: list[Message] = [(hello, EMPTY)]
        if self._documents:
            again.append((self.view.entries([self.view.navigation]), EMPTY))
        for message in again:
            if not self._worker.script_here:
                self._kept.append(message)
            self._worker.post(self.view.number, message)

    def keep(self) -> None:
        """See `Page`: a worker whose script has not arrived dies with its page."""
        if not self._worker.script_here and self._kept:
            self.world.store_tail(f"tail {self.view.number}", self._kept)

    def left(self) -> None:
        """See `Page`."""
        if not self._worker.script_here and not self.world.has_pages():
            self.world.end(self._worker)

    def holds(self) -> set[bytes]:
        """See `Page`; what has been posted is the worker's from its first word on."""
        kept = [] if self._worker.script_here else self._kept
        return self.buffered() | ids_of(kept)
