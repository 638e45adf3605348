# SPDX-License-Identifier: MIT OR Apache-2.0
"""_view_ids: a seed names all spans of a view, and what is no seed is none."""

from __future__ import annotations

import pytest

from edgetrace._view_ids import ViewIds, derived_id, derived_ids, read_seed

ROOT = bytes(range(16, 24))
SEED = ",".join(map(str, range(24)))


def test_a_seed_is_a_trace_id_and_the_roots_id() -> None:
    """24 bytes in decimal: 16 for the trace, 8 for documentLoad."""
    assert read_seed(SEED) == (bytes(range(16)), ROOT)


@pytest.mark.parametrize(
    "view",
    [None, 0.5, "", "1,2", SEED + ",1", SEED.replace("23", "256"), SEED.replace("23", "x")]
    + [",".join(["0"] * 24), ",".join(["0"] * 16 + ["1"] * 8), ",".join(["1"] * 16 + ["0"] * 8)],
)
def test_what_is_no_seed_is_none(view: object) -> None:
    """Another type, length or range, and ids of zeros only: somebody else draws then."""
    assert read_seed(view) is None


def test_a_view_gives_the_root_first_then_one_id_for_each() -> None:
    """documentFetch's is derived from 0 whenever it is asked for, the nth row's from n."""
    ids = ViewIds(b"t" * 16, ROOT)
    assert ids.new_trace_id() == b"t" * 16
    assert ids.new_span_id() == ROOT
    assert ids.fetch_id() == derived_id(ROOT, 0)
    assert [ids.new_span_id() for _ in range(3)] == [derived_id(ROOT, n) for n in (1, 2, 3)]
    assert ids.count == 3


def test_another_runtime_goes_on_where_the_first_one_was() -> None:
    """With the same seed and the count, the next row has the id that it would have had."""
    ids = ViewIds(b"t" * 16, ROOT, 3)
    assert ids.new_span_id() == ROOT
    assert ids.new_span_id() == derived_id(ROOT, 4)


def test_derived_ids_are_valid_and_not_alike() -> None:
    """No zeros, not the root's, all different; also where SplitMix64 itself would give zeros."""
    ids = {derived_id(ROOT, index) for index in range(10_000)}
    assert len(ids) == 10_000
    assert not ids & {ROOT, bytes(8)}
    zero = (-0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big")  # the seed whose first output is 0
    assert any(derived_id(zero, 0))


def test_many_at_once_are_the_same() -> None:
    """As one after the other, zeros and the root's own mended too; none is no error."""
    zero = (-0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big")
    for root in (ROOT, zero, b"\xff" * 8):
        expected = [derived_id(root, index) for index in range(300)]
        assert derived_ids(root, 0, 300) == expected
        assert derived_ids(root, 7, 1) == expected[7:8]
    assert derived_ids(ROOT, 1, 0) == []
    ids = ViewIds(b"t" * 16, ROOT)
    assert (ids.new_span_ids(2), ids.count) == ([derived_id(ROOT, 1), derived_id(ROOT, 2)], 2)
