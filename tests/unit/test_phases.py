# SPDX-License-Identifier: MIT OR Apache-2.0
"""_phases: what an entry says, as attributes and as events."""

from __future__ import annotations

import pytest

from edgetrace._entries import TimingEntry
from edgetrace._phases import (
    FETCH_EVENTS,
    LOAD_EVENTS,
    events,
    fetch_attributes,
    last_known_ms,
    load_attributes,
)
from tests.unit import entry_samples as samples

R = "browser.resource_timing."
N = "browser.navigation_timing."


def timing(attributes: dict[str, object]) -> dict[str, object]:
    """The resource timing attributes, without their prefix."""
    return {key.removeprefix(R): value for key, value in attributes.items() if key.startswith(R)}


def fetch(sample: dict[str, object], phases: str = "attributes", **changes: object) -> dict:
    """A sample's attributes."""
    return dict(fetch_attributes(samples.entry(sample, **changes), phases, "redact"))


def test_a_fetch_over_a_new_connection() -> None:
    """All that happened is there, once, in milliseconds without JavaScript's noise."""
    assert fetch(samples.chromium_new_connection) == {
        "url.full": "http://127.0.0.1:8761/assets/api/v1/cart-9b810e76.css",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        R + "render_blocking_status": "blocking",
        R + "initiator_type": "link",
        R + "content_type": "text/css",
        R + "fetch_start": 32.1,
        R + "domain_lookup_start": 45.2,
        R + "domain_lookup_end": 45.2,
        R + "connect_start": 45.2,
        R + "connect_end": 57.1,
        R + "request_start": 61.1,
        R + "response_start": 146.1,
        "http.response.body.size": 26,
        R + "decoded_body_size": 1868,
        R + "transfer_size": 326,
        R + "server_timing.db.description": 'q, "x"; 100%',
        R + "server_timing.db.duration": 12.3,
        R + "server_timing.cache.description": "hit",
        R + "server_timing.miss.duration": 0,
    }


def test_a_fetch_over_https_and_h2() -> None:
    """The handshake and an early hint are phases; `http` is the protocol name's default."""
    attributes = fetch(samples.h2_with_early_hints)
    assert attributes["network.protocol.version"] == "2"
    assert "network.protocol.name" not in attributes
    assert timing(attributes) == {
        "render_blocking_status": "non-blocking",
        "initiator_type": "script",
        "fetch_start": 20.5,
        "domain_lookup_start": 21,
        "domain_lookup_end": 30,
        "connect_start": 30,
        "secure_connection_start": 40,
        "connect_end": 55,
        "request_start": 55.2,
        "first_interim_response_start": 60,
        "response_start": 60,
        "transfer_size": 10300,
    }


def test_whole_milliseconds_are_integers() -> None:
    """They take 2 to 4 bytes on the wire, a double 9."""
    attributes = timing(fetch(samples.h2_with_early_hints))
    assert type(attributes["connect_end"]) is int
    assert type(attributes["request_start"]) is float


def test_less_than_half_a_microsecond_is_no_time() -> None:
    """It would be sent as 0, which means absent."""
    assert "request_start" not in timing(fetch(samples.chromium_missing, requestStart=0.0004))


def test_a_reused_connection_has_no_lookup_and_no_handshake() -> None:
    """Where all of them are at fetchStart, nothing of it happened."""
    attributes = timing(fetch(samples.chromium_missing))
    assert [key for key in attributes if key.endswith(("_start", "_end"))] == [
        "fetch_start",
        "request_start",
        "response_start",
    ]


def test_a_failing_status_is_an_error_type() -> None:
    """From 400 on the code is the error's type."""
    attributes = fetch(samples.chromium_missing)
    assert attributes["http.response.status_code"] == 404
    assert attributes["error.type"] == "404"
    assert fetch(samples.chromium_missing, responseStatus=399).get("error.type") is None


@pytest.mark.parametrize("status", [0, 99, 600, 1e9])
def test_a_status_that_is_none_is_absent(status: float) -> None:
    """0 means that it must not be known."""
    attributes = fetch(samples.chromium_missing, responseStatus=status)
    assert "http.response.status_code" not in attributes
    assert "error.type" not in attributes


def test_a_cached_response_transferred_nothing() -> None:
    """transfer_size 0 says so, as the body's size is known; Chromium's interim response is none."""
    attributes = timing(fetch(samples.chromium_cached, serverTiming=[]))
    assert attributes == {
        "delivery_type": "cache",
        "render_blocking_status": "non-blocking",
        "initiator_type": "other",
        "content_type": "text/plain",
        "fetch_start": 184.4,
        "request_start": 185,
        "response_start": 185.1,
        "decoded_body_size": 7969,
        "transfer_size": 0,
    }


def test_a_response_from_memory_has_no_phases() -> None:
    """All is at the one moment that it began and ended at."""
    attributes = timing(fetch(samples.chromium_memory_cached, serverTiming=[]))
    assert [key for key in attributes if key.endswith(("_start", "_end"))] == ["fetch_start"]


def test_an_opaque_entry_says_what_is_known_and_no_zeros() -> None:
    """Without Timing-Allow-Origin there are no phases, no sizes, no status and no protocol."""
    assert fetch(samples.chromium_opaque) == {
        "url.full": "http://127.0.0.1:8762/x.png",
        R + "render_blocking_status": "non-blocking",
        R + "initiator_type": "img",
        R + "fetch_start": 34.4,
    }


def test_redirects_and_workers_are_carried() -> None:
    """Both come before the fetch, in attributes and in events mode; `off` has neither."""
    for phases in ("attributes", "events"):
        attributes = timing(fetch(samples.redirected, phases))
        assert (attributes["redirect_start"], attributes["redirect_end"]) == (2, 20.5)
        assert timing(fetch(samples.service_worker, phases))["worker_start"] == 11
    assert "redirect_start" not in timing(fetch(samples.redirected, "off"))


def test_a_document_leaves_constants_out() -> None:
    """Every document blocks rendering alike and is initiated by a navigation."""
    attributes = timing(fetch(samples.redirected_navigation))
    assert attributes == {
        "content_type": "text/html",
        "fetch_start": 0.8,
        "redirect_start": 0.3,
        "redirect_end": 0.75,
        "request_start": 6.8,
        "response_start": 7.8,
        "decoded_body_size": 3278,
        "transfer_size": 1147,
    }


def test_off_leaves_all_times_out() -> None:
    """Sizes and names stay."""
    assert timing(fetch(samples.chromium_missing, "off")) == {
        "render_blocking_status": "non-blocking",
        "initiator_type": "fetch",
        "content_type": "text/plain",
        "transfer_size": 302,
    }


def test_events_mode_has_document_loads_content_lengths() -> None:
    """The second is set only where the body was encoded; the first even where it is 0."""
    attributes = fetch(samples.chromium_new_connection, "events")
    assert attributes["http.response_content_length"] == 26
    assert attributes["http.response_content_length_uncompressed"] == 1868
    attributes = fetch(samples.chromium_opaque, "events")
    assert attributes["http.response_content_length"] == 0
    assert "http.response_content_length_uncompressed" not in attributes
    assert "http.response_content_length" not in fetch(samples.chromium_opaque)


@pytest.mark.parametrize(
    ("alpn", "name", "version"),
    [
        ("http/0.9", None, "0.9"),
        ("http/1.0", None, "1.0"),
        ("HTTP/1.1", None, "1.1"),
        ("h2", None, "2"),
        ("h2c", None, "2"),
        ("h3", None, "3"),
        ("h3-29", None, "3"),
        ("spdy/3.1", "spdy", "3.1"),
        ("ftp", "ftp", None),
        ("unknown", None, None),
        ("", None, None),
    ],
)
def test_the_next_hop_gives_name_and_version(
    alpn: str, name: str | None, version: str | None
) -> None:
    """network.protocol.name is required only where it is not http."""
    attributes = fetch(samples.chromium_missing, nextHopProtocol=alpn)
    assert attributes.get("network.protocol.name") == name
    assert attributes.get("network.protocol.version") == version


def test_server_timing_leaves_the_trace_context_out() -> None:
    """traceparent is the trace's business; a name becomes a key's last part."""
    attributes = fetch(
        samples.chromium_opaque,
        serverTiming="traceparent;desc=00-1-2-01, TraceState;desc=a=b, cf*edge;dur=1.25",
    )
    keys = [key for key in attributes if "server_timing" in key]
    assert keys == [R + "server_timing.cf_edge.duration"]
    assert attributes[keys[0]] == 1.25


def test_strings_are_bounded() -> None:
    """What a page or a server writes into short fields is cut."""
    long = "x" * 100_000
    attributes = fetch(
        {
            **samples.chromium_opaque,
            **dict.fromkeys(("name", "initiatorType", "nextHopProtocol", "deliveryType"), long),
            **dict.fromkeys(("renderBlockingStatus", "contentType"), long),
        },
        serverTiming=f"{long};dur=1, a;desc={long}",
    )
    assert max(len(str(value)) for value in attributes.values()) <= 2048
    assert max(map(len, attributes)) < 128


def test_a_load_with_all_its_moments() -> None:
    """The navigation's working names, its type, its redirects and both paints."""
    attributes = load_attributes(
        samples.entry(samples.redirected_navigation, activationStart=1200.25),
        "attributes",
        "redact",
        {"first-paint": 212.2, "first-contentful-paint": 228.0},
    )
    assert attributes == {
        "url.full": "http://127.0.0.1:8761/",
        N + "type": "navigate",
        N + "redirect_count": 2,
        N + "unload_event_start": 17.4,
        N + "unload_event_end": 17.6,
        N + "dom_interactive": 227.6,
        N + "dom_content_loaded_event_start": 665.5,
        N + "dom_content_loaded_event_end": 665.5,
        N + "dom_complete": 665.7,
        N + "load_event_start": 665.7,
        N + "load_event_end": 665.7,
        "browser.paint_timing.first_paint": 212.2,
        "browser.paint_timing.first_contentful_paint": 228,
        N + "activation_start": 1200.25,
    }


def test_a_load_in_the_other_modes() -> None:
    """Events mode carries the activation, `off` no time at all."""
    entry = samples.entry(samples.prerendered)
    paints = {"first-paint": 1.0}
    assert load_attributes(entry, "events", "redact", paints) == {
        "url.full": "https://shop.example/next",
        N + "type": "navigate",
        N + "activation_start": 1200.25,
    }
    assert load_attributes(entry, "off", "redact", paints) == {
        "url.full": "https://shop.example/next",
        N + "type": "navigate",
    }


def test_a_restore_has_a_type_of_its_own() -> None:
    """Navigation Timing has none for it."""
    assert load_attributes(samples.entry(samples.restored), "attributes", "redact", {}) == {
        "url.full": "https://shop.example/back?token=REDACTED",
        N + "type": "back_forward_cache",
    }


def test_an_entry_without_a_name_or_type_has_none() -> None:
    """An empty string says nothing."""
    assert fetch_attributes(TimingEntry(), "attributes", "redact") == {}
    assert load_attributes(TimingEntry(kind=1.0), "attributes", "redact", {}) == {}


def test_fetch_events_are_document_loads() -> None:
    """Names, order and times of addSpanNetworkEvents; what is 0 is no event."""
    assert events(samples.entry(samples.h2_with_early_hints), FETCH_EVENTS) == [
        ("fetchStart", 20.5),
        ("domainLookupStart", 21),
        ("domainLookupEnd", 30),
        ("connectStart", 30),
        ("secureConnectionStart", 40),
        ("connectEnd", 55),
        ("requestStart", 55.2),
        ("responseStart", 60),
        ("responseEnd", 100),
    ]
    assert [name for name, _ in events(samples.entry(samples.chromium_opaque), FETCH_EVENTS)] == [
        "fetchStart",
        "responseEnd",
    ]


def test_load_events_are_document_loads() -> None:
    """Names and order of documentLoad's events."""
    entry = samples.entry(samples.redirected_navigation)
    assert [name for name, _ in events(entry, LOAD_EVENTS)] == [
        "fetchStart",
        "unloadEventStart",
        "unloadEventEnd",
        "domInteractive",
        "domContentLoadedEventStart",
        "domContentLoadedEventEnd",
        "domComplete",
        "loadEventStart",
        "loadEventEnd",
    ]


def test_a_coarse_clock_puts_phases_at_the_origin() -> None:
    """A navigation that begins at 0 has its first phases there, but no handshake on plain http."""
    entry = samples.entry(samples.coarse_clock)
    assert events(entry, FETCH_EVENTS) == [
        ("fetchStart", 0),
        ("domainLookupStart", 0),
        ("domainLookupEnd", 0),
        ("connectStart", 0),
        ("connectEnd", 0),
        ("requestStart", 0),
        ("responseStart", 16.7),
        ("responseEnd", 33.3),
    ]
    assert "fetchStart" not in dict(events(entry, LOAD_EVENTS))


def test_the_last_known_moment() -> None:
    """Of a load that was left, whatever came last."""
    assert round(last_known_ms(samples.entry(samples.left_early)), 3) == 665.5
    assert last_known_ms(samples.entry(samples.announced)) == 1
