# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_batch`: a bounded queue that is cut by count and bytes, and what it loses first."""

from __future__ import annotations

import pytest

from edgetrace._batch import BatchQueue

looked_at: list[bytes] = []


def is_important(data: bytes) -> bool:
    """Capital letters are."""
    looked_at.append(data)
    return data.isupper()


def filled(*items: tuple[int, int]) -> BatchQueue:
    """A queue of (scope, size) spans."""
    queue = BatchQueue(100, is_important)
    for scope, size in items:
        assert queue.offer(scope, b"x" * size)
    return queue


@pytest.mark.parametrize(
    ("offered", "left"),
    [
        ("abcd", "bcd"),  # the oldest
        ("abcdef", "def"),
        ("AbcD", "AcD"),  # the oldest that is not important
        ("ABCd", "ABC"),  # which may be the newest
        ("ABCD", "BCD"),  # or there is none
        ("AbCdEfG", "CEG"),
        ("ABCDe", "BCD"),
        ("aBcDeFGh", "DFG"),
    ],
)
def test_a_full_queue_loses_what_matters_least(offered: str, left: str) -> None:
    """Capitals are important; the order stays, and each is looked at once at most."""
    queue = BatchQueue(3, is_important)
    looked_at.clear()
    taken = [queue.offer(0, name.encode()) for name in offered]
    assert taken == [True] * 3 + [False] * (len(offered) - 3)
    assert len(looked_at) == len(set(looked_at)) <= len(offered)
    assert (len(queue), queue.size_bytes, queue.next) == (3, 3, len(offered))
    assert queue.oldest == offered.index(left[0])
    assert queue.cut(2, 9, [0]) == [(0, name.encode()) for name in left[:2]]
    assert (queue.oldest, len(queue), queue.size_bytes) == (offered.index(left[2]), 1, 1)
    assert queue.offer(0, b"z")
    assert queue.cut(9, 9, [0]) == [(0, left[2].encode()), (0, b"z")]
    assert queue.oldest == queue.next == len(offered) + 1


def test_nobody_looks_before_the_queue_is_full() -> None:
    """What is never in question costs nothing."""
    looked_at.clear()
    filled(*((0, 1) for _ in range(100))).cut(100, 100, [0])
    assert looked_at == []


def test_a_queue_that_lost_some_is_cleared() -> None:
    """Those that were kept go too."""
    queue = BatchQueue(2, is_important)
    for name in (b"A", b"b", b"c"):
        queue.offer(0, name)
    assert queue.clear() == 2
    assert (len(queue), queue.size_bytes, queue.oldest, queue.next) == (0, 0, 3, 3)


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
    assert queue.oldest == taken


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
    assert (len(queue), queue.size_bytes, queue.oldest) == (0, 0, 2)
    assert queue.clear() == 0
