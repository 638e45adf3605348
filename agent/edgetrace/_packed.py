# SPDX-License-Identifier: MIT OR Apache-2.0
"""A batch of entries as the loader packs it, cut into columns.

Interpreted Python costs per step, so whoever works on a batch takes one step for a column, not for
a field: one strided slice of the block, one of the lines. Knows no span.

Source: the layout is `_entries`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import compress
from typing import Any, Final

from ._entries import NUMBERS, STRINGS, TimingEntry, split_batch, unpack_rows

_WIDTH: Final = len(NUMBERS)
_ROW_BYTES: Final = 8 * _WIDTH
_TAME: Final = bytes(range(0x42))
"""The highest bytes of doubles from 0 to 2**33: for `mend` there is nothing to do."""
_AT: Final = {name: index for index, name in enumerate(TimingEntry._fields)}


class PackedEntries:
    """A batch as the loader packs it, unpacked only as far as it has to be."""

    def __init__(
        self, numbers: bytes | bytearray | memoryview[Any], text: str, rounded: bool = False
    ) -> None:
        """Keep it; `malformed` is how many rows are incomplete in either argument.

        Args:
            numbers: See `_entries.unpack_entries`.
            text: Likewise.
            rounded: The times of fetches are whole microseconds already: JavaScript rounds in a
                thirtieth of the time.
        """
        self.rounded = rounded
        self.block, self.lines, rows, self.malformed = split_batch(numbers, text)
        self.rows = range(rows)
        self._columns: dict[str, list[float]] = {}

    def __len__(self) -> int:
        """How many rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[TimingEntry]:
        """All of them as entries, not yet mended."""
        return iter(self.entries(self.rows))

    def entries(self, rows: Iterable[int]) -> list[TimingEntry]:
        """Some of them."""
        return unpack_rows(self.block, self.lines, rows)

    def column(self, name: str) -> list[float]:
        """One number of each row; not to be changed."""
        column = self._columns.get(name)
        if column is None:
            numbers: Any = memoryview(self.block).cast("d")
            column = self._columns[name] = numbers[_AT[name] :: _WIDTH].tolist()
        return column

    def has(self, name: str) -> bool:
        """Whether a column may be anything but zeros: a double's highest byte then is not 0, unless
        it is smaller than any that is written.
        """
        return self.block[8 * _AT[name] + 7 :: _ROW_BYTES] != bytes(len(self))

    def texts(self, name: str) -> list[str]:
        """One string of each row."""
        return self.lines[_AT[name] - _WIDTH :: len(STRINGS)]

    def common(self) -> list[int]:
        """The rows that columns can do, in order: resources with a URL, a start and an end, which
        need no mending and bring no Server-Timing.
        """
        if self.block[7::8].translate(None, _TAME):
            return []
        others: set[int] = set()
        for present in (
            self.column("fetch_start"),
            self.column("response_end"),
            self.texts("name"),
        ):
            if not all(present):
                others.update([row for row, value in enumerate(present) if not value])
        for absent in (self.column("kind"), self.texts("server_timing")):
            others.update(compress(self.rows, absent))
        rows = list(self.rows)
        for row in sorted(others, reverse=True):
            del rows[row]
        return rows

    def only(self, rows: list[int]) -> PackedEntries:
        """A batch of these rows, which are in order."""
        if len(rows) == len(self):
            return self
        size, width = _ROW_BYTES, len(STRINGS)
        some = PackedEntries(b"", "", self.rounded)
        if rows and rows[-1] - rows[0] == len(rows) - 1:  # all but the document, as a rule
            first, last = rows[0], rows[-1] + 1
            some.block = self.block[first * size : last * size]
            some.lines = self.lines[first * width : last * width]
            some._columns = {name: column[first:last] for name, column in self._columns.items()}
        else:
            some.block = b"".join([self.block[row * size : (row + 1) * size] for row in rows])
            lines = self.lines
            some.lines = [line for row in rows for line in lines[row * width : (row + 1) * width]]
        some.rows = range(len(rows))
        return some
