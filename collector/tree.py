# SPDX-License-Identifier: MIT OR Apache-2.0
"""Arranges the spans of one trace as a forest, in the order a waterfall shows them.

Any input is legal: parents that never arrived (their children become roots, marked as orphans),
spans that name themselves, cycles (cut at their earliest span), chains thousands deep (no
recursion). Every span appears exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.records import SpanRecord


@dataclass(frozen=True)
class Placed:
    """Where a span stands: depth is 0 for a root; orphan means that its parent is not here."""

    span: SpanRecord
    depth: int
    orphan: bool


@dataclass(frozen=True)
class Tree:
    """A trace's spans in depth-first order; siblings by start, longer ones first.

    What started before its parent comes after what started within it: a page that joined its
    server's trace began to navigate before the server knew of it, and reads as what followed.
    """

    placed: list[Placed]
    roots: list[SpanRecord]
    children: dict[str, list[SpanRecord]]


def _order(span: SpanRecord) -> tuple[int, int, str]:
    return (span["start_unix_nano"], -span["end_unix_nano"], span["span_id"])


def arrange(spans: Sequence[SpanRecord]) -> Tree:
    """Build the forest. True roots come first, then orphans; each group by start time."""
    ordered = sorted(spans, key=_order)
    present = {span["span_id"]: span for span in ordered}
    children: dict[str, list[SpanRecord]] = {}
    true_roots: list[SpanRecord] = []
    orphans: list[SpanRecord] = []
    for span in ordered:
        parent = span["parent_span_id"]
        if not parent:
            true_roots.append(span)
        elif parent not in present:
            orphans.append(span)
        else:
            children.setdefault(parent, []).append(span)

    for parent, siblings in children.items():
        begin = present[parent]["start_unix_nano"]
        siblings.sort(key=lambda child: child["start_unix_nano"] < begin)  # noqa: B023

    placed: list[Placed] = []
    seen: set[str] = set()
    roots: list[SpanRecord] = []

    def place(root: SpanRecord, orphan: bool) -> None:
        roots.append(root)
        stack = [(root, 0)]
        while stack:
            span, depth = stack.pop()
            seen.add(span["span_id"])
            placed.append(Placed(span, depth, orphan and depth == 0))
            stack.extend(
                (child, depth + 1) for child in reversed(children.get(span["span_id"], []))
            )

    for span in true_roots:
        place(span, orphan=False)
    for span in orphans:
        place(span, orphan=True)
    for span in ordered:  # what is left hangs on cycles
        if span["span_id"] not in seen:
            siblings = children[span["parent_span_id"]]
            children[span["parent_span_id"]] = [each for each in siblings if each is not span]
            place(span, orphan=True)
    return Tree(placed, roots, children)
