# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_batch`: a bounded queue that is cut by count and bytes."""

from __future__ import annotations

import pytest

from edgetrace._batch import BatchQueue


def filled(*items: tuple[int, int]) -> BatchQueue:
    """A queue of (scope, size) spans."""
    queue = BatchQueue(100)
    for scope, size in items:
        assert queue.offer(scope, b"x" * size)
    return queue


def test_a_full_queue_refuses_the_newest() -> None:
    """What is in it stays; the newcomer is refused."""
    queue = BatchQueue(2)
    assert [queue.offer(0, data) for data in (b"a", b"b", b"c")] == [True, True, False]
    assert [span.data for span in queue.cut(9, 9, [0])] == [b"a", b"b"]
    assert queue.offer(0, b"d")


@pytest.mark.parametrize(
    ("sizes", "max_spans", "max_bytes", "taken"),
    [
        ([], 9, 99, 0),
        ([5, 5, 5], 9, 99, 3),
        ([5, 5, 5], 2, 99, 2),
        ([5, 5, 5], 9, 10, 2),
        ([5, 5, 5], 9, 14, 2),
        ([5, 5, 5], 9, 15, 3),
        ([50, 5], 9, 10, 1),  # the first is taken always, or it would block the rest for ever
        ([5, 50, 5], 9, 10, 1),
    ],
)
def test_cutting(sizes: list[int], max_spans: int, max_bytes: int, taken: int) -> None:
    """The oldest that fit, in order, and the accounts hold."""
    queue = filled(*((0, size) for size in sizes))
    assert [len(span.data) for span in queue.cut(max_spans, max_bytes, [0])] == sizes[:taken]
    assert (len(queue), queue.size_bytes) == (len(sizes) - taken, sum(sizes[taken:]))
    assert queue.left == taken


@pytest.mark.parametrize(
    ("max_bytes", "taken"), [(14, 1), (15, 2), (34, 2), (35, 3), (39, 3), (40, 4)]
)
def test_each_scope_costs_once(max_bytes: int, taken: int) -> None:
    """A scope's share is charged to the request that holds its spans, however many they are."""
    queue = filled((0, 1), (0, 4), (1, 10), (0, 5))
    assert len(queue.cut(9, max_bytes, [10, 10])) == taken


def test_clearing() -> None:
    """Everything goes, and is counted."""
    queue = filled((0, 1), (0, 2))
    assert queue.clear() == 2
    assert (len(queue), queue.size_bytes, queue.left) == (0, 0, 2)
    assert queue.clear() == 0
