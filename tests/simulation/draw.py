# SPDX-License-Identifier: MIT OR Apache-2.0
"""A whole life of a world, drawn from one seed: for volume.

simulate(seed) -> Outcome        the same seed, the same life, step by step
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from edgetrace._config import Settings
from tests.simulation.clock import MS, S
from tests.simulation.ledger import Violation
from tests.simulation.network import FAIR, Weather
from tests.simulation.page import Page
from tests.simulation.world import RUNGS, World

PAGES = 20
"""Page views of one world, its last one included."""
FOUL_NS = 90 * S


class Outcome(NamedTuple):
    """What one life came to.

    Attributes:
        pages: Page views.
        reported: Entries that their browser reported.
        arrived: Of them.
        lost: Counted lost, and not arrived.
        excused: In the memory of what was killed, and not arrived.
        duplicates: Spans that came again.
        requests: How many were sent.
        steps: Of the timeline.
    """

    pages: int = 0
    reported: int = 0
    arrived: int = 0
    lost: int = 0
    excused: int = 0
    duplicates: int = 0
    requests: int = 0
    steps: int = 0


def simulate(seed: int, pages: int = PAGES) -> Outcome:
    """Live through the world of a seed.

    Args:
        seed: Any; decides everything.
        pages: Page views, 2 or more.

    Raises:
        Violation: A promise was broken. Its message has the command that shows it again.
    """
    world = make(seed)
    try:
        _live(world, pages)
        world.finish()
    except AssertionError as exc:
        told = "\n".join(world.ledger.notes)
        raise Violation(f"seed {seed} ({world.rung}): {exc}\n{told}") from exc
    ledger = world.ledger
    arrived = ledger.reported & ledger.arrived.keys()
    missing = ledger.reported - arrived
    return Outcome(
        pages,
        len(ledger.reported),
        len(arrived),
        len(missing & ledger.lost.keys()),
        len(missing & ledger.excused),
        ledger.duplicates,
        world.network.requests,
        world.timeline.steps,
    )


def make(seed: int) -> World:
    """A world of that seed, with its weather, before anybody has opened a page."""
    chance = Random(seed)
    rung = chance.choice(list(RUNGS))
    small = chance.random() < 0.2
    settings = Settings.from_options(
        compression=chance.choice(("gzip", "none")),
        max_queue_size=chance.choice((8, 24)) if small else 2_048,
        max_export_batch_size=chance.choice((4, 8)) if small else chance.choice((8, 64, 512)),
        max_request_bytes=chance.choice((2_048, 16_384, 61_440)),
    )
    storage_bytes = chance.choice((2_000, 20_000)) if chance.random() < 0.1 else 1_000_000
    absent = chance.random() < 0.05
    world = World(seed, rung, settings, storage_bytes, absent)
    world.slice_rows = chance.choice((3, 200))
    world.keeps_bodies = chance.random() < 0.3
    if chance.random() < 0.85:
        world.network.weather = _weather(chance)
    return world


def _weather(chance: Random) -> Weather:
    """Some faults, seldom all of them."""
    shares = [chance.random() ** 2 * 0.5 if chance.random() < 0.4 else 0.0 for _ in range(7)]
    lost, reset, unanswered, throttled, refused, partial, slow = shares
    return FAIR._replace(
        lost=lost,
        reset=reset,
        unanswered=unanswered,
        throttled=throttled,
        refused=refused * 0.2,
        partial=partial * 0.4,
        slow=slow,
        max_body_bytes=chance.choice((600, 1_500, 4_000)) if chance.random() < 0.2 else 0,
    )


def _live(world: World, pages: int) -> None:
    """Page views come and go, and what can break breaks."""
    chance, timeline = world.chance, world.timeline
    for _ in range(pages - 1):
        timeline.after(int(chance.random() * FOUL_NS), _visit, world)
    for _ in range(chance.randint(0, 2)):
        timeline.after(int(chance.random() * FOUL_NS), _outage, world)
    for _ in range(chance.choice((0, 0, 1, 2))):
        timeline.after(int(chance.random() * FOUL_NS), _break, world)
    timeline.run(FOUL_NS)


def _visit(world: World) -> None:
    """One page view: rows, a load or not, more rows, hidden or not, left or killed."""
    chance, timeline = world.chance, world.timeline
    page = world.open()
    load_ns = int(chance.random() * 3 * S)
    life_ns = int(chance.random() ** 2 * 20 * S)
    timeline.after(load_ns, page.load)
    for _ in range(chance.randint(0, 3)):
        timeline.after(int(chance.random() * (load_ns + S)), page.report, chance.randint(1, 4))
    if chance.random() < 0.3:
        timeline.after(load_ns + int(chance.random() * 10 * S), page.report, chance.randint(1, 12))
    if chance.random() < 0.3:
        timeline.after(int(chance.random() * 10 * S), page.hide)
    timeline.after(life_ns, _end, world, page, chance.random() < 0.05)


def _end(world: World, page: Page, killed: bool) -> None:
    if page.alive and killed:
        world.ledger.note(f"page {page.view.number} is killed")
        world.crash(page)
    else:
        world.ledger.note(f"{world.timeline.now_ns / S:.3f} page {page.view.number} is left")
        page.leave()


def _outage(world: World) -> None:
    long = world.chance.random() < 0.2
    world.network.down_until_ns = world.timeline.now_ns + int(
        world.chance.random() * (120 if long else 20) * S + MS
    )


def _break(world: World) -> None:
    kind = world.chance.choice(("worker", "worker", "browser", "quit"))
    world.ledger.note(f"{world.timeline.now_ns / S:.3f} {kind} ends")
    if kind == "worker":
        world.crash_a_worker()
    else:
        world.quit(orderly=kind == "quit")
