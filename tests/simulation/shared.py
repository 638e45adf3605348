# SPDX-License-Identifier: MIT OR Apache-2.0
"""The first rung: a SharedWorker with `extendedLifetime`, one for all tabs of the origin.

    page --message--> [port] --> host: waits until Python runs --> core --> fetch
     keeps it until it is              keeps in IndexedDB what it was told, until it is
     <------ taken: delivered -------  delivered (or, `keeps_bodies`, what was refused)

What is posted is the worker's. A batch is owed a word; until it comes a page that is left stores
what it keeps, and after 10 s without one it tells it to a worker that stands in. Models
browser/src/connect.ts, host.ts and what is around them; docs/delivery.md. Not in it: after two
silences a page goes down the ladder, to `held`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgetrace._types import ExportRequest
from tests.simulation.clock import MS, S
from tests.simulation.core import Core, Hear
from tests.simulation.diary import Diary
from tests.simulation.ledger import spans_of
from tests.simulation.network import Answer, Flight
from tests.simulation.page import EMPTY, Message, Page, ids_of
from tests.simulation.recovery import Recovery

if TYPE_CHECKING:
    from tests.simulation.world import World


WORD_NS = 50 * MS
SILENCE_NS = 10 * S


class SharedWorker:
    """The worker with its host, before and after Python has started.

    Attributes:
        script_here: Whether it hears: until then it dies with its pages.
    """

    def __init__(self, world: World, *, stands_in: bool = False) -> None:
        """Start: the script arrives, then Python boots.

        Args:
            world: Its own.
            stands_in: For one that fell silent: it claims nothing, for pages tell it all.
        """
        self.world = world
        self.alive = True
        self.script_here = False
        self._stands_in = stands_in
        self._heard: dict[SharedPage, int] = {}
        self._diary = Diary(world)
        self._core: Core | None = None
        self._recovery: Recovery | None = None
        self._waiting: list[tuple[int, Message]] = []
        self._on_the_line: list[tuple[SharedPage, Message]] = []
        script_ns = int(world.chance.random() * 300 * MS)
        world.timeline.after(script_ns, self._script)
        world.timeline.after(script_ns + int(world.chance.random() * 2_500 * MS), self._boot)

    def connect(self, page: SharedPage) -> None:
        """A page comes."""
        self._heard[page] = 0
        self._claim()

    def post(self, page: SharedPage, message: Message) -> None:
        """A port's `postMessage`; what was posted first arrives first."""
        self._on_the_line.append((page, message))
        self.world.timeline.after(MS, self._hear)

    def owns(self, key: str) -> bool:
        """Whether a record is its own."""
        return self.alive and self._diary.owns(key)

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
        for page in self._heard:
            self._word(page)

    def _word(self, page: SharedPage) -> None:
        if self.alive:
            page.heard(self)

    def _hear(self) -> None:
        if not self.alive:
            return
        page, message = self._on_the_line.pop(0)
        self._heard[page] += 1
        line = page.view.number
        if self.script_here and message[0]["kind"] != "leave":
            self.world.timeline.after(WORD_NS, self._word, page)
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
        core.settled_hooks += [self._diary.settled, lambda _ids: self._settle(core)]
        for line, message in self._waiting:
            self._tell(core, line, message)
        self._waiting.clear()
        self._claim()

    def _claim(self) -> None:
        if self._recovery and not self._stands_in:
            self._recovery.claim()

    def _settle(self, core: Core) -> None:
        """Tell all pages how far their words are delivered, once all is."""
        counters = core.exporter.counters()
        if counters["queued"] or counters["in_flight"]:
            return
        for page, count in self._heard.items():
            progress = core.progress(page.view.number)
            if progress:
                self.world.timeline.after(WORD_NS, page.taken, self, count, *progress)

    def _tell(self, core: Core, line: int, message: Message) -> None:
        core.tell(line, *message)
        if message[0]["kind"] == "leave":
            core.flush()
        core.pump()
        self._settle(core)

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
    """A page that posts all it has to the origin's worker, and keeps it until it is delivered."""

    def __init__(self, world: World, number: int) -> None:
        """Open it, and start the worker if none runs."""
        super().__init__(world, number)
        self._kept: list[Message] = []
        self._before: list[Message] = []
        self._delivered = self._words = self._silences = 0
        self._worker = world.worker()
        self._use(self._worker)

    def post(self, message: Message) -> None:
        """See `Page`."""
        self._kept.append(message)
        self._worker.post(self, message)

    def load(self) -> None:
        """See `Page`; the first batch."""
        super().load()
        self._expect()

    def hand_over_if_alive(self) -> None:
        """See `Page`; another batch."""
        super().hand_over_if_alive()
        self._expect()

    def heard(self, worker: SharedWorker) -> None:
        """A word of the worker: what it owed."""
        if worker is self._worker:
            self._words += 1
            self._safe = True

    def taken(self, worker: SharedWorker, count: int, first: int, documents: bool) -> None:
        """The first `count` messages of this line are delivered.

        None is let go of before the documents are: a load that was left ends with the last row.
        """
        if worker is not self._worker or not worker.alive or not documents:
            return
        self.heard(worker)
        del self._kept[: count - self._delivered]
        self._delivered = count
        hello = {**self.view.hello(), "first": first, "documents": documents}
        self._before = [(hello, EMPTY), (self.view.entries([self.view.navigation]), EMPTY)]

    def _expect(self) -> None:
        if self.alive:
            self._safe = False
            self.world.timeline.after(SILENCE_NS, self._look, self._worker, self._words)

    def _look(self, worker: SharedWorker, words: int) -> None:
        if self.alive and worker is self._worker and words == self._words:
            self._silences += 1
            self._use(self.world.stand_in(self._silences))
            self._expect()

    def _use(self, worker: SharedWorker) -> None:
        self._worker = worker
        self._safe = False
        worker.connect(self)
        again = [*self._before, *self._kept]
        self._kept, self._before, self._delivered = [], [], 0
        for message in again:
            self.post(message)

    def keep(self) -> None:
        """See `Page`: a worker that owes a word may be no more, or die with its page."""
        if not self._safe and self._kept:
            self.world.store_tail(f"tail {self.view.number}", [*self._before, *self._kept])

    def left(self) -> None:
        """See `Page`; what was said to a worker that had died after its last word is lost."""
        if not self._worker.script_here and not self.world.has_pages():
            self.world.end(self._worker)
        elif not self._worker.alive:
            self.world.ledger.excuse(ids_of(self._kept) - self.world.storage.holds())

    def holds(self) -> set[bytes]:
        """See `Page`."""
        return self.buffered() | ids_of(self._kept)
