# SPDX-License-Identifier: MIT OR Apache-2.0
"""A runtime and the storage: what earlier pages left is claimed, what cannot be delivered is kept.

A record goes when all that it covers is settled, never before: the runtime that has claimed it may
die as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING

from tests.simulation.core import Core
from tests.simulation.page import Message
from tests.simulation.storage import Record

if TYPE_CHECKING:
    from tests.simulation.world import World


class Recovery:
    """What one runtime has to do with the storage."""

    def __init__(self, world: World, core: Core) -> None:
        """Listen to what the core settles."""
        self._world, self._core = world, core
        self._claims: dict[str, set[bytes]] = {}
        self._read: dict[str, frozenset[bytes]] = {}
        core.settled_hooks.append(self._settled)

    def claim(self) -> None:
        """Take over all records that are nobody's."""
        for key, record in self._world.storage.read():
            if key in self._claims or self._world.is_owned(key):
                continue
            self._claims[key], self._read[key] = set(record.ids), record.ids
            if record.kind == "body":
                self._core.adopt(record)
            else:
                self._retell(record.content)
        self._core.pump()

    def keep_undelivered(self) -> None:
        """Write all requests that are not known delivered."""
        for one, ids in self._core.undelivered():
            key = body_key(one.body)
            if key not in self._claims:
                self._claims[key], self._read[key] = set(ids), ids
                content = (one.body, one.headers, one.spans)
                record = Record("body", content, ids, len(one.body), important=one.important)
                self._world.put(key, record)

    def _retell(self, messages: list[Message]) -> None:
        line = self._world.new_line()
        for message in messages:
            self._core.tell(line, *message)
        self._core.tell(line, {"kind": "leave"}, ())

    def _settled(self, ids: Iterable[bytes]) -> None:
        for key, left in list(self._claims.items()):
            left.difference_update(ids)
            if not left:
                del self._claims[key]
                self._world.storage.delete(key, self._read[key])


def body_key(body: bytes) -> str:
    """The same name for the same bytes, so that what is stored twice is one record."""
    return f"body {blake2b(body, digest_size=12).hexdigest()}"
