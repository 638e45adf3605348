# SPDX-License-Identifier: MIT OR Apache-2.0
"""How a part of the environment is made once and known to be right afterwards.

A part is finished behind a stamp that holds the digest of its inputs, so a ready machine costs a
few file reads, and a part that was cut off has no stamp and is made again. Knows no part.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tasks.console import BuildError, say
from tasks.paths import CACHE

STAMP: Final = ".edgetrace-stamp"

# What pip, npm and apt-get print when nothing can be reached (pip 23-26, npm 10-11, apt 2.6).
NO_NETWORK: Final = re.compile(
    "|".join(
        (
            "Failed to establish a new connection",
            "NameResolutionError",
            "Name or service not known",
            "Network is unreachable",
            "Temporary failure (?:in name resolution|resolving)",
            "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH",
            "Could not connect to",
            "ConnectTimeoutError",
        )
    )
)


def digest(*parts: str | Path) -> str:
    """SHA-256 over texts and files; a missing file counts as empty."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            data = part.read_bytes() if part.exists() else b""
        else:
            data = part.encode()
        total.update(b"%d:" % len(data))
        total.update(data)
    return total.hexdigest()


def stamped(folder: Path, expected: str) -> bool:
    """Whether ``folder`` was finished from the inputs with this digest."""
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text().strip() == expected


def put_stamp(folder: Path, value: str) -> None:
    """Say that ``folder`` is finished."""
    (folder / STAMP).write_text(value + "\n")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold this tree's set-up lock, so that two build.py at once do not install over each other."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock; two set-ups at once are the reader's affair there
        yield
        return
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "setup.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  waiting for another build.py that is setting up this folder")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def fetching(source: str, work: Callable[[], object]) -> None:
    """Run an installing step.

    Args:
        source: What it fetches from, for people.
        work: The step; it changes nothing that lasts unless it succeeds.

    Raises:
        BuildError: It failed; for want of network in one line.
    """
    try:
        work()
    except BuildError as exc:
        if NO_NETWORK.search(str(exc)):
            raise BuildError(
                f"no network: {source} cannot be reached. Nothing half-done was left; connect "
                "(or configure your mirror of it) and run the same command again."
            ) from exc
        raise
