# SPDX-License-Identifier: MIT OR Apache-2.0
"""_views: each page's messages reach its own view, and nothing that a page says is an error."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from edgetrace._config import Settings
from edgetrace._ids import IdGenerator
from edgetrace._sampler import AlwaysOff, AlwaysOn
from edgetrace._types import SpanData, StatusCode
from edgetrace._views import MAX_VIEWS, PageViews
from tests.unit import entry_samples as samples
from tests.unit.entry_samples import entry

ORIGIN_MS, NOW = samples.ORIGIN_UNIX_MS, samples.NOW_UNIX_NANO
HELLO = {"kind": "hello", "page": {"url": "https://shop.example/"}}
LOADED = {
    "kind": "entries",
    "origin": ORIGIN_MS,
    "entries": [entry(samples.chromium_navigation), entry(samples.chromium_opaque)],
}


def views() -> PageViews:
    """Views that sample everything, with ids that differ."""
    numbers = count(1)

    def entropy(size: int) -> bytes:
        return b"".join([next(numbers).to_bytes(8, "big") for _ in range(size // 8)])

    return PageViews(Settings(), AlwaysOn(), IdGenerator(entropy))


def tell(pages: PageViews, *messages: dict[str, Any], page: int = 1) -> list[SpanData]:
    """Say all of it as one page; the spans that went out."""
    return [span for message in messages for span in pages.handle(page, message, NOW)]


def test_a_page_view_becomes_spans() -> None:
    """hello, then its entries: the view's spans, under the trace that is known from then on."""
    pages = views()
    assert tell(pages, HELLO) == []
    assert pages.trace_id_hex(1) == ""
    spans = tell(pages, LOADED)
    assert [span.name for span in spans] == ["documentLoad", "documentFetch", "resourceFetch"]
    assert pages.trace_id_hex(1) == spans[0].context.trace_id_hex


def test_pages_are_told_apart() -> None:
    """Two pages at a time: two traces."""
    pages = views()
    first = tell(pages, HELLO, LOADED, page=1)
    second = tell(pages, HELLO, LOADED, page=2)
    assert first[0].context.trace_id != second[0].context.trace_id
    assert pages.counters()["views"] == 2


def test_hello_finishes_the_view_before() -> None:
    """A page that comes back begins a view; what its last one still held goes out."""
    pages = views()
    tell(pages, HELLO, {**LOADED, "entries": [entry(samples.announced)]})
    spans = tell(pages, HELLO)
    assert [span.name for span in spans] == ["documentLoad", "documentFetch"]
    assert pages.trace_id_hex(1) == ""


def test_leave_finishes_the_view_and_later_entries_still_join() -> None:
    """documentLoad goes out with the leave; a page that was only hidden goes on."""
    pages = views()
    tell(pages, HELLO, {**LOADED, "entries": [entry(samples.announced)]})
    (root, *_) = tell(pages, {"kind": "leave"})
    assert root.name == "documentLoad"
    (late,) = tell(pages, {**LOADED, "entries": [entry(samples.chromium_opaque)]})
    assert late.parent == root.context


def test_spans_and_attributes_of_the_page() -> None:
    """Attributes come as the JSON that the page wrote; they are on later spans."""
    pages = views()
    tell(pages, HELLO, LOADED, {"kind": "attribute", "key": "tier", "value": '"gold"'})
    told = {"kind": "span", "name": "checkout", "origin": ORIGIN_MS, "start": 1.0, "end": 2.0}
    (span,) = tell(pages, {**told, "attributes": '{"n": 1}', "error": "TypeError: bad"})
    assert span.attributes["n"] == 1
    assert span.attributes["tier"] == "gold"
    assert span.status.code is StatusCode.ERROR
    (plain,) = tell(pages, {**told, "attributes": "{}", "error": ""})
    assert plain.status.code is StatusCode.UNSET


@pytest.mark.parametrize("attributes", [None, "", "{", "[1]", '"text"', 7])
def test_attributes_that_are_no_json_object_are_left_out(attributes: object) -> None:
    """The span goes out without them."""
    pages = views()
    tell(pages, HELLO, LOADED)
    told = {"kind": "span", "name": "x", "origin": ORIGIN_MS, "start": 1.0, "end": 2.0}
    (span,) = tell(pages, {**told, "attributes": attributes})
    assert span.attributes == {}


def test_messages_of_no_view_are_counted() -> None:
    """Entries without a hello have no page to belong to; an unknown word is nothing."""
    pages = views()
    assert tell(pages, LOADED, {"kind": "leave"}) == []
    assert pages.counters()["strays"] == 2
    assert tell(pages, HELLO, {"kind": "song"}) == []


def test_malformed_rows_are_counted() -> None:
    """What the unpacking could not read is told with the batch."""
    pages = views()
    tell(pages, HELLO, {**LOADED, "malformed": 3})
    assert pages.counters()["malformed"] == 3


def test_the_oldest_view_is_finished_when_there_are_too_many() -> None:
    """Nothing tells that a page is gone, so views are bounded; their counters stay."""
    pages = views()
    tell(pages, HELLO, {**LOADED, "entries": [entry(samples.announced)]}, page=0)
    out = [span for page in range(1, MAX_VIEWS + 1) for span in tell(pages, HELLO, page=page)]
    assert [span.name for span in out] == ["documentLoad", "documentFetch"]
    assert tell(pages, LOADED, page=0) == []
    counters = pages.counters()
    assert counters["views"] == MAX_VIEWS + 1
    assert counters["spans"] == 2


def test_a_seed_names_the_spans_whoever_reads_it() -> None:
    """Two runtimes that are told the same give the same spans; one that goes on, the rest."""
    hello = {**HELLO, "view": ",".join(map(str, range(24)))}
    more = {**LOADED, "entries": [entry(samples.chromium_opaque)]}
    first, second, third = views(), views(), views()
    told = tell(first, hello, LOADED, more)
    assert tell(second, hello, LOADED, more) == told
    assert told[0].context.trace_id == bytes(range(16))
    assert told[0].context.span_id == bytes(range(16, 24))
    announced = {**LOADED, "entries": [entry(samples.chromium_navigation)]}
    assert tell(third, {**hello, "first": 1, "documents": True}, announced, more) == told[3:]


def test_progress_is_what_another_runtime_has_to_know() -> None:
    """How many rows have gone out and whether the documents have; None while something waits."""
    pages = views()
    assert pages.progress(1) is None
    tell(pages, HELLO)
    assert pages.progress(1) is None
    tell(pages, LOADED)
    assert pages.progress(1) == (1, True)


def test_what_is_told_again_after_the_clock_was_set_back_is_the_same() -> None:
    """A message says what time it was said; the runtime's clock bounds those that do not."""
    told = {**LOADED, "now": NOW / 1e6}
    hello = {**HELLO, "view": ",".join(map(str, range(1, 25)))}
    behind = ORIGIN_MS * 10**6
    first, again = (
        [span for message in (hello, told) for span in pages.handle(1, message, now)]
        for pages, now in ((views(), NOW), (views(), int(behind)))
    )
    assert first == again
    assert all(span.end_unix_nano > behind for span in again)
    cut = [span for message in (hello, LOADED) for span in views().handle(1, message, int(behind))]
    assert all(span.end_unix_nano <= behind for span in cut)


@pytest.mark.parametrize("now", [NOW / 1e6 + 2 * 86_400_000, -1.0, "1", None, float("nan")])
def test_a_clock_that_cannot_be_true_is_not_believed(now: object) -> None:
    """More than a day ahead of the runtime's, or no number at all: the runtime's is taken."""
    pages, other = views(), views()
    assert tell(pages, HELLO, {**LOADED, "now": now}) == tell(other, HELLO, LOADED)


def test_of_a_trace_that_is_not_sampled_no_documents_are_due() -> None:
    """Whoever keeps a view until its documents are out need not keep that one."""
    numbers = IdGenerator(lambda size: bytes([1]) * size)
    pages = PageViews(Settings(), AlwaysOff(), numbers)
    assert tell(pages, HELLO, LOADED) == []
    assert pages.progress(1) == (0, True)
