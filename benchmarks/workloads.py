# SPDX-License-Identifier: MIT OR Apache-2.0
"""The spans that benchmarks use, as plain values, so that peers encode the very same.

    W1   a browser's resource span with document-load's events: 10 attributes, 8 events
    W2   an application's span: 5 attributes
    W3   W1 with its events as attributes, nanoseconds since the span's start

No two spans of a batch are alike in ids, times and URL; names and keys repeat, as they do in life.
"""

from __future__ import annotations

from typing import Any, NamedTuple

SPANS = 512
START_UNIX_NANO = 1_763_700_000_000_000_000
PHASES = (
    "fetchStart",
    "domainLookupStart",
    "domainLookupEnd",
    "connectStart",
    "connectEnd",
    "requestStart",
    "responseStart",
    "responseEnd",
)


class PlainSpan(NamedTuple):
    """A span as plain data. Times in nanoseconds since the Unix epoch."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    start: int
    end: int
    attributes: dict[str, Any]
    events: tuple[tuple[str, int], ...]


def w1(count: int = SPANS) -> list[PlainSpan]:
    """Resource spans of one page."""
    spans = []
    for index in range(count):
        start = START_UNIX_NANO + index * 1_000_003
        attributes = {
            "url.full": f"https://shop.example/static/chunk-{index:04}.js?v={index * 7919}",
            "http.response.status_code": 200,
            "network.protocol.name": "http",
            "network.protocol.version": "2",
            "browser.resource_timing.initiator_type": "script",
            "browser.resource_timing.render_blocking_status": "non-blocking",
            "browser.resource_timing.transfer_size": 1_300 + index,
            "browser.resource_timing.encoded_body_size": 1_000 + index,
            "browser.resource_timing.decoded_body_size": 3_000 + index,
            "browser.resource_timing.duration": 12.5 + index / 8,
        }
        events = tuple((name, start + at * 1_500_000) for at, name in enumerate(PHASES))
        spans.append(_span(index, "resourceFetch", start, attributes, events))
    return spans


def w2(count: int = SPANS) -> list[PlainSpan]:
    """Spans of an application's own making."""
    spans = []
    for index in range(count):
        attributes = {
            "shop.cart.items": index % 9,
            "shop.user": f"user-{index}",
            "shop.total": index * 1.25,
            "shop.member": index % 2 == 0,
            "shop.currency": "EUR",
        }
        spans.append(_span(index, "checkout", START_UNIX_NANO + index * 1_000, attributes, ()))
    return spans


def w3(count: int = SPANS) -> list[PlainSpan]:
    """W1 with phases as attributes."""
    return [_without_events(span) for span in w1(count)]


def _without_events(span: PlainSpan) -> PlainSpan:
    phases = {f"browser.resource_timing.{name}": at - span.start for name, at in span.events}
    return span._replace(attributes={**span.attributes, **phases}, events=())


def _span(
    index: int,
    name: str,
    start: int,
    attributes: dict[str, Any],
    events: tuple[tuple[str, int], ...],
) -> PlainSpan:
    return PlainSpan(
        bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736"),
        (0x00F067AA0BA90000 + index).to_bytes(8, "big"),
        bytes.fromhex("00f067aa0ba902b7"),
        name,
        start,
        start + 12_000_000 + index,
        attributes,
        events,
    )
