# SPDX-License-Identifier: MIT OR Apache-2.0
"""What all pages do, whatever rung of the ladder carries their data: collect, hand over, leave.

    browser reports -> buffer -> hand_over at the load, each second, at hide -> the rung's own way

Models browser/src/collect.ts and lifecycle.ts. A rung says where `post` goes and what `hide` keeps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from edgetrace._entries import TimingEntry
from tests.simulation.clock import S
from tests.simulation.view import View

if TYPE_CHECKING:
    from tests.simulation.world import World

Message = tuple[dict[str, Any], frozenset[bytes]]
"""What is said to a runtime, and the ids of the spans that it makes."""
EMPTY: frozenset[bytes] = frozenset()


class Page:
    """One page view's page.

    Attributes:
        alive: Whether its process is, and it has not been left.
        view: What the browser reports.
    """

    def __init__(self, world: World, number: int) -> None:
        """Open it."""
        self.world = world
        self.view = View(number, world.timeline.now_ns, world.ledger, world.chance)
        self.alive = True
        self.loaded = False
        self.greeted = False
        self._buffer: list[tuple[TimingEntry, bytes]] = []

    # What happens to it

    def report(self, rows: int) -> None:
        """The browser reports resources."""
        if self.alive:
            now = self.world.timeline.now_ns
            if not self._buffer:
                self.world.timeline.after(S, self.hand_over_if_alive)
            self._buffer += [self.view.row(now) for _ in range(rows)]

    def load(self) -> None:
        """The load has ended."""
        if self.alive and not self.loaded:
            self.loaded = True
            self.view.loaded(self.world.timeline.now_ns)
            self.hand_over()

    def hide(self) -> None:
        """It is hidden: everything is handed over, and what may be lost is kept."""
        if self.alive:
            self.hand_over()
            self.keep()

    def leave(self) -> None:
        """It goes in order: `pagehide` runs, then its process may end."""
        if not self.alive:
            return
        self.view.left()
        self.greet()
        if not self.loaded:
            self.loaded = True
            self.post((self.view.entries([self.view.navigation]), EMPTY))
        self.hand_over()
        self.post(({"kind": "leave"}, self.view.documents))
        self.keep()
        self.alive = False
        self.left()

    def hand_over_if_alive(self) -> None:
        """A second after the first of some entries."""
        if self.alive:
            self.hand_over()

    # How it hands over

    def greet(self) -> None:
        """Say hello, once."""
        if not self.greeted:
            self.greeted = True
            self.post((self.view.hello(), EMPTY))

    def hand_over(self) -> None:
        """Say all that the browser has reported; before the load nothing is said."""
        if not self.loaded:
            return
        if not self.greeted:
            self.greet()
            self.post((self.view.entries([self.view.navigation]), self.view.documents))
        rows, self._buffer = self._buffer, []
        for at in range(0, len(rows), self.world.slice_rows):
            some = rows[at : at + self.world.slice_rows]
            ids = frozenset([span_id for _, span_id in some])
            self.post((self.view.entries([row for row, _ in some]), ids))

    def buffered(self) -> set[bytes]:
        """The ids of what it has not handed over."""
        waiting = {span_id for _, span_id in self._buffer}
        if self.loaded and not self.greeted:
            waiting |= self.view.documents
        return waiting

    # A rung's own

    def post(self, message: Message) -> None:
        """Hand a message to the runtime."""
        raise NotImplementedError

    def keep(self) -> None:
        """Put what is not known delivered where it outlives the page."""

    def left(self) -> None:
        """The page is gone."""

    def holds(self) -> set[bytes]:
        """The ids of all that its memory holds."""
        return self.buffered()


def ids_of(messages: Iterable[Message]) -> frozenset[bytes]:
    """The ids that messages speak of."""
    return frozenset().union(*[ids for _, ids in messages])
