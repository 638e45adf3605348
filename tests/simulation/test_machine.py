# SPDX-License-Identifier: MIT OR Apache-2.0
"""A world in the hands of hypothesis, which looks for a short life that breaks a promise.

`draw` has the volume; here the steps are few and shrink. At the end of each life the weather is
fair, a last page view comes, and the ledger is closed.
"""

from __future__ import annotations

from hypothesis import settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from edgetrace._config import Settings
from tests.simulation.clock import MS, S
from tests.simulation.network import Fate
from tests.simulation.page import Page
from tests.simulation.world import RUNGS, World

fates = st.builds(
    Fate,
    status=st.sampled_from([200, 0, 503, 429, 504, 413, 400, 204]),
    stores=st.booleans(),
    refuses=st.sampled_from([0, 0, 1]),
    there_ns=st.sampled_from([20 * MS, 0, 4 * S, 11 * S]),
    back_ns=st.sampled_from([20 * MS, 0, None, 3 * S]),
    retry_after=st.sampled_from(["", "0", "3", "soon"]),
)


def possible(fate: Fate) -> Fate:
    """A collector that answers 2xx has stored, one that refuses has not."""
    if fate.status in (200, 204):
        return fate._replace(stores=True)
    return fate if fate.status in (0, 504) else fate._replace(stores=False)


class WorldMachine(RuleBasedStateMachine):
    """Pages, processes, requests and time, in any order."""

    pages = Bundle("pages")

    @initialize(
        rung=st.sampled_from(sorted(RUNGS)),
        seed=st.integers(0, 1_000),
        batch=st.sampled_from([512, 2]),
        queue=st.sampled_from([2_048, 6]),
        storage_bytes=st.sampled_from([1_000_000, 1_500]),
        absent=st.booleans(),
    )
    def begin(
        self, rung: str, seed: int, batch: int, queue: int, storage_bytes: int, absent: bool
    ) -> None:
        """Draw a world."""
        chosen = Settings.from_options(
            max_queue_size=queue, max_export_batch_size=min(batch, queue)
        )
        self.world = World(seed, rung, chosen, storage_bytes, absent)

    @rule(target=pages)
    def open(self) -> Page:
        """A page view begins."""
        return self.world.open()

    @rule(page=pages, rows=st.integers(1, 5))
    def report(self, page: Page, rows: int) -> None:
        """The browser reports resources."""
        page.report(rows)

    @rule(page=pages)
    def load(self, page: Page) -> None:
        """A load ends."""
        page.load()

    @rule(page=pages)
    def hide(self, page: Page) -> None:
        """A page is hidden."""
        page.hide()

    @rule(page=pages)
    def leave(self, page: Page) -> None:
        """A page is left."""
        page.leave()

    @rule(page=pages)
    def crash(self, page: Page) -> None:
        """A page's process is killed."""
        if page.alive:
            self.world.crash(page)

    @rule()
    def crash_a_worker(self) -> None:
        """A worker's process is killed."""
        self.world.crash_a_worker()

    @rule(orderly=st.booleans())
    def quit(self, orderly: bool) -> None:
        """The browser ends."""
        self.world.quit(orderly)

    @rule(fates=st.lists(fates.map(possible), min_size=1, max_size=6))
    def foresee(self, fates: list[Fate]) -> None:
        """What becomes of the next requests."""
        self.world.network.script.extend(fates)

    @rule(step_ns=st.sampled_from([1, MS, 50 * MS, S, 5 * S, 60 * S, 25 * 3_600 * S]))
    def wait(self, step_ns: int) -> None:
        """Time passes."""
        timeline = self.world.timeline
        timeline.run(timeline.now_ns + step_ns)

    @rule(steps=st.integers(1, 30))
    def step(self, steps: int) -> None:
        """A few things happen, and then something else comes between."""
        for _ in range(steps):
            if not self.world.timeline.step():
                break

    def teardown(self) -> None:
        """The promise is held."""
        if hasattr(self, "world"):
            self.world.finish()


TestWorld = WorldMachine.TestCase
TestWorld.settings = settings(stateful_step_count=30)
