# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a worker was told, on disk until it is delivered: the next worker is told it again.

A view's record begins with who it is and how far it was delivered; messages leave it in the order
in which they came. Models browser/src/keeper.ts and ledger.ts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.simulation.clock import MS
from tests.simulation.page import EMPTY, Message, ids_of

if TYPE_CHECKING:
    from tests.simulation.world import World


class _Told:
    """One view: who it is, what is delivered of it, and what is not."""

    def __init__(self, hello: Message) -> None:
        self.hello = hello[0]
        self.first = int(self.hello.get("first", 0))
        self.documents = bool(self.hello.get("documents", False))
        self.navigation: Message | None = None
        self.messages: list[Message] = []

    def hear(self, message: Message) -> None:
        """Take note."""
        if message[0]["kind"] == "entries" and self.navigation is None:
            self.navigation = message  # a view says it first
        self.messages.append(message)

    def settle(self, settled: set[bytes]) -> None:
        """Let go of the oldest messages as far as all of them is settled.

        Not while the documents are not, or have yet to be told: a load that was left ends with the
        last row known.
        """
        owed = ids_of(m for m in self.messages if m is self.navigation or m[0]["kind"] == "leave")
        if not (owed or self.documents) or not owed <= settled:
            return
        while self.messages and self.messages[0][1] <= settled:
            message = self.messages.pop(0)
            if message is self.navigation or message[0]["kind"] == "leave":
                self.documents |= bool(message[1])
            else:
                self.first += len(message[1])

    def record(self) -> list[Message]:
        """What another worker has to be told; empty if nothing."""
        if not ids_of(self.messages):
            return []
        hello = {**self.hello, "first": self.first, "documents": self.documents}
        known = [self.navigation] if self.navigation else []
        rest = [message for message in self.messages if message is not self.navigation]
        return [(hello, EMPTY), *known, *rest]


class Diary:
    """What one worker was told, by line."""

    def __init__(self, world: World) -> None:
        """Begin empty."""
        self._world = world
        self._prefix = f"diary {world.new_line()} "
        self._told: dict[int, _Told] = {}
        self._settled: set[bytes] = set()
        self.alive = True

    def owns(self, key: str) -> bool:
        """Whether a record is of this one."""
        return key.startswith(self._prefix)

    def hear(self, line: int, message: Message) -> None:
        """The worker was told something; it is on disk a little later."""
        if message[0]["kind"] == "hello":
            self._told[line] = _Told(message)
        elif line in self._told:
            self._told[line].hear(message)
            self._world.timeline.after(5 * MS, self._write, line)

    def settled(self, ids: Iterable[bytes]) -> None:
        """These are delivered, or counted lost."""
        self._settled.update(ids)
        for line in self._told:
            self._write(line)

    def _write(self, line: int) -> None:
        if not self.alive:
            return
        told, key = self._told[line], f"{self._prefix}{line}"
        told.settle(self._settled)
        record = told.record()
        if record:
            self._world.store_tail(key, record)
        else:
            self._world.storage.delete(key)
