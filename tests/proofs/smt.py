# SPDX-License-Identifier: MIT OR Apache-2.0
"""What z3 proves for every value at once: varints, and the ids of a page view.

z3 cannot run Python, so each function is written once more, over bit vectors; `test_proofs` holds
these transcriptions against the agent's own functions at every boundary and at random. A claim is
proved when z3 finds no values that break it: `unsat` of its negation.

Sources: https://protobuf.dev/programming-guides/encoding/ ("Base 128 Varints"); Steele, Lea, Flood,
"Fast splittable pseudorandom number generators" (the mix is a permutation).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import z3  # type: ignore[import-not-found,import-untyped,unused-ignore]

MAX_VARINT_BYTES = 10
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def varint_size(value: z3.BitVecRef) -> z3.BitVecRef:
    """How many bytes `_protobuf.varint` writes of an unsigned 64-bit number."""
    size = z3.BitVecVal(1, 64)
    for index in range(1, MAX_VARINT_BYTES):
        size = z3.If(z3.LShR(value, 7 * index) != 0, z3.BitVecVal(index + 1, 64), size)
    return size


def varint_byte(value: z3.BitVecRef, index: int) -> z3.BitVecRef:
    """The byte at `index`, which has to be one of them."""
    rest = z3.LShR(value, 7 * index)
    low = rest & 0x7F
    return z3.If(z3.UGT(rest, 0x7F), low | 0x80, low)


def read_varint(encoded: Callable[[int], z3.BitVecRef], size: int) -> z3.BitVecRef:
    """What `_protobuf._read_varint` makes of so many bytes."""
    value = z3.BitVecVal(0, 64)
    for index in range(size):
        value = value | (encoded(index) & 0x7F) << (7 * index)
    return value


def mix(mixed: z3.BitVecRef) -> z3.BitVecRef:
    """SplitMix64's output function, as `_view_ids.derived_id` has it."""
    mixed = (mixed ^ z3.LShR(mixed, 30)) * FIRST
    mixed = (mixed ^ z3.LShR(mixed, 27)) * SECOND
    return mixed ^ z3.LShR(mixed, 31)


def unshift(value: z3.BitVecRef, bits: int) -> z3.BitVecRef:
    """The inverse of `x ^ x >> bits`, for bits >= 22."""
    return value ^ z3.LShR(value, bits) ^ z3.LShR(value, 2 * bits)


def unmix(value: z3.BitVecRef) -> z3.BitVecRef:
    """The inverse of `mix`."""
    value = unshift(value, 31) * pow(SECOND, -1, 2**64)
    value = unshift(value, 27) * pow(FIRST, -1, 2**64)
    return unshift(value, 30)


def claims() -> Iterator[tuple[str, z3.BoolRef]]:
    """What is claimed, in words and for z3; free variables stand for every 64-bit number."""
    x, y = z3.BitVec("x", 64), z3.BitVec("y", 64)
    for size in range(1, MAX_VARINT_BYTES + 1):
        has_size = varint_size(x) == size

        def at(index: int) -> z3.BitVecRef:
            return varint_byte(x, index)

        yield (
            f"varints of {size} bytes come back, and each byte but the last says that one follows",
            z3.Implies(
                has_size,
                z3.And(
                    read_varint(at, size) == x,
                    z3.ULT(at(size - 1), 0x80),
                    *[z3.UGE(at(index), 0x80) for index in range(size - 1)],
                ),
            ),
        )
        if size > 1:
            yield (
                f"varints of {size} bytes are canonical: their last byte is not zero",
                z3.Implies(has_size, at(size - 1) != 0),
            )
    yield "a varint has 1 to 10 bytes", z3.And(varint_size(x) >= 1, varint_size(x) <= 10)
    for bits in (30, 27, 31):
        shifted = x ^ z3.LShR(x, bits)
        yield f"x ^ x >> {bits} can be undone", unshift(shifted, bits) == x
    for factor in (FIRST, SECOND, GOLDEN):
        inverse = pow(factor, -1, 2**64)
        yield f"the product with {factor:#x} can be undone", x * factor * inverse == x
    # With the six above, `unmix` undoes `mix` step by step, so ids differ where their inputs do.
    root = z3.BitVec("root", 64)
    yield (
        "the inputs of two rows of one view differ",
        z3.Implies(root + (x + 1) * GOLDEN == root + (y + 1) * GOLDEN, x == y),
    )


def prove(timeout_ms: int = 20_000) -> list[str]:
    """Ask z3; the claims that it did not prove, with its counterexample or `unknown`."""
    failed = []
    for words, claim in claims():
        solver = z3.Solver()
        solver.set("timeout", timeout_ms)
        solver.add(z3.Not(claim))
        verdict = solver.check()
        if verdict != z3.unsat:
            failed.append(f"{words}: {solver.model() if verdict == z3.sat else 'unknown'}")
    return failed


if __name__ == "__main__":
    unproved = prove()
    print("\n".join(unproved) or f"{len(list(claims()))} claims proved")
    sys.exit(bool(unproved))
