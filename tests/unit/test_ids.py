# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_ids`: ids from blocks of entropy."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

import pytest

from edgetrace._ids import IdGenerator

METHODS = ("new_trace_id", "new_span_id")


class Source:
    """Entropy that counts, as bytes that are all different."""

    def __init__(self, *blocks: bytes) -> None:
        """Give `blocks` first, then the platform's."""
        self.asked: list[int] = []
        self._blocks: Iterator[bytes] = iter(blocks)

    def __call__(self, size: int) -> bytes:
        """The next block."""
        self.asked.append(size)
        return next(self._blocks, None) or os.urandom(size)


def test_nothing_is_drawn_before_the_first_id() -> None:
    """Entropy may not be touched at import, nor when a provider is made."""
    source = Source()
    ids = IdGenerator(source)
    assert source.asked == []
    ids.new_trace_id()
    assert source.asked == [2048]


@pytest.mark.parametrize(("method", "size"), [("new_trace_id", 16), ("new_span_id", 8)])
def test_one_block_gives_many_ids(method: str, size: int) -> None:
    """Ids have their length, differ, and 2,048 bytes are one call into the platform."""
    source = Source()
    new_id = getattr(IdGenerator(source), method)
    ids = [new_id() for _ in range(2048 // size)]
    assert {len(each) for each in ids} == {size}
    assert len(set(ids)) == len(ids)
    assert source.asked == [2048]
    new_id()
    assert source.asked == [2048, 2048]


@pytest.mark.parametrize("method", METHODS)
def test_zeros_are_left_out(method: str) -> None:
    """The ids that W3C Trace Context forbids are skipped wherever they come in a block."""
    block = bytes(1024) + b"\x07" * 32 + bytes(992)
    source = Source(block)
    ids = IdGenerator(source)
    size = 16 if method == "new_trace_id" else 8
    for _ in range(32 // size):
        assert getattr(ids, method)() == b"\x07" * size
    assert any(getattr(ids, method)())
    assert source.asked == [2048, 2048]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("entropy", "error"),
    [
        (bytes, ValueError),
        (lambda n: b"\x01", struct.error),
        (lambda n: b"\x01" * 4096, struct.error),
    ],
)
def test_a_broken_source_is_refused(method: str, entropy: object, error: type[Exception]) -> None:
    """Zeros for ever, or the wrong number of bytes, raise rather than loop without end."""
    with pytest.raises(error):
        getattr(IdGenerator(entropy), method)()  # type: ignore[arg-type]
