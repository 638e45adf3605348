# SPDX-License-Identifier: MIT OR Apache-2.0
"""What outlives a browser's processes: records with a size, a birthday and the ids they cover.

Bounded in bytes and in age; what does not fit or is too old is counted. A record stays until all
that it covers is settled, so whoever reads it may die with it. Models localStorage and IndexedDB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.simulation.clock import S, Timeline
from tests.simulation.ledger import Ledger

MAX_AGE_NS = 24 * 3600 * S


class Record(NamedTuple):
    """One record.

    Attributes:
        kind: "body", a framed request, or "tail", what a runtime has to hear again.
        content: Plain data.
        ids: Of the spans that it covers.
        size: In bytes.
        born_ns: When it was written first.
        important: Whether it is lost last.
    """

    kind: str
    content: Any
    ids: frozenset[bytes]
    size: int
    born_ns: int = 0
    important: bool = False


class Storage:
    """An origin's storage.

    Attributes:
        absent: Whether every write fails, as in a private window or a sandbox.
    """

    def __init__(
        self, timeline: Timeline, ledger: Ledger, max_bytes: int, absent: bool = False
    ) -> None:
        """Begin empty."""
        self._timeline, self._ledger = timeline, ledger
        self._max_bytes, self.absent = max_bytes, absent
        self._records: dict[str, Record] = {}

    def put(self, key: str, record: Record) -> bool:
        """Write or replace; where there is no room the oldest of those that are not
        important go, then the oldest. False if it is lost."""
        if self.absent or record.size > self._max_bytes:
            self._ledger.lose(record.ids, "no storage")
            return False
        known = self._records.pop(key, None)
        if known is not None:
            record = record._replace(born_ns=known.born_ns)
        while self._records and self._size() + record.size > self._max_bytes:
            first = min(self._records, key=self._rank)
            self._ledger.lose(self._records.pop(first).ids, "storage full")
        self._records[key] = record
        return True

    def read(self) -> Iterator[tuple[str, Record]]:
        """All records; those that are too old are counted and go."""
        for key, record in list(self._records.items()):
            if self._timeline.now_ns - record.born_ns > MAX_AGE_NS:
                self._ledger.lose(record.ids, "too old")
                del self._records[key]
            else:
                yield key, record

    def delete(self, key: str, read: frozenset[bytes] | None = None) -> None:
        """Forget a record; it need not be there.

        Args:
            key: Its name.
            read: The ids that it covered when it was read; what has more by now stays.
        """
        if read is None or key not in self._records or self._records[key].ids <= read:
            self._records.pop(key, None)

    def holds(self) -> set[bytes]:
        """The ids of all that is in it."""
        return set().union(*[record.ids for record in self._records.values()])

    def _rank(self, key: str) -> tuple[bool, int]:
        record = self._records[key]
        return record.important, record.born_ns

    def _size(self) -> int:
        return sum(record.size for record in self._records.values())
