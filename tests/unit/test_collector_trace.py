# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a trace's spans mean together: the tree, the critical path, and phases inside spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from collector.api import describe_trace
from collector.critical_path import critical_path
from collector.phases import marks, phases
from collector.records import SpanRecord
from collector.store import Store
from collector.tree import arrange
from edgetrace._config import Settings
from edgetrace._entries import entries_from_json
from edgetrace._otlp import encode_span
from edgetrace._page import PageView
from edgetrace._page_info import PageInfo
from edgetrace._sampler import AlwaysOn
from tests.unit.collector_samples import group
from tests.unit.entry_samples import (
    NOW_UNIX_NANO,
    ORIGIN_UNIX_MS,
    chromium_navigation,
    chromium_new_connection,
)

MS = 1_000_000


def span(
    span_id: str,
    start_ms: float,
    end_ms: float,
    parent: str = "",
    service: str = "web",
    **more: Any,
) -> SpanRecord:
    """Make a record with times in ms."""
    record: dict[str, Any] = {
        "span_id": span_id,
        "name": "work",
        "parent_span_id": parent,
        "service": service,
        "start_unix_nano": round(start_ms * MS),
        "end_unix_nano": round(end_ms * MS),
        "attributes": {},
        "events": [],
        **more,
    }
    return record  # type: ignore[return-value]


def path_of(*spans: SpanRecord) -> list[tuple[str, float, float]]:
    """Compute a critical path, in ms."""
    return [(id_, start / MS, end / MS) for id_, start, end in critical_path(arrange(spans))]


def test_the_tree_is_depth_first_by_start() -> None:
    """Siblings stand in order of start, longer ones first, each followed by its children."""
    tree = arrange(
        [
            span("c", 5, 6, "root"),
            span("b", 2, 9, "root"),
            span("b1", 3, 4, "b"),
            span("root", 0, 10),
            span("a", 2, 3, "root"),
        ]
    )
    assert [(p.span["span_id"], p.depth) for p in tree.placed] == [
        ("root", 0),
        ("b", 1),
        ("b1", 2),
        ("a", 1),
        ("c", 1),
    ]


def test_a_span_without_its_parent_is_an_orphan_root() -> None:
    """True roots come first, whatever the times."""
    tree = arrange([span("lost", 0, 1, "elsewhere"), span("below", 0, 1, "lost"), span("r", 5, 6)])
    assert [(p.span["span_id"], p.depth, p.orphan) for p in tree.placed] == [
        ("r", 0, False),
        ("lost", 0, True),
        ("below", 1, False),
    ]


def test_cycles_are_cut_at_their_earliest_span() -> None:
    """A span that names itself, or a ring of spans, is shown once and ends the walk."""
    tree = arrange(
        [
            span("self", 0, 1, "self"),
            span("x", 3, 4, "z"),
            span("y", 2, 4, "x"),
            span("z", 5, 6, "y"),
        ]
    )
    assert [(p.span["span_id"], p.depth) for p in tree.placed] == [
        ("self", 0),
        ("y", 0),
        ("z", 1),
        ("x", 2),
    ]
    assert critical_path(tree)


def test_a_chain_of_five_thousand_needs_no_recursion() -> None:
    """Depth is data, not stack."""
    chain = [span(str(n), n, 10_000 - n, str(n - 1) if n else "") for n in range(5000)]
    tree = arrange(chain)
    assert tree.placed[-1].depth == 4999
    assert len(critical_path(tree)) == 9999


def test_the_path_follows_what_finished_last() -> None:
    """The drawing in critical_path.py: a overlaps b's end, so it was not waited for."""
    assert path_of(
        span("parent", 0, 32), span("a", 2, 10, "parent"), span("b", 6, 15, "parent"),
        span("c", 19, 27, "parent"),
    ) == [
        ("parent", 0, 6),
        ("b", 6, 15),
        ("parent", 15, 19),
        ("c", 19, 27),
        ("parent", 27, 32),
    ]  # fmt: skip


def test_a_child_that_outlasts_its_parent_was_not_waited_for() -> None:
    """A long poll that is still open at the load event is not on the path."""
    assert path_of(span("load", 0, 10), span("poll", 1, 50, "load"), span("css", 1, 8, "load")) == [
        ("load", 0, 1),
        ("css", 1, 8),
        ("load", 8, 10),
    ]


def test_a_page_that_joined_a_servers_trace_is_the_path() -> None:
    """The page load outlasts the server span that is its parent, so the walk begins with it."""
    assert path_of(
        span("GET", 50, 170, service="edge"),
        span("documentLoad", 0, 1000, "GET"),
        span("documentFetch", 0, 200, "documentLoad"),
    ) == [("documentFetch", 0, 200), ("documentLoad", 200, 1000)]


def test_a_consumer_follows_its_producer() -> None:
    """The producer's part up to the hand-over is on the path, then the consumer."""
    assert path_of(span("send", 0, 10, service="a"), span("work", 8, 50, "send", service="b")) == [
        ("send", 0, 8),
        ("work", 8, 50),
    ]


def test_the_browsers_coarse_clock_does_not_break_the_path() -> None:
    """A child may seem to end a clock step (100 us) after its parent."""
    assert path_of(span("load", 0, 10), span("last", 4, 10.1, "load"))[-1] == ("last", 4, 10)


@pytest.mark.parametrize("zero", [(5, 5), (7, 3)])
def test_spans_of_no_or_negative_length_are_harmless(zero: tuple[int, int]) -> None:
    """They take no time, so they are not on the path."""
    assert path_of(span("r", 0, 10), span("z", *zero, "r")) == [("r", 0, 10)]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 11), st.integers(0, 60), st.integers(-3, 40), st.sampled_from("ab")
        ),
        max_size=12,
    )
)
def test_any_spans_give_a_tree_and_an_ordered_path(
    rows: list[tuple[int, int, int, str]],
) -> None:
    """Every span is placed once; segments are in order, disjoint and inside their spans."""
    spans = [
        span(str(n), start, start + length, str(parent), service)
        for n, (parent, start, length, service) in enumerate(rows)
    ]
    tree = arrange(spans)
    assert sorted(p.span["span_id"] for p in tree.placed) == sorted(s["span_id"] for s in spans)
    by_id = {s["span_id"]: s for s in spans}
    cursor = -(10**18)
    for segment in critical_path(tree):
        owner = by_id[segment.span_id]
        assert cursor <= segment.start_unix_nano < segment.end_unix_nano
        assert owner["start_unix_nano"] <= segment.start_unix_nano
        assert segment.end_unix_nano <= owner["end_unix_nano"]
        cursor = segment.end_unix_nano


TIMES = {
    "fetch_start": 100.0, "domain_lookup_start": 102.0, "domain_lookup_end": 105.0,
    "connect_start": 105.0, "secure_connection_start": 108.0, "connect_end": 112.0,
    "request_start": 113.0, "response_start": 130.5, "response_end": 150.0,
}  # fmt: skip
EXPECTED = [
    ("queued", 0, 2),
    ("dns", 2, 5),
    ("connect", 5, 8),
    ("tls", 8, 12),
    ("queued", 12, 13),
    ("waiting", 13, 30.5),
    ("download", 30.5, 50),
]


def phases_ms(
    record: SpanRecord, children: Sequence[SpanRecord] = ()
) -> list[tuple[str, float, float]]:
    """Compute phases, in ms."""
    return [(name, start / MS, end / MS) for name, start, end in phases(record, children)]


def test_phases_come_from_attributes() -> None:
    """Times are relative to the page's time origin; fetch_start is the span's start."""
    attributes = {f"browser.resource_timing.{name}": value for name, value in TIMES.items()}
    assert phases_ms(span("s", 5000, 5050, attributes=attributes)) == EXPECTED


def test_a_fetch_that_does_not_say_its_end_ends_with_its_span() -> None:
    """Of a fetch, response_end is the span's end; of any other span nothing is known."""
    attributes = {f"browser.resource_timing.{name}": value for name, value in TIMES.items()}
    del attributes["browser.resource_timing.response_end"]
    assert phases_ms(span("s", 5000, 5050, name="resourceFetch", attributes=attributes)) == EXPECTED
    assert phases_ms(span("s", 5000, 5050, attributes=attributes)) == EXPECTED[:-1]


def test_phases_come_from_events() -> None:
    """The events of instrumentation-document-load give the same phases."""

    def camel(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(word.capitalize() for word in rest)

    events = [
        {"name": camel(name), "time_unix_nano": round((5000 + value - 100) * MS)}
        for name, value in TIMES.items()
    ]
    events.append({"name": "exception", "time_unix_nano": 5020 * MS})
    record = span("s", 5000, 5050, events=events)
    assert phases_ms(record) == EXPECTED
    assert [tuple(mark) for mark in marks(record)] == [("exception", 20 * MS)]


def test_a_document_has_its_processing_as_phases() -> None:
    """Navigation timing adds parsing, deferred scripts, DOMContentLoaded, subresources, load."""
    times = TIMES | {
        "dom_interactive": 200.0, "dom_content_loaded_event_start": 210.0,
        "dom_content_loaded_event_end": 215.0, "dom_complete": 300.0,
        "load_event_start": 300.0, "load_event_end": 304.0,
    }  # fmt: skip
    attributes = {f"browser.navigation_timing.{name}": value for name, value in times.items()}
    assert phases_ms(span("s", 0, 204, attributes=attributes))[-5:] == [
        ("parse", 50, 100),
        ("scripts", 100, 110),
        ("ready", 110, 115),
        ("resources", 115, 200),
        ("load", 200, 204),
    ]
    # documentFetch may carry the same attributes: what is after its end is not its own
    assert phases_ms(span("s", 0, 50, attributes=attributes)) == EXPECTED


def test_a_page_load_takes_the_time_origin_from_its_document() -> None:
    """edgetrace's documentLoad has no fetch_start of its own: its documentFetch tells the rest."""
    fetch = span(
        "f",
        5000,
        5050,
        name="documentFetch",
        attributes={f"browser.resource_timing.{name}": value for name, value in TIMES.items()},
    )
    load = span(
        "l",
        5000,
        5204,
        attributes={
            "browser.navigation_timing.dom_interactive": 200.0,
            "browser.navigation_timing.load_event_start": 290.0,
            "browser.paint_timing.first_paint": 150.5,
        },
    )
    assert phases_ms(load, [fetch]) == [*EXPECTED, ("parse", 50, 100)]
    assert [tuple(mark) for mark in marks(load, [fetch])] == [("firstPaint", 50.5 * MS)]
    # without it, the end of the load event is the end of the span
    load["attributes"]["browser.navigation_timing.load_event_end"] = 304.0
    assert phases_ms(load) == [("load", 190, 204)]
    assert [tuple(mark) for mark in marks(load)] == [("firstPaint", 50.5 * MS)]


@pytest.mark.parametrize("form", ["attributes", "events"])
def test_spans_of_edgetrace_are_understood(form: str) -> None:
    """What the agent makes of a browser's entries shows the same phases in both of its forms."""
    entries, _ = entries_from_json([chromium_navigation, chromium_new_connection])
    ids = iter(range(1, 9))
    settings = Settings.from_options(service_name="shop", phases=form)
    view = PageView(
        PageInfo(), settings, AlwaysOn(), lambda: b"t" * 16, lambda: next(ids).to_bytes(8, "big")
    )
    request = ExportTraceServiceRequest()
    for made in view.add(entries, ORIGIN_UNIX_MS, NOW_UNIX_NANO):
        spans = group(request, "shop").spans
        spans.add().ParseFromString(bare_span(encode_span(made)))
    store = Store()
    store.add(request)
    described = describe_trace(store, (b"t" * 16).hex())
    store.close()
    assert described is not None
    names = {
        span["name"]: [phase["name"] for phase in span["phases"]] for span in described["spans"]
    }
    assert names == {
        "documentLoad": ["queued", "waiting", "download", "parse", "scripts", "resources"],
        "documentFetch": ["queued", "waiting", "download"],
        "resourceFetch": ["queued", "connect", "queued", "waiting", "download"],
    }


def bare_span(field: bytes) -> bytes:
    """Take the Span out of the ScopeSpans field that encode_span() makes."""
    return ScopeSpans.FromString(field).spans[0].SerializeToString()


def test_a_reused_connection_shows_the_wait_for_it() -> None:
    """DNS and connect times equal to fetch_start mean a reused connection; the gap is `queued`."""
    names = ("domain_lookup_start", "domain_lookup_end", "connect_start", "connect_end")
    times = TIMES | dict.fromkeys((*names, "secure_connection_start"), 100.0)
    attributes = {f"browser.resource_timing.{name}": value for name, value in times.items()}
    assert phases_ms(span("s", 0, 50, attributes=attributes)) == [
        ("queued", 0, 13),
        ("waiting", 13, 30.5),
        ("download", 30.5, 50),
    ]


@pytest.mark.parametrize("value", [0, 0.0, -1, "12", None, True, float("nan"), float("inf"), [1]])
def test_unusable_times_give_no_phase(value: Any) -> None:
    """Zero means absent (opaque resource); hostile values are ignored."""
    attributes = {f"browser.resource_timing.{name}": value for name in TIMES}
    assert phases(span("s", 0, 50, attributes=attributes)) == []
    attributes["browser.resource_timing.fetch_start"] = 100.0
    assert phases(span("s", 0, 50, attributes=attributes)) == []


def test_phases_are_cut_to_the_span() -> None:
    """A phase that ends after the span ends with it; one outside is left out."""
    attributes = {f"browser.resource_timing.{name}": value for name, value in TIMES.items()}
    assert phases_ms(span("s", 0, 20, attributes=attributes))[-1] == ("waiting", 13, 20)
