# SPDX-License-Identifier: MIT OR Apache-2.0
"""_page: one page view is one trace, in whatever order its parts come in."""

from __future__ import annotations

import math
from itertools import count
from typing import Any

import pytest

from edgetrace._config import Settings
from edgetrace._entries import TimingEntry
from edgetrace._page import COUNTERS, MAX_WAITING, PageView
from edgetrace._page_info import PageInfo
from edgetrace._sampler import AlwaysOff, AlwaysOn, Decision, ParentBased, SamplingResult
from edgetrace._types import SpanData, StatusCode
from tests.unit import entry_samples as samples
from tests.unit.entry_samples import entry

PARENT = "00-11111111111111111111111111111111-2222222222222222-01"
ORIGIN_MS, ORIGIN, NOW = samples.ORIGIN_UNIX_MS, samples.ORIGIN_UNIX_NANO, samples.NOW_UNIX_NANO
ENDED = entry(samples.chromium_navigation)
ANNOUNCED = entry(samples.announced)
RESOURCE = entry(samples.chromium_opaque)
RESTORED = entry(samples.restored)


def view(sampler: Any = None, info: PageInfo | None = None, **options: Any) -> PageView:
    """A view with ids 1, 2, 3, ..."""
    numbers = count(1)
    return PageView(
        info or PageInfo(url="https://shop.example/", user_agent="Mozilla/5.0"),
        Settings(**options),
        sampler or ParentBased(AlwaysOn()),
        lambda: next(numbers).to_bytes(16, "big"),
        lambda: next(numbers).to_bytes(8, "big"),
    )


def names(spans: list[SpanData]) -> list[str]:
    """The spans' names."""
    return [span.name for span in spans]


def is_one_trace(spans: list[SpanData]) -> bool:
    """One trace id, span ids of their own, all but the root under the root."""
    root = next(span for span in spans if span.name == "documentLoad")
    return (
        {span.context.trace_id for span in spans} == {root.context.trace_id}
        and len({span.context.span_id for span in spans}) == len(spans)
        and all(span.parent == root.context for span in spans if span is not root)
    )


def counted(page: PageView, **expected: int) -> bool:
    """Whether the counters are as expected, the others 0."""
    return page.counters == {**dict.fromkeys(COUNTERS, 0), **expected}


def test_a_whole_page_in_one_batch() -> None:
    """documentLoad, documentFetch and the resources, documentLoad first, one trace."""
    page = view()
    spans = page.add([RESOURCE, RESOURCE, ENDED], ORIGIN_MS, NOW)
    assert names(spans) == ["documentLoad", "documentFetch", "resourceFetch", "resourceFetch"]
    assert is_one_trace(spans)
    assert spans[0].parent is None
    assert spans[0].attributes["user_agent.original"] == "Mozilla/5.0"
    assert counted(page, entries=3, spans=4)
    assert page.finish(NOW) == []


def test_entries_wait_for_the_navigation() -> None:
    """Its Server-Timing may name the trace; what waited goes out when it has come."""
    page = view()
    assert page.add([RESOURCE], ORIGIN_MS, NOW) == []
    assert page.waiting == 1
    assert page.context is None
    assert not page.sampled
    announced = ANNOUNCED._replace(server_timing=f"traceparent;dur=0;desc={PARENT}")
    spans = page.add([announced], ORIGIN_MS, NOW)
    assert names(spans) == ["resourceFetch"]
    assert page.waiting == 0
    assert page.context is not None
    assert spans[0].parent == page.context
    assert page.context.trace_id_hex == "1" * 32
    assert page.sampled


def test_children_may_go_out_before_their_root() -> None:
    """They need its id only; documentLoad follows when the load has ended."""
    page = view()
    spans = page.add([ANNOUNCED, RESOURCE], ORIGIN_MS, NOW)
    assert names(spans) == ["resourceFetch"]
    spans += page.add([ENDED], ORIGIN_MS, NOW)
    spans += page.add([RESOURCE], ORIGIN_MS, NOW)
    assert names(spans) == ["resourceFetch", "documentLoad", "documentFetch", "resourceFetch"]
    assert is_one_trace(spans)


def test_the_servers_span_is_the_parent() -> None:
    """<meta name="traceparent"> first."""
    page = view(info=PageInfo(traceparent=PARENT))
    load = page.add([ENDED], ORIGIN_MS, NOW)[0]
    assert load.parent is not None
    assert load.parent.span_id_hex == "2" * 16
    assert load.parent.is_remote
    assert load.context.trace_id_hex == "1" * 32


def test_a_stale_parent_is_linked() -> None:
    """A document from the cache begins a trace of its own."""
    page = view(info=PageInfo(traceparent=PARENT))
    load = page.add([ENDED._replace(delivery_type="cache", transfer_size=0.0)], ORIGIN_MS, NOW)[0]
    assert load.parent is None
    assert [link.context.trace_id_hex for link in load.links] == ["1" * 32]


def test_a_view_that_is_not_sampled_only_counts() -> None:
    """The decision is made once, for the whole view."""
    page = view(info=PageInfo(traceparent=PARENT[:-1] + "0"))
    assert page.add([RESOURCE], ORIGIN_MS, NOW) == []
    assert page.add([ENDED, RESOURCE], ORIGIN_MS, NOW) == []
    assert page.span("a", 0, 1) is None
    assert page.finish(NOW) == []
    assert not page.sampled
    assert page.context is not None
    assert counted(page, entries=3, unsampled=3)


def test_record_only_is_not_exported() -> None:
    """There is nobody here to read it."""

    class RecordOnly(AlwaysOff):
        def should_sample(self, *arguments: object) -> SamplingResult:
            return SamplingResult(Decision.RECORD_ONLY)

    assert view(RecordOnly()).add([ENDED], ORIGIN_MS, NOW) == []


def test_the_sampler_sees_the_page_once_and_adds_attributes() -> None:
    """It is told the URL, redacted, and what it adds goes on the root."""
    asked = []

    class Asked(AlwaysOn):
        def should_sample(self, *arguments: Any) -> SamplingResult:
            asked.append(arguments)
            return SamplingResult(Decision.RECORD_AND_SAMPLE, {"sampler": "asked"})

    page = view(Asked())
    named = ENDED._replace(name="https://shop.example/?token=1")
    load = page.add([named, RESOURCE], ORIGIN_MS, NOW)[0]
    page.add([RESOURCE], ORIGIN_MS, NOW)
    assert load.attributes["sampler"] == "asked"
    assert len(asked) == 1
    assert asked[0][2] == "documentLoad"
    assert asked[0][4]["url.full"] == "https://shop.example/?token=REDACTED"


def test_paints_go_on_the_root_or_are_counted() -> None:
    """Those before documentLoad went out are part of it, later and unknown ones are not."""
    page = view()
    paints = [entry(samples.chromium_paint), entry(samples.chromium_contentful_paint)]
    load = page.add([*paints, ENDED], ORIGIN_MS, NOW)[0]
    assert load.attributes["browser.paint_timing.first_paint"] == 212.2
    assert load.attributes["browser.paint_timing.first_contentful_paint"] == 228
    assert page.add([*paints, TimingEntry(kind=2.0, name="other")], ORIGIN_MS, NOW) == []
    assert counted(page, entries=6, spans=2, late=2, unknown=1)


def test_a_visitor_who_leaves_early_leaves_a_root() -> None:
    """It ends at the last time known, here a resource's end; once only."""
    page = view()
    spans = page.add([entry(samples.announced), RESOURCE], ORIGIN_MS, NOW)
    spans += page.finish(NOW)
    assert names(spans) == ["resourceFetch", "documentLoad", "documentFetch"]
    assert is_one_trace(spans)
    assert spans[1].end_unix_nano == spans[0].end_unix_nano
    assert page.finish(NOW) == []
    assert page.add([ENDED], ORIGIN_MS, NOW) == []
    assert names(page.add([RESOURCE], ORIGIN_MS, NOW)) == ["resourceFetch"]
    assert counted(page, entries=4, spans=4, late=1)


def test_without_a_navigation_a_root_is_made_up() -> None:
    """It spans what there is, so that nothing is an orphan; there was no fetch to tell of."""
    page = view()
    page.add([RESOURCE, entry(samples.chromium_missing)], ORIGIN_MS, NOW)
    spans = page.finish(NOW)
    assert names(spans) == ["documentLoad", "resourceFetch", "resourceFetch"]
    assert is_one_trace(spans)
    root = spans[0]
    assert root.start_unix_nano == min(span.start_unix_nano for span in spans[1:])
    assert root.end_unix_nano == max(span.end_unix_nano for span in spans[1:])
    assert root.attributes["url.full"] == "https://shop.example/"


def test_an_empty_view_is_nothing() -> None:
    """Nothing came in, nothing goes out, not even an id is drawn."""
    page = view()
    assert page.finish(NOW) == []
    assert page.add([], ORIGIN_MS, NOW) == []
    assert page.context is None
    assert counted(page)


def test_a_late_navigation_completes_the_view() -> None:
    """Where the trace had to begin without it, its server's span is linked instead."""
    page = view()
    spans = page.add([RESOURCE] * (MAX_WAITING + 1), ORIGIN_MS, NOW)
    assert len(spans) == MAX_WAITING + 1
    late = ENDED._replace(server_timing=f"traceparent;dur=0;desc={PARENT}")
    load = page.add([late], ORIGIN_MS, NOW)[0]
    assert load.name == "documentLoad"
    assert load.parent is None
    assert [link.context.trace_id_hex for link in load.links] == ["1" * 32]


def test_a_late_navigation_of_the_same_trace_needs_no_link() -> None:
    """Nor does one that names no span."""
    for timing in (f"traceparent;dur=0;desc={PARENT}", ""):
        page = view(info=PageInfo(traceparent=PARENT))
        page.add([RESOURCE] * (MAX_WAITING + 1), ORIGIN_MS, NOW)
        load = page.add([ENDED._replace(server_timing=timing)], ORIGIN_MS, NOW)[0]
        assert list(load.links) == []


def test_a_restore_is_a_view_of_its_own() -> None:
    """A new trace, whatever the page's <meta> says: it is the first visit's."""
    page = view(info=PageInfo(traceparent=PARENT))
    assert page.add([RESTORED._replace(response_end=0.0)], ORIGIN_MS, NOW) == []
    spans = page.add([RESTORED, RESOURCE], ORIGIN_MS, NOW)
    assert names(spans) == ["documentLoad", "resourceFetch"]
    assert is_one_trace(spans)
    load = spans[0]
    assert (load.parent, list(load.links)) == (None, [])
    assert load.attributes["browser.navigation_timing.type"] == "back_forward_cache"
    assert load.end_unix_nano - load.start_unix_nano == 15_750_000


def test_a_restore_that_is_left_before_its_first_frame() -> None:
    """It goes out with `finish`."""
    page = view()
    page.add([RESTORED._replace(response_end=0.0)], ORIGIN_MS, NOW)
    assert names(page.finish(NOW)) == ["documentLoad"]


def test_an_entry_without_a_url_has_the_pages() -> None:
    """The hello knows it."""
    load = view().add([ENDED._replace(name="")], ORIGIN_MS, NOW)[0]
    assert load.attributes["url.full"] == "https://shop.example/"


def test_settings_reach_the_spans() -> None:
    """Phases, the URL policy and the limits."""
    named = RESOURCE._replace(name="https://h/?a=1")
    load, fetch, resource = view(phases="events", url_query="drop").add(
        [ENDED, named], ORIGIN_MS, NOW
    )
    assert load.events
    assert fetch.events
    assert resource.attributes["url.full"] == "https://h/"
    load = view(attribute_count_limit=1).add([ENDED], ORIGIN_MS, NOW)[0]
    assert len(load.attributes) == 1
    assert load.dropped_attributes_count > 1


def test_each_batch_has_its_own_origin() -> None:
    """The page anchors time anew after it slept; what waited keeps its own."""
    page = view()
    page.add([RESOURCE], ORIGIN_MS, NOW)
    spans = page.add([ENDED, RESOURCE], ORIGIN_MS + 5000, NOW)
    first, second = spans[2:]
    assert first.start_unix_nano == ORIGIN + 34_400_000
    assert second.start_unix_nano == ORIGIN + 5_034_400_000


@pytest.mark.parametrize("origin", [0, -1, math.nan, math.inf, 1e300, None, "1"])
def test_an_origin_that_cannot_be_true_is_the_last_one(origin: Any) -> None:
    """Without a last one there is no time at all: such entries are counted."""
    page = view()
    assert page.add([ENDED, RESOURCE], origin, NOW) == []
    assert counted(page, entries=2, without_origin=2)
    page.add([ENDED], ORIGIN_MS, NOW)
    assert page.add([RESOURCE], origin, NOW)[0].start_unix_nano == ORIGIN + 34_400_000


def test_what_is_mended_or_clamped_is_counted() -> None:
    """One per entry."""
    page = view()
    broken = RESOURCE._replace(connect_start=math.nan, connect_end=-1.0)
    late = RESOURCE._replace(response_end=1e10)
    spans = page.add([ENDED, broken, late, TimingEntry(kind=9.0)], ORIGIN_MS, NOW)
    assert max(span.end_unix_nano for span in spans) == NOW
    assert counted(page, entries=4, spans=4, repaired=1, clamped=1, unknown=1)


def test_a_custom_span_joins_the_trace() -> None:
    """With the page's attributes and its own, which stand before them."""
    page = view()
    page.add([ENDED], ORIGIN_MS, NOW)
    page.set_attribute("tier", "gold")
    page.set_attribute("step", 1)
    span = page.span("pay", 10, 20.5, {"step": 2}, "Error: declined")
    assert span is not None
    assert span.parent == page.context
    assert span.start_unix_nano == ORIGIN + 10_000_000
    assert span.end_unix_nano == ORIGIN + 20_500_000
    assert span.attributes == {"error.type": "Error", "tier": "gold", "step": 2}
    assert span.status.code == StatusCode.ERROR


def test_a_custom_span_waits_like_an_entry() -> None:
    """It comes out with the navigation; its own origin and now are optional."""
    page = view()
    assert page.span("early", 1, 2, origin_unix_ms=ORIGIN_MS) is None
    assert page.waiting == 1
    spans = page.add([ENDED], ORIGIN_MS + 5000, NOW)
    assert names(spans) == ["documentLoad", "documentFetch", "early"]
    assert is_one_trace(spans)
    assert spans[2].end_unix_nano == ORIGIN + 2_000_000
    clamped = page.span("now", 1, 9, origin_unix_ms=ORIGIN_MS, now_unix_nano=ORIGIN + 5_000_000)
    assert clamped is not None
    assert clamped.end_unix_nano == ORIGIN + 5_000_000


def test_custom_spans_alone_cannot_fill_the_memory() -> None:
    """With MAX_WAITING waiting, the trace begins; nothing is lost."""
    page = view()
    for number in range(MAX_WAITING):
        assert page.span(str(number), 1, 2, origin_unix_ms=ORIGIN_MS) is None
    assert page.span("one more", 1, 2) is not None
    assert len(page.finish(NOW)) == MAX_WAITING + 1


def test_a_custom_span_that_cannot_be_is_counted() -> None:
    """Backwards, or before any time is known; and its invalid attributes."""
    page = view()
    assert page.span("a", 1, 2) is None
    assert page.span("a", 2, 1, origin_unix_ms=ORIGIN_MS) is None
    assert page.span("a", 1, 2, {"x": object()}, origin_unix_ms=ORIGIN_MS) is None
    assert counted(page, invalid_spans=2, invalid_attributes=1)


def test_page_attributes_go_on_the_root() -> None:
    """What cannot be set is counted."""
    page = view(attribute_count_limit=1)
    page.set_attribute("tier", "gold")
    page.set_attribute("two", 2)
    page.set_attribute("", 3)
    assert counted(page, dropped_attributes=1, invalid_attributes=1)
    page = view()
    page.set_attribute("tier", "gold")
    load = page.add([ENDED], ORIGIN_MS, NOW)[0]
    assert load.attributes["tier"] == "gold"


def test_an_hour_of_entries_leaves_nothing_behind() -> None:
    """10,000 later entries give 10,000 spans, and the view keeps none of them."""
    page = view()
    page.add([ENDED], ORIGIN_MS, NOW)
    total = sum(len(page.add([RESOURCE] * 100, ORIGIN_MS, NOW)) for _ in range(100))
    assert total == 10_000
    assert page.waiting == 0
    assert counted(page, entries=10_001, spans=10_002)
