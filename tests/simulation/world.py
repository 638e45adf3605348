# SPDX-License-Identifier: MIT OR Apache-2.0
"""One world: a browser with an origin's pages and workers, its storage, a network, a collector.

It is made of a seed, lives through what a driver does to it (`draw` for volume, a hypothesis
machine for small counterexamples), and ends in fair weather with one more page view, after which
the ledger is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from edgetrace._config import Settings
from tests.simulation.clock import S, Timeline
from tests.simulation.core import Core, Deliver
from tests.simulation.edge import EdgePage
from tests.simulation.held import HeldPage
from tests.simulation.ledger import Ledger
from tests.simulation.network import FAIR, Network
from tests.simulation.page import Message, Page, ids_of
from tests.simulation.shared import SharedPage, SharedWorker
from tests.simulation.storage import Record, Storage

RUNGS: dict[str, Callable[[World, int], Page]] = {
    "shared": SharedPage,
    "held": HeldPage,
    "edge": EdgePage,
}
QUIET_NS = 7_200 * S


class Process(Protocol):
    """What can be killed."""

    alive: bool

    def holds(self) -> set[bytes]:
        """The ids in its memory."""


class World:
    """See the module.

    Attributes:
        session: Counts the browser's starts: keepalive requests end with it.
        slice_rows: How many rows a message holds at most.
        keeps_bodies: Whether a shared worker keeps refused bodies, not what it was told.
    """

    def __init__(
        self,
        seed: int,
        rung: str,
        settings: Settings | None = None,
        storage_bytes: int = 1_000_000,
        storage_absent: bool = False,
    ) -> None:
        """Begin without a page."""
        self.chance = Random(seed)
        self.rung = rung
        self.settings = settings or Settings()
        self.timeline = Timeline()
        self.ledger = Ledger()
        self.network = Network(self.timeline, self.ledger, self.chance)
        self.storage = Storage(self.timeline, self.ledger, storage_bytes, storage_absent)
        self.slice_rows = 200
        self.keeps_bodies = False
        self.session = 0
        self.pages: list[Page] = []
        self._worker: SharedWorker | None = None
        self._stand_ins: dict[int, SharedWorker] = {}
        self._lines = 1_000_000
        self._views = 0
        self.timeline.after_each = self.check

    # What a driver does

    def open(self) -> Page:
        """A page view begins."""
        self._views += 1
        page = RUNGS[self.rung](self, self._views)
        self.pages = [one for one in self.pages if one.alive]
        self.pages.append(page)
        return page

    def crash(self, *processes: Process) -> None:
        """Kill processes without a word to them."""
        theirs = [process.worker for process in processes if isinstance(process, HeldPage)]
        dying = [*processes, *theirs]
        held: set[bytes] = set().union(*[process.holds() for process in dying if process.alive])
        for process in dying:
            self._kill(process)
        safe = self.storage.holds().union(*[one.holds() for one in self._processes()])
        self.ledger.excuse(held - safe)
        for page in self.pages:
            if page.alive and isinstance(page, HeldPage) and not page.worker.alive:
                self.timeline.after(S, page.restart)

    def crash_a_worker(self) -> None:
        """Kill the shared worker, or that of some page."""
        workers = [one for one in self._processes() if not isinstance(one, Page)]
        if workers:
            self.crash(self.chance.choice(workers))

    def quit(self, orderly: bool) -> None:
        """The browser ends, with `pagehide` or without; what it carries ends with it."""
        if orderly:
            for page in self.pages:
                page.leave()
        self.crash(*self._processes())
        self.session += 1

    def end(self, process: Process) -> None:
        """A process ends because nobody needs it: an ordinary end, with nothing excused."""
        self._kill(process)

    def finish(self) -> None:
        """Fair weather, one more page view, and the books are closed."""
        self.network.weather, self.network.down_until_ns = FAIR, 0
        self.network.script.clear()
        for page in self.pages:
            page.leave()
        self._calm(60 * S)
        last = self.open()
        last.report(2)
        last.load()
        self._calm(QUIET_NS)
        last.leave()
        self._calm(QUIET_NS)
        self.ledger.close()

    # What pages and workers ask for

    def worker(self) -> SharedWorker:
        """The origin's shared worker; another one if it has died."""
        if self._worker is None or not self._worker.alive:
            self._worker = SharedWorker(self)
        return self._worker

    def stand_in(self, silences: int) -> SharedWorker:
        """The shared worker of pages that heard nothing of so many."""
        worker = self._stand_ins.get(silences)
        if worker is None or not worker.alive:
            worker = self._stand_ins[silences] = SharedWorker(self, stands_in=True)
        return worker

    def is_owned(self, key: str) -> bool:
        """Whether a worker that lives has written the record."""
        return any(worker.owns(key) for worker in self._workers())

    def has_pages(self) -> bool:
        """Whether any page is open."""
        return any(page.alive for page in self.pages)

    def make_core(self, deliver: Deliver) -> Core:
        """A runtime with this world's settings."""
        return Core(self.timeline, self.ledger, self.settings, self.chance.randbytes, deliver)

    def new_line(self) -> int:
        """The number of a page that nobody is."""
        self._lines += 1
        return self._lines

    def put(self, key: str, record: Record) -> None:
        """Store a record, born now."""
        self.storage.put(key, record._replace(born_ns=self.timeline.now_ns))

    def store_tail(self, key: str, messages: list[Message]) -> None:
        """Store what a runtime has to hear again."""
        size = sum(100 + 300 * len(ids) for _, ids in messages)
        self.put(key, Record("tail", list(messages), ids_of(messages), size, important=True))

    def check(self) -> None:
        """What holds after every step."""
        for process in self._processes():
            inner: Any = process
            if not isinstance(process, Page):
                inner.check()

    def _calm(self, longest_ns: int) -> None:
        self.timeline.run(self.timeline.now_ns + longest_ns)

    def _kill(self, process: Process) -> None:
        if isinstance(process, SharedWorker) or not isinstance(process, Page):
            process.die()  # type: ignore[attr-defined]
        process.alive = False

    def _processes(self) -> list[Process]:
        found: list[Process] = [page for page in self.pages if page.alive]
        found += [page.worker for page in self.pages if isinstance(page, HeldPage) and page.alive]
        found += self._workers()
        return [process for process in found if process.alive]

    def _workers(self) -> list[SharedWorker]:
        return [*([self._worker] if self._worker else []), *self._stand_ins.values()]
