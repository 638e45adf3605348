# SPDX-License-Identifier: MIT OR Apache-2.0
"""`edge`: a Python entry file on the standalone host, in a real workerd.

Uploads are made once per entry file under .cache/edge; a workerd is started per call and ends with
the session, or with `stop()`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from tasks import standalone, workerd
from tasks.paths import CACHE

APPS = Path(__file__).parent / "apps"


class Edge(Protocol):
    """Starts an entry file; options as `workerd.serve` has them."""

    def __call__(
        self,
        entry: Path | str,
        *,
        packages: Sequence[Path] = (),
        at_start: bool = False,
        **options: Any,
    ) -> workerd.Server: ...


def upload(entry: Path | str, packages: Sequence[Path] = (), *, at_start: bool = False) -> Path:
    """The upload of an entry file, up to date; a bare name is one of tests/worker/apps."""
    path = APPS / f"{entry}.py" if isinstance(entry, str) else entry
    key = hashlib.sha256("\n".join(map(str, [path, *packages, at_start])).encode()).hexdigest()[:8]
    return standalone.ensure(
        path, packages, CACHE / "edge" / f"{path.stem}-{key}", at_start=at_start
    )


@pytest.fixture(scope="session")
def edge() -> Iterator[Edge]:
    """Starts workerds; all of them end with the session."""
    servers: list[workerd.Server] = []

    def start(
        entry: Path | str,
        *,
        packages: Sequence[Path] = (),
        at_start: bool = False,
        **options: Any,
    ) -> workerd.Server:
        server = workerd.serve(upload(entry, packages, at_start=at_start), **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()
