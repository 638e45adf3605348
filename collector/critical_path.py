# SPDX-License-Identifier: MIT OR Apache-2.0
"""The critical path of a trace: the chain of work that its end waited for.

Theory of operation. Walk backwards from the end of a span: the child that finished last before
the cursor is what the span was waiting for, so the time from that child's end to the cursor is
the span's own, the child's time is explained by the child (recursively, here with a stack), and
the cursor jumps to the child's start. What is left when no child ends before the cursor is the
span's own time again.

    parent  |===============================|
    a         |-------|                            b overlaps its end, so nobody waited for a
    b             |--------|                       on the path
    c                          |-------|           on the path, it ended last
    path    |parent|---b----|p-|---c---|-p--|

A child that outlasts its parent was not waited for (a long poll that is still open when `load`
fires), so it is left out. One case is the other way round: when the child belongs to another
service and outlasts its parent (a page load whose parent is the server's span, a consumer whose
parent is the producer's), the trace ends when the child ends, and the walk starts there.
"""

from __future__ import annotations

from typing import NamedTuple

from collector.records import SpanRecord
from collector.tree import Tree

# Chromium's performance.now() steps by 100 us unless the page is isolated (FACTS: measured
# November 2026), so a child may seem to end that much after what waited for it.
CLOCK_STEP_NS = 100_000


class Segment(NamedTuple):
    """A stretch of time that one span is responsible for, in unix nanoseconds."""

    span_id: str
    start_unix_nano: int
    end_unix_nano: int


def critical_path(tree: Tree) -> list[Segment]:
    """Compute the path of a trace's main root, earliest segment first; segments never overlap."""
    if not tree.roots:
        return []
    chain = [_main_root(tree)]
    while (further := _outlasting(chain[-1], tree)) is not None:
        chain.append(further)
    backwards: list[Segment] = []
    until = chain[-1]["end_unix_nano"]
    for span in reversed(chain):
        until = min(until, span["end_unix_nano"])
        backwards += _walk(span, until, tree)
        until = min(until, span["start_unix_nano"])
    return _merged(backwards[::-1])


def _main_root(tree: Tree) -> SpanRecord:
    """Pick the true root if there is one, else the longest of the orphans."""
    true_roots = [root for root in tree.roots if not root["parent_span_id"]]
    return max(
        true_roots or tree.roots,
        key=lambda span: span["end_unix_nano"] - span["start_unix_nano"],
    )


def _outlasting(span: SpanRecord, tree: Tree) -> SpanRecord | None:
    later = [
        child
        for child in tree.children.get(span["span_id"], [])
        if child["service"] != span["service"]
        and child["end_unix_nano"] > span["end_unix_nano"] + CLOCK_STEP_NS
    ]
    return max(later, key=lambda child: child["end_unix_nano"], default=None)


class _Frame:
    """One span of the walk: where its cursor stands and which children are still to be tried."""

    def __init__(self, span: SpanRecord, until: int, tree: Tree) -> None:
        self.span = span
        self.cursor = until
        children = tree.children.get(span["span_id"], [])
        # pop() takes the one that ends last.
        self.children = sorted(children, key=lambda child: child["end_unix_nano"])

    def next_waited_for(self) -> SpanRecord | None:
        while self.children:
            child = self.children.pop()
            if (
                child["end_unix_nano"] <= self.cursor + CLOCK_STEP_NS
                and child["start_unix_nano"] < min(child["end_unix_nano"], self.cursor)
                and child["end_unix_nano"] > self.span["start_unix_nano"]
            ):
                return child
        return None


def _walk(top: SpanRecord, until: int, tree: Tree) -> list[Segment]:
    """Return the segments from `until` back to the start of `top`, latest first."""
    segments: list[Segment] = []

    def own(frame: _Frame, start: int) -> None:
        start = max(start, frame.span["start_unix_nano"])
        if start < frame.cursor:
            segments.append(Segment(frame.span["span_id"], start, frame.cursor))

    stack = [_Frame(top, until, tree)]
    while stack:
        frame = stack[-1]
        child = frame.next_waited_for()
        if child is None:
            own(frame, frame.span["start_unix_nano"])
            stack.pop()
            continue
        child_end = min(child["end_unix_nano"], frame.cursor)
        own(frame, child_end)
        # A child may seem to start before its parent: another host's clock, or a page that
        # began to navigate before the server that is its parent knew of it.
        frame.cursor = max(child["start_unix_nano"], frame.span["start_unix_nano"])
        stack.append(_Frame(child, child_end, tree))
    return segments


def _merged(segments: list[Segment]) -> list[Segment]:
    merged: list[Segment] = []
    for segment in segments:
        last = merged[-1] if merged else None
        if last and last.span_id == segment.span_id and last[2] == segment.start_unix_nano:
            merged[-1] = last._replace(end_unix_nano=segment.end_unix_nano)
        else:
            merged.append(segment)
    return merged
