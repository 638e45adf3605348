# SPDX-License-Identifier: MIT OR Apache-2.0
"""Trials side by side: each process has a browser, a collector and two origins of its own.

A trial mostly waits, for preflights and for silence, so there may be more processes than cores. One
whose browser fails is done once more, in a new one.
"""

from __future__ import annotations

import multiprocessing
import queue
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from playwright.sync_api import Error

from tasks.console import note
from tasks.ladder_cells import ENDS, RUNGS
from tasks.ladder_trial import Outcome, trials

PATIENCE_S: Final = 180.0
"""Longer than any trial: who says nothing for so long has died."""


_RUNGS: Final = {rung.name: rung for rung in RUNGS}
_ENDS: Final = {end.name: end for end in ENDS}


class Cell(NamedTuple):
    """Of the table, by the names of its row and its column."""

    rung: str
    end: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.rung}, {self.end}"


def outcomes(cells: Sequence[Cell], jobs: int, limit_s: float) -> Iterator[tuple[Cell, Outcome]]:
    """Do one trial of each of `cells`, which may repeat, as they end.

    Args:
        cells: In the order in which they begin.
        jobs: How many at a time.
        limit_s: After which no trial begins.

    Raises:
        RuntimeError: A trial failed twice, or a process did.
    """
    if not cells:
        return
    context = multiprocessing.get_context("spawn")
    todo, done = context.Queue(), context.Queue()
    for item in (*cells, *(None for _ in range(jobs))):
        todo.put(item)
    until = time.time() + limit_s
    workers = [context.Process(target=_work, args=(todo, done, until)) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    try:
        working = jobs
        while working:
            cell, outcome = done.get(timeout=PATIENCE_S)
            if isinstance(outcome, str):
                raise RuntimeError(f"{cell}: {outcome}")
            if outcome:
                yield cell, outcome
            else:
                working -= 1
    except queue.Empty:
        raise RuntimeError("no trial has ended for a long time") from None
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _work(todo: Any, done: Any, until: float) -> None:
    parent = multiprocessing.parent_process()
    cell = again = None
    try:
        while parent and parent.is_alive():
            try:
                with trials() as run:
                    while time.time() < until and (cell := again or todo.get()):
                        done.put((cell, run.run(_RUNGS[cell.rung], _ENDS[cell.end])))
                        again = None
                break
            except Error as failure:
                if again:
                    raise
                again = cell
                said = str(failure).partition("\n")[0]
                note(f"{cell}, once more: {said}")
        done.put((None, None))
    except Exception as error:  # whatever it is, the parent ends with it
        done.put((cell, f"{type(error).__name__}: {error}"))
