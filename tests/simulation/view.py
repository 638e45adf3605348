# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the browser reports of one page view, and the messages that a page makes of it.

The content of each entry is its id's own, so a span with another's id shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from random import Random
from struct import Struct
from typing import Any

from edgetrace._columns import PackedEntries
from edgetrace._entries import NUMBERS, Kind, TimingEntry
from edgetrace._view_ids import derived_id
from tests.simulation.clock import MS, START_UNIX_NANO
from tests.simulation.ledger import Ledger

ROOT = "documentLoad"
FETCH = "documentFetch"


class View:
    """One page view as its page knows it.

    Attributes:
        number: Names its URLs.
        seed: Its documentLoad's id, from which all others are derived.
        count: How many rows it has reported.
        navigation: The latest word on the navigation.
    """

    def __init__(self, number: int, start_ns: int, ledger: Ledger, chance: Random) -> None:
        """Draw the seeds; the browser has reported nothing."""
        self.number, self._ledger, self._chance = number, ledger, chance
        self.trace_id = chance.randbytes(16)
        self.seed = chance.randbytes(8)
        self.origin_ms = float((START_UNIX_NANO + start_ns) // MS)
        self._start_ns = start_ns
        self.count = 0
        self.documents = frozenset((self.seed, derived_id(self.seed, 0)))
        self.navigation = TimingEntry(kind=float(Kind.NAVIGATION), name=self.url, fetch_start=1.0)
        ledger.announce(self.seed, ROOT)
        ledger.announce(derived_id(self.seed, 0), FETCH)

    @property
    def url(self) -> str:
        """The page's."""
        return f"https://shop.example/{self.number}"

    def row(self, now_ns: int) -> tuple[TimingEntry, bytes]:
        """The browser reports a resource: its entry, and the id that its span must have."""
        self.count += 1
        name = f"{self.url}/{self.count}.js"
        end = max((now_ns - self._start_ns) // MS, 2.0)
        start = max(end - self._chance.random() * 300, 1.0)
        status = 500.0 if self._chance.random() < 0.1 else 200.0
        span_id = derived_id(self.seed, self.count)
        self._ledger.announce(span_id, name)
        self._ledger.report((span_id,))
        entry = TimingEntry(
            start_time=start,
            fetch_start=start,
            response_end=end,
            name=name,
            initiator_type="script",
            response_status=status,
            transfer_size=float(self._chance.randint(0, 9_999)),
            server_timing="db;dur=5.5" if self._chance.random() < 0.1 else "",
        )
        return entry, span_id

    def loaded(self, now_ns: int) -> None:
        """The load has ended: the browser's last word on the navigation."""
        end = max((now_ns - self._start_ns) // MS, 2.0)
        self.navigation = self.navigation._replace(response_end=1.5, load_event_end=end)
        self._ledger.report(self.documents)

    def left(self) -> None:
        """The page is left in order: its documents have to come, whether it had loaded or not."""
        self._ledger.report(self.documents)

    def hello(self) -> dict[str, Any]:
        """The first message."""
        return {
            "kind": "hello",
            "page": {"url": self.url},
            "view": ",".join(map(str, self.trace_id + self.seed)),
        }

    def entries(self, rows: list[TimingEntry]) -> dict[str, Any]:
        """Rows as a message, which says when it was: after what it tells of, whoever hears it."""
        numbers, text = packed(rows)
        end = max(max(row.response_end, row.load_event_end) for row in rows)
        return {
            "kind": "entries",
            "origin": self.origin_ms,
            "now": ceil(self.origin_ms + end) + 1,
            "entries": PackedEntries(Struct(f"<{len(numbers)}d").pack(*numbers), text),
            "malformed": 0,
        }


def packed(rows: Iterable[TimingEntry]) -> tuple[list[float], str]:
    """Rows as the loader packs them: numbers, and lines of text."""
    fields: list[Any] = [field for row in rows for field in row]
    width = len(TimingEntry._fields)
    starts = range(0, len(fields), width)
    numbers = [number for at in starts for number in fields[at : at + len(NUMBERS)]]
    lines = [line for at in starts for line in fields[at + len(NUMBERS) : at + width]]
    return numbers, "\n".join(lines)
