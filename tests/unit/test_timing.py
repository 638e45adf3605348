# SPDX-License-Identifier: MIT OR Apache-2.0
"""_timing: entries become spans whose boundaries are right, whatever the entry says."""

from __future__ import annotations

from fractions import Fraction

import pytest

from edgetrace._entries import TimingEntry
from edgetrace._limits import SpanLimits
from edgetrace._timing import Frame, document_spans, resource_span, unix_nano
from edgetrace._types import (
    Link,
    SpanContext,
    SpanData,
    SpanKind,
    Status,
    StatusCode,
)
from tests.unit import entry_samples as samples

ROOT = SpanContext(bytes.fromhex("0af7651916cd43dd8448eb211c80319c"), b"rootroot", 3)
SERVER = SpanContext(ROOT.trace_id, b"serverrr", 3, (), True)
FETCH_ID = b"fetchfet"
FRAME = Frame(ROOT, SERVER, samples.ORIGIN_UNIX_NANO, samples.NOW_UNIX_NANO)
EVENTS = FRAME._replace(phases="events")


def resource(sample: dict[str, object], frame: Frame = FRAME, **changes: object) -> SpanData:
    """A sample's resourceFetch."""
    return resource_span(samples.entry(sample, **changes), b"resource", frame)


def documents(sample: dict[str, object], frame: Frame = FRAME, **rest: object) -> list[SpanData]:
    """A sample's documentLoad and documentFetch."""
    arguments: dict[str, object] = {"page": {}, "paints": {}, **rest}
    return document_spans(samples.entry(sample), FETCH_ID, frame, **arguments)  # type: ignore[arg-type]


def ms(span: SpanData) -> tuple[float, float]:
    """Start and end in ms since the origin."""
    origin = samples.ORIGIN_UNIX_NANO
    return (span.start_unix_nano - origin) / 1e6, (span.end_unix_nano - origin) / 1e6


@pytest.mark.parametrize(
    "unix_ms",
    [1795244139542.7, 1795244139542.123, 0.001, 1795244139542.9995, 4102444800000.0, 1.0],
)
def test_an_origin_is_good_to_the_microsecond(unix_ms: float) -> None:
    """What the float64 of milliseconds says, rounded to us once."""
    exact = Fraction(unix_ms) * 1_000_000
    assert abs(unix_nano(unix_ms) - exact) <= 500
    assert unix_nano(unix_ms) % 1000 == 0


def test_times_are_origin_plus_entry_to_the_microsecond() -> None:
    """Added as integers: the sum loses nothing that both had."""
    span = resource(samples.chromium_new_connection)
    assert span.start_unix_nano == 1795244139542700000 + 32_100_000
    assert span.end_unix_nano == 1795244139542700000 + 150_700_000


def test_a_resource_is_a_child_of_the_root() -> None:
    """Its trace, flags and state are the root's, its kind is INTERNAL."""
    frame = FRAME._replace(root=ROOT._replace(trace_state=(("a", "b"),)))
    span = resource(samples.chromium_missing, frame)
    assert span.context == frame.root._replace(span_id=b"resource")
    assert (span.parent, span.name, span.kind) == (frame.root, "resourceFetch", SpanKind.INTERNAL)


def test_status_400_and_above_is_an_error() -> None:
    """The status has no description, the code says it all."""
    assert resource(samples.chromium_missing).status == Status(StatusCode.ERROR)
    assert resource(samples.chromium_opaque).status == Status()
    assert documents({**samples.chromium_navigation, "responseStatus": 503})[1].status == Status(
        StatusCode.ERROR
    )


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (samples.chromium_opaque, (34.4, 121.1)),
        (samples.chromium_cached, (184.4, 185.5)),
        (samples.redirected, (20.5, 100.0)),
        (samples.service_worker, (12.0, 18.0)),
        (samples.failed, (50.0, 75.0)),
        ({**samples.failed, "duration": 0}, (50.0, 50.0)),
        ({**samples.failed, "fetchStart": 0}, (50.0, 75.0)),
        ({**samples.failed, "responseStart": 90}, (50.0, 90.0)),
        ({**samples.failed, "responseEnd": 40}, (50.0, 50.0)),
        ({"entryType": "resource"}, (0.0, 0.0)),
    ],
)
def test_resource_boundaries(sample: dict[str, object], expected: tuple[float, float]) -> None:
    """fetchStart to responseEnd; without either, what is nearest; never an end before the start."""
    assert ms(resource(sample)) == expected


def test_nothing_lies_in_the_future() -> None:
    """What an entry puts after now is now."""
    frame = EVENTS._replace(now_unix_nano=samples.ORIGIN_UNIX_NANO + 60_000_000)
    span = resource(samples.chromium_new_connection, frame)
    assert ms(span) == (32.1, 60.0)
    assert max(event.time_unix_nano for event in span.events) == frame.now_unix_nano
    span = resource(samples.chromium_new_connection, frame._replace(now_unix_nano=5))
    assert (span.start_unix_nano, span.end_unix_nano) == (5, 5)


def test_no_event_lies_before_the_start() -> None:
    """Chromium's documentFetch on plain http has secureConnectionStart 0: it is no event."""
    fetch = documents(samples.chromium_navigation, EVENTS)[1]
    names = [event.name for event in fetch.events]
    assert names == [
        *("fetchStart", "domainLookupStart", "domainLookupEnd", "connectStart", "connectEnd"),
        *("requestStart", "responseStart", "responseEnd"),
    ]
    assert min(event.time_unix_nano for event in fetch.events) == fetch.start_unix_nano
    odd = resource(samples.chromium_missing, EVENTS, connectStart=1)
    assert "connectStart" not in [event.name for event in odd.events]


def test_events_only_in_events_mode() -> None:
    """The other modes have none."""
    assert resource(samples.chromium_missing).events == []
    assert documents(samples.chromium_navigation)[0].events == []


def test_a_server_span_is_linked() -> None:
    """A response that names its server's span is linked; a cached one names another visit's."""
    link = Link(SpanContext(ROOT.trace_id, bytes.fromhex("b7ad6b7169203331"), 1, (), True))
    assert resource(samples.h2_with_early_hints).links == (link,)
    assert resource(samples.chromium_cached).links == ()
    assert resource(samples.h2_with_early_hints, serverTiming="traceparent;desc=no").links == ()
    assert resource(samples.h2_with_early_hints, serverTiming="x-traceparent;dur=1").links == ()


def test_a_document_is_two_spans() -> None:
    """documentLoad under the server's span, documentFetch under documentLoad."""
    load, fetch = documents(samples.chromium_navigation)
    assert (load.name, load.context, load.parent) == ("documentLoad", ROOT, SERVER)
    assert ms(load) == (0.8, 665.7)
    assert (fetch.name, fetch.parent) == ("documentFetch", ROOT)
    assert fetch.context == ROOT._replace(span_id=FETCH_ID)
    assert ms(fetch) == (0.8, 9.7)


def test_document_events_end_with_the_paints() -> None:
    """As document-load adds them: after the load's own, in the order they came."""
    load = documents(
        samples.chromium_navigation,
        EVENTS,
        paints={"first-paint": 212.2, "first-contentful-paint": 228.0},
    )[0]
    assert [event.name for event in load.events] == [
        *("fetchStart", "domInteractive", "domContentLoadedEventStart"),
        *("domContentLoadedEventEnd", "domComplete", "loadEventStart", "loadEventEnd"),
        *("firstPaint", "firstContentfulPaint"),
    ]
    assert load.events[-1].time_unix_nano == samples.ORIGIN_UNIX_NANO + 228_000_000


def test_page_attributes_and_links_go_on_the_load_only() -> None:
    """They stand before the entry's own."""
    link = Link(SERVER)
    load, fetch = documents(
        samples.chromium_navigation, page={"a": 1, "url.full": "x"}, links=[link]
    )
    assert (load.attributes["a"], load.attributes["url.full"]) == (1, "x")
    assert list(load.links) == [link]
    assert "a" not in fetch.attributes
    assert list(fetch.links) == []


@pytest.mark.parametrize(
    ("last_ms", "expected"), [(0, 665.5), (600, 665.5), (700, 700.0), (4e6, 3.6e6)]
)
def test_a_load_that_was_left_ends_at_the_last_time_known(last_ms: int, expected: float) -> None:
    """Of the entry, or of what else the page did; never in the future."""
    last = samples.ORIGIN_UNIX_NANO + int(last_ms * 1e6)
    load = documents(samples.left_early, last_unix_nano=last)[0]
    assert ms(load) == (0.8, expected)


def test_a_document_that_was_left_ends_where_it_was() -> None:
    """Without responseEnd, the last phase of the fetch."""
    load, fetch = documents(samples.announced)
    assert ms(load) == ms(fetch) == (1.0, 1.0)
    fetch = documents({**samples.announced, "connectEnd": 3, "requestStart": 4})[1]
    assert ms(fetch) == (1.0, 4.0)


def test_a_restore_is_one_span() -> None:
    """From pageshow to the first frame after it; nothing was fetched, and there are no events."""
    (load,) = documents(samples.restored, EVENTS)
    assert ms(load) == (90_000.5, 90_016.25)
    assert load.events == []
    (load,) = documents({**samples.restored, "responseEnd": 0})
    assert ms(load) == (90_000.5, 90_000.5)


def test_limits_hold_and_are_counted() -> None:
    """Attributes, lengths, events and links, as for any span."""
    frame = EVENTS._replace(limits=SpanLimits(attributes=2, value_length=4, events=3, links=0))
    span = resource(samples.h2_with_early_hints, frame)
    whole = resource(samples.h2_with_early_hints, EVENTS)
    assert span.attributes == {"url.full": "http", "http.response.status_code": 200}
    assert span.dropped_attributes_count == len(whole.attributes) - 2
    assert [event.name for event in span.events] == [
        "fetchStart",
        "domainLookupStart",
        "domainLookupEnd",
    ]
    assert (span.dropped_events_count, span.links, span.dropped_links_count) == (6, (), 1)
    cut = resource(samples.h2_with_early_hints, FRAME._replace(limits=SpanLimits(value_length=2)))
    assert cut.attributes[("browser.resource_timing.initiator_type")] == "sc"
    assert cut.dropped_attributes_count == 0


def test_an_error_is_an_error_even_if_its_attribute_was_dropped() -> None:
    """The limits take attributes, never the status."""
    frame = FRAME._replace(limits=SpanLimits(attributes=0))
    assert resource(samples.chromium_missing, frame).status.code == StatusCode.ERROR


def test_an_empty_entry_is_a_span_at_the_origin() -> None:
    """Nothing known is nothing claimed."""
    span = resource_span(TimingEntry(), b"resource", FRAME)
    assert ms(span) == (0.0, 0.0)
    assert span.attributes == {}
