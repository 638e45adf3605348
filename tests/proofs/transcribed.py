# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds the transcriptions that z3 reasons about against the agent's own functions. Needs z3."""

from __future__ import annotations

import random

import z3  # type: ignore[import-not-found,import-untyped,unused-ignore]

from edgetrace import _protobuf
from edgetrace._view_ids import derived_id
from tests.proofs import smt

SAMPLES = 1_000
GOLDEN = 0x9E3779B97F4A7C15


def check() -> None:
    """Compare at every boundary and at random.

    Raises:
        AssertionError: They differ.
    """
    chance = random.Random(1)
    edges = {(1 << bits) + near for bits in range(64) for near in (-1, 0, 1)} | {2**64 - 1}
    numbers = [*sorted(edges), *(chance.getrandbits(chance.randint(1, 64)) for _ in range(SAMPLES))]
    for number in numbers:
        term = z3.BitVecVal(number, 64)
        size = _value(smt.varint_size(term))
        transcribed = bytes([_value(smt.varint_byte(term, at)) for at in range(size)])
        encoded = _protobuf.varint(number)
        assert encoded == transcribed, (number, encoded, transcribed)
        assert _protobuf._read_varint(encoded, 0) == (number, size)
    for index in range(SAMPLES):
        root = chance.randbytes(8)
        term = z3.BitVecVal(int.from_bytes(root, "big") + (index + 1) * GOLDEN, 64)
        mixed = smt.mix(term)
        assert derived_id(root, index) == _value(mixed).to_bytes(8, "big")
        assert _value(smt.unmix(mixed)) == _value(term)


def _value(term: z3.BitVecRef) -> int:
    return int(z3.simplify(term).as_long())


if __name__ == "__main__":
    check()
