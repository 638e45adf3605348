# SPDX-License-Identifier: MIT OR Apache-2.0
"""The demo's completeness check: the browser's account of a page load against its spans."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.demo_check import EDGE_SERVICE, PAGE_SERVICE, Entry, PageLoad, problems

PAGE = PageLoad(
    "http://shop.test/",
    (
        Entry("http://shop.test/a.js", 1000.0, 1020.0, 200),
        Entry("http://shop.test/a.js", 1500.0, 1510.0, 200),
        Entry("http://cdn.test/b.png", 1010.0, 1040.0, 0),
    ),
)


def a_span(
    number: int, name: str, url: str, start_ms: float, end_ms: float, status: int = 0
) -> dict[str, Any]:
    """A span of trace "t" below span 1."""
    attributes: dict[str, Any] = {"url.full": url}
    if status:
        attributes["http.response.status_code"] = status
    return {
        "trace_id": "t",
        "span_id": str(number),
        "parent_span_id": "1" if number > 1 else "s",
        "service": PAGE_SERVICE,
        "kind": 1,
        "name": name,
        "start_unix_nano": round(start_ms * 1e6),
        "end_unix_nano": round(end_ms * 1e6),
        "attributes": attributes,
    }


def edge_spans() -> list[dict[str, Any]]:
    """What the edge has of PAGE: its request, and the one that it made to the origin."""
    server = a_span(1, "GET", "", 992, 997) | {"span_id": "s", "parent_span_id": "", "kind": 2}
    client = a_span(1, "GET", "http://origin.test/", 993, 996)
    client |= {"span_id": "c", "parent_span_id": "s", "kind": 3}
    return [span | {"service": EDGE_SERVICE} for span in (server, client)]


def complete() -> list[dict[str, Any]]:
    """The spans of PAGE, all of them."""
    return [
        a_span(1, "documentLoad", PAGE.url, 990, 1600),
        a_span(2, "documentFetch", PAGE.url, 990, 999),
        *(
            a_span(n, "resourceFetch", e.url, e.start_unix_ms, e.end_unix_ms, e.status)
            for n, e in enumerate(PAGE.resources, 3)
        ),
        *edge_spans(),
    ]


def test_a_complete_trace_has_no_problems() -> None:
    """Every resource as often as the browser saw it, below one documentLoad: nothing to say."""
    assert problems(PAGE, complete()) == []


def test_other_traces_do_not_count() -> None:
    """A span in another trace does not stand in for one that is missing here."""
    spans = complete()
    spans[4]["trace_id"] = "another"
    assert problems(PAGE, spans) == ["1 of 3 resources missing: http://cdn.test/b.png"]


def test_no_root_is_said_first() -> None:
    """Without a documentLoad of this URL there is no trace to look into."""
    assert problems(PAGE, []) == ["no documentLoad span"]
    assert problems(PAGE, complete() * 2) == ["2 documentLoad spans"]


def test_a_resource_too_many_is_a_problem() -> None:
    """Something the browser did not load must not be in the trace."""
    extra = a_span(9, "resourceFetch", "http://shop.test/x", 1000, 1001)
    assert problems(PAGE, [*complete(), extra]) == ["1 resources too many: http://shop.test/x"]


def test_a_resource_once_instead_of_twice_is_missed() -> None:
    """Equal URLs are counted, not only looked up."""
    spans = complete()
    del spans[3]
    assert problems(PAGE, spans) == ["1 of 3 resources missing: http://shop.test/a.js"]


def test_two_document_fetches_are_a_problem() -> None:
    """There is exactly one documentFetch."""
    extra = a_span(9, "documentFetch", PAGE.url, 990, 999)
    assert problems(PAGE, [*complete(), extra]) == ["2 documentFetch spans instead of 1"]


def test_wrong_parents_are_counted() -> None:
    """Resources and the document's fetch belong below documentLoad."""
    spans = complete()
    spans[2]["parent_span_id"] = "2"
    spans[0]["parent_span_id"] = "7"
    assert problems(PAGE, spans) == [
        "documentLoad is not a child of the edge's SERVER span",
        "1 spans are not children of documentLoad",
    ]


@pytest.mark.parametrize(("field", "fine_ms"), [("start_unix_nano", 0.9), ("end_unix_nano", -0.9)])
def test_times_must_be_the_browsers(field: str, fine_ms: float) -> None:
    """Up to a millisecond is rounding, more is wrong."""
    spans = complete()
    spans[4][field] += round(fine_ms * 1e6)
    assert problems(PAGE, spans) == []
    spans[4][field] += round(fine_ms * 1e6)
    assert problems(PAGE, spans) == ["1 times off by over 1 ms: http://cdn.test/b.png"]


def test_statuses_must_be_the_browsers_where_it_tells() -> None:
    """A status that the browser hides (0) is not compared; one that it shows must agree."""
    spans = complete()
    spans[2]["attributes"]["http.response.status_code"] = 304
    assert problems(PAGE, spans) == ["1 wrong statuses: http://shop.test/a.js (304 instead of 200)"]


def test_long_lists_are_cut() -> None:
    """Three URLs are named, the others counted."""
    page = PageLoad(PAGE.url, tuple(Entry(f"http://x/{n}", 0, 1) for n in range(5)))
    assert problems(page, [*complete()[:2], *edge_spans()]) == [
        "5 of 5 resources missing: http://x/0, http://x/1, http://x/2 and 2 more"
    ]


def test_a_trace_that_begins_in_the_browser_is_not_complete() -> None:
    """The page has to be part of the edge's trace."""
    spans = complete()
    spans[0]["parent_span_id"] = ""
    assert problems(PAGE, spans) == ["documentLoad is not part of the edge's trace"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind": 1}, "0 SERVER spans of the edge instead of 1"),
        ({"service": "another"}, "0 SERVER spans of the edge instead of 1"),
        ({"parent_span_id": "x"}, "the edge's SERVER span has a parent"),
    ],
)
def test_the_edges_server_span_is_the_root(change: dict[str, Any], problem: str) -> None:
    """One SERVER span of the edge's service, and nothing above it."""
    spans = complete()
    spans[5] |= change
    assert problems(PAGE, spans) == [problem]


def test_a_resources_request_does_not_belong_into_the_pages_trace() -> None:
    """Browsers send no traceparent with resources; a second SERVER span is somebody's mistake."""
    spans = [*complete(), edge_spans()[0] | {"span_id": "r", "parent_span_id": "3"}]
    assert problems(PAGE, spans) == ["2 SERVER spans of the edge instead of 1"]
    spans[-1]["trace_id"] = "its own"
    assert problems(PAGE, spans) == []


def test_the_origins_subrequest_is_in_the_trace() -> None:
    """One CLIENT span, below the SERVER span."""
    spans = complete()
    assert problems(PAGE, spans[:-1]) == ["no CLIENT span for the edge's request to the origin"]
    spans[-1]["parent_span_id"] = "1"
    found = ["1 CLIENT spans at the edge, not 1 below its SERVER span"]
    assert problems(PAGE, spans) == found


def test_the_page_has_the_service_that_the_gateway_gave_it() -> None:
    """The tag's attributes come from the gateway's settings."""
    spans = complete()
    spans[0]["service"] = "unknown_service"
    found = [f"the page's service is unknown_service instead of {PAGE_SERVICE}"]
    assert problems(PAGE, spans) == found
