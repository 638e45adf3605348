# SPDX-License-Identifier: MIT OR Apache-2.0
"""All ids of a page view follow from a seed that its page draws once, so that the same rows give
the same spans whoever encodes them: another runtime, the gateway, the next page view from storage.

    documentLoad           the root id, as the page drew it
    documentFetch          derived from the root id and 0
    the nth row or span    derived from the root id and n, counted through the whole view

Derived ids are outputs of SplitMix64 seeded with the root id: it permutes 64-bit numbers, so no two
of a view are alike, and those of other views are as likely to be alike as any two random ids. (A
hash would do as well, but importing hashlib costs Pyodide 4-5 ms, November 2026.)

A trace id is 16 bytes of the seed, all random, so the W3C random flag holds for it.

Sources: Steele, Lea, Flood, "Fast splittable pseudorandom number generators"; W3C Trace Context
Level 2, "Random Trace ID Flag".
"""

from __future__ import annotations

import re
from itertools import chain, repeat
from struct import Struct
from typing import Final

from ._records import pattern

MAX_FIRST: Final = 2**31
_SEED: Final = pattern(r"\d{1,3}(?:,\d{1,3}){23}", re.ASCII)
_U64: Final = 2**64 - 1
_ZERO: Final = bytes(8)


def derived_id(root_id: bytes, index: int) -> bytes:
    """The id of a view's documentFetch (0) and of its nth row or span (from 1 on), 8 bytes."""
    mixed = int.from_bytes(root_id, "big") + (index + 1) * 0x9E3779B97F4A7C15 & _U64
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _U64
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _U64
    made = (mixed ^ mixed >> 31).to_bytes(8, "big")
    return made if any(made) and made != root_id else derived_id(root_id, index + MAX_FIRST)


def derived_ids(root_id: bytes, first: int, count: int) -> list[bytes]:
    """`derived_id` of `count` indices from `first` on, of all at once, in a tenth of the time.

    One integer holds the numbers in lanes of 128 bits, so that products stay within theirs.
    """
    ones = int.from_bytes((bytes(15) + b"\x01") * count, "big")
    low = ones * _U64
    steps = chain.from_iterable(zip(repeat(0), range(first + 1, first + 1 + count)))
    mixed = int.from_bytes(Struct(f">{2 * count}Q").pack(*steps), "big") * 0x9E3779B97F4A7C15
    mixed = mixed + ones * int.from_bytes(root_id, "big") & low
    mixed = (mixed ^ mixed >> 30 & low) * 0xBF58476D1CE4E5B9 & low
    mixed = (mixed ^ mixed >> 27 & low) * 0x94D049BB133111EB & low
    lanes = (mixed ^ mixed >> 31 & low).to_bytes(16 * count, "big")
    made = [one for (one,) in Struct("8x8s").iter_unpack(lanes)]
    if root_id in made or _ZERO in made:
        return [derived_id(root_id, index) for index in range(first, first + count)]
    return made


def read_seed(view: object) -> tuple[bytes, bytes] | None:
    """Read the loader's `view`: 24 random bytes, in decimal, joined by commas.

    Returns:
        The trace id and the root span's id; None where it is no seed, or of ids that W3C forbids.
    """
    if not isinstance(view, str) or not _SEED.fullmatch(view):
        return None
    numbers = [int(text) for text in view.split(",")]
    if max(numbers) > 255:
        return None
    seed = bytes(numbers)
    trace_id, root_id = seed[:16], seed[16:]
    return (trace_id, root_id) if any(trace_id) and any(root_id) else None


class ViewIds:
    """The ids of one view, in the order in which it asks for them.

    Attributes:
        count: How many rows and spans have an id.
    """

    __slots__ = ("_root_id", "_rooted", "_trace_id", "count")

    def __init__(self, trace_id: bytes, root_id: bytes, count: int = 0) -> None:
        """Begin behind `count` rows and spans, which another runtime has named."""
        self._trace_id, self._root_id, self._rooted = trace_id, root_id, False
        self.count = count

    def new_trace_id(self) -> bytes:
        """The view's own, should no server have begun its trace."""
        return self._trace_id

    def new_span_id(self) -> bytes:
        """The root's, then that of each row or span."""
        if not self._rooted:
            self._rooted = True
            return self._root_id
        self.count += 1
        return derived_id(self._root_id, self.count)

    def new_span_ids(self, count: int) -> list[bytes]:
        """Those of the next rows or spans; not to be asked for before the root's."""
        first = self.count + 1
        self.count += count
        return derived_ids(self._root_id, first, count)

    def fetch_id(self) -> bytes:
        """The documentFetch span's."""
        return derived_id(self._root_id, 0)
