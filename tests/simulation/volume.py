# SPDX-License-Identifier: MIT OR Apache-2.0
"""Many worlds on all cores: seeds in, totals and the seeds that broke a promise out."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.simulation.draw import PAGES, Outcome, simulate

CHUNK = 25
"""Worlds that a process does at once."""


class Failure(NamedTuple):
    """A seed and what was wrong."""

    seed: int
    message: str


class Total(NamedTuple):
    """What many worlds came to."""

    outcome: Outcome
    failures: list[Failure]


def run(first_seed: int, worlds: int, tell: Callable[[int], object] = lambda done: None) -> Total:
    """Live through the worlds of `first_seed` and the seeds behind it.

    Args:
        first_seed: Any.
        worlds: How many, of `PAGES` page views each.
        tell: Called with how many are done.
    """
    seeds = range(first_seed, first_seed + worlds)
    chunks = [seeds[at : at + CHUNK] for at in range(0, worlds, CHUNK)]
    sums = [0] * len(Outcome._fields)
    failures: list[Failure] = []
    done = 0
    for outcome, failed, count in _map(chunks):
        sums = list(map(sum, zip(sums, outcome, strict=True)))
        failures += failed
        done += count
        tell(done)
    return Total(Outcome(*sums), sorted(failures))


def _map(chunks: list[range]) -> Iterator[tuple[Outcome, list[Failure], int]]:
    if len(chunks) < 2:
        yield from map(_chunk, chunks)
        return
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        yield from pool.imap_unordered(_chunk, chunks)


def _chunk(seeds: range) -> tuple[Outcome, list[Failure], int]:
    sums = [0] * len(Outcome._fields)
    failures = []
    for seed in seeds:
        try:
            sums = list(map(sum, zip(sums, simulate(seed), strict=True)))
        except Exception as exc:  # the core's own, too: a seed that raises is one that fails
            failures.append(Failure(seed, f"{type(exc).__name__}: {exc}"))
    return Outcome(*sums), failures, len(seeds)


def replay(seed: int) -> str:
    """The command that shows a seed's world again."""
    return f"python3 build.py verify simulate --seed {seed} --pages {PAGES}"
