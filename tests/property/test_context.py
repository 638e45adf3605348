# SPDX-License-Identifier: MIT OR Apache-2.0
"""Any tree of tasks: each keeps its own current span, and parents are who started them."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from hypothesis import given, strategies as st

from edgetrace._config import Settings
from edgetrace._context import EMPTY, get_current
from edgetrace._current import get_current_span
from edgetrace._tracer import Tracer, TracerProvider
from edgetrace._types import SpanContext
from edgetrace.testing import InMemoryExporter, ManualClock
from tests.virtual_time import run

# How a node runs its children; and how often it gives way to others between its steps.
Tree = tuple[str, int, list[Any]]
HOW = ("await", "gather", "task", "decorated", "taskgroup", "shield")
trees: st.SearchStrategy[Tree] = st.recursive(
    st.tuples(st.sampled_from(HOW), st.integers(0, 3), st.just([])),
    lambda children: st.tuples(
        st.sampled_from(HOW), st.integers(0, 3), st.lists(children, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


class Program:
    """Runs a tree; every node is a span, and checks all the time that it is the current one."""

    def __init__(self) -> None:
        """A tracer of its own."""
        self.exporter = InMemoryExporter()
        provider = TracerProvider(
            Settings(), clock=ManualClock(), entropy=os.urandom, exporter=self.exporter
        )
        self.tracer: Tracer = provider.get_tracer("test")
        self.expected: dict[SpanContext, SpanContext | None] = {}

    async def node(self, tree: Tree, parent: SpanContext | None) -> None:
        """One span with its children."""
        with self.tracer.start_as_current_span("node") as span:
            await self.inside(tree, parent, span.context)

    async def decorated(self, tree: Tree, parent: SpanContext | None) -> None:
        """The same, by the decorator."""

        @self.tracer.start_as_current_span("decorated")
        async def work() -> None:
            await self.inside(tree, parent, get_current_span().context)

        await work()

    async def inside(self, tree: Tree, parent: SpanContext | None, own: SpanContext) -> None:
        """What a node does while it is current."""
        how, yields, children = tree
        self.expected[own] = parent
        for _ in range(yields):
            assert get_current_span().context == own
            await asyncio.sleep(0)
        if how == "gather":
            await asyncio.gather(*(self.node(child, own) for child in children))
        elif how == "taskgroup":
            async with asyncio.TaskGroup() as group:
                for child in children:
                    group.create_task(self.node(child, own))
        elif how == "task":
            tasks = [asyncio.create_task(self.node(child, own)) for child in children]
            await asyncio.sleep(0)
            assert get_current_span().context == own
            for task in tasks:
                await task
        elif how == "shield":
            for child in children:
                await asyncio.shield(self.node(child, own))
        else:
            for child in children:
                await (self.decorated if how == "decorated" else self.node)(child, own)
        assert get_current_span().context == own


@given(st.lists(trees, min_size=1, max_size=3))
def test_every_task_keeps_its_own_current_span(forest: list[Tree]) -> None:
    """Awaited, gathered, as tasks or decorated, at any interleaving."""
    program = Program()

    async def main() -> None:
        await asyncio.gather(*(program.node(tree, None) for tree in forest))
        assert get_current() is EMPTY

    run(main())
    found: dict[SpanContext, SpanContext | None] = {
        span.context: span.parent for span in program.exporter.spans
    }
    assert found == program.expected
    roots = [span for span in program.exporter.spans if span.parent is None]
    assert len(roots) == len(forest)
    for span in program.exporter.spans:
        assert span.parent is None or span.parent.trace_id == span.context.trace_id
