# SPDX-License-Identifier: MIT OR Apache-2.0
"""What one entry says, as attributes or as events; knows no span, no trace and no `now`.

    attributes   opentelemetry-browser's working names, in milliseconds since the time origin;
                 fetch_start, the span's start, is what they are read against; response_end is
                 the span's end and not said again. A connection that was there already has no
                 lookup and no handshake
    events       document-load's events, in its order, and its content lengths
    off          neither

0 in an entry means "did not happen, or must not be known" (no Timing-Allow-Origin) and is left out;
taken for a time it would be the page's time origin, before the span's own start. Milliseconds are
rounded to microseconds, finer than browsers' clocks (5 us at best, 100 us commonly), which takes
off the noise of JavaScript's subtraction: 29.299999999813735 is 29.3, and compresses better.

Sources: W3C Resource Timing, Navigation Timing Level 2; OpenTelemetry semantic conventions 1.44;
opentelemetry-browser packages/instrumentation, `semconv.ts`; instrumentation-document-load 0.69 and
`addSpanNetworkEvents` of sdk-trace-web 2.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from ._entries import NUMBERS, Kind, TimingEntry
from ._server_timing import parse_server_timing
from ._types import AttributeValue
from ._urls import redact

Fields: TypeAlias = tuple[tuple[int, str], ...]
"""Fields of an entry, by index, each with its name in the output."""

_R: Final = "browser.resource_timing."
_N: Final = "browser.navigation_timing."


def _fields(prefix: str, first: str, last: str = "") -> Fields:
    """The fields from `first` to `last`, in the order of `NUMBERS`."""
    names = TimingEntry._fields
    indices = range(names.index(first), names.index(last or first) + 1)
    return tuple([(index, prefix + names[index]) for index in indices])


_BEFORE: Final = _fields(_R, "worker_start", "redirect_end")
_START: Final = _fields(_R, "fetch_start")
TIMES: Final = _fields(_R, "worker_start", "response_start")
_REUSED: Final = _BEFORE + _START + _fields(_R, "request_start", "response_start")
BODY_SIZE: Final = "http.response.body.size"
DECODED_SIZE: Final = _R + "decoded_body_size"
TRANSFER_SIZE: Final = _R + "transfer_size"
_INTERIM: Final = _R + "first_interim_response_start"
_LOAD: Final = _fields(_N, "unload_event_start", "load_event_end")
_ACTIVATION: Final = _fields(_N, "activation_start")

FETCH_EVENTS: Final = (
    *_fields(_R, "fetch_start", "request_start"),
    *_fields(_R, "response_start", "response_end"),
)
LOAD_EVENTS: Final = _START + _LOAD

PAINTS: Final[Mapping[str, tuple[str, str]]] = {
    "first-paint": ("firstPaint", "browser.paint_timing.first_paint"),
    "first-contentful-paint": (
        "firstContentfulPaint",
        "browser.paint_timing.first_contentful_paint",
    ),
}
"""A paint entry's name to document-load's event and to our attribute."""

_MAX_TOKEN: Final = 64
"""Characters of what browsers choose from short lists."""
_MAX_TEXT: Final = 256
"""Characters of a media type or of a Server-Timing description."""
_KEY_NAME: Final = str.maketrans(dict.fromkeys("!#$%&'*+^`|~", "_"))


def fetch_attributes(entry: TimingEntry, phases: str, url_query: str) -> dict[str, AttributeValue]:
    """Tell of one fetch, a resource's or the document's.

    Args:
        entry: Mended.
        phases: "attributes", "events" or "off".
        url_query: See `_urls.redact`.
    """
    attributes: dict[str, AttributeValue] = {}
    if entry.name:
        attributes["url.full"] = redact(entry.name, url_query)
    status = int(entry.response_status)
    if 100 <= status <= 599:
        attributes["http.response.status_code"] = status
        if status >= 400:
            attributes["error.type"] = str(status)
    if entry.next_hop_protocol:
        _put_protocol(attributes, entry.next_hop_protocol)
    if entry.delivery_type:
        attributes[_R + "delivery_type"] = entry.delivery_type[:_MAX_TOKEN]
    if entry.kind != Kind.NAVIGATION:  # of a document they are always the same
        if entry.render_blocking_status:
            attributes[_R + "render_blocking_status"] = entry.render_blocking_status[:_MAX_TOKEN]
        if entry.initiator_type:
            attributes[_R + "initiator_type"] = entry.initiator_type[:_MAX_TOKEN]
    if entry.content_type:
        attributes[_R + "content_type"] = entry.content_type[:_MAX_TEXT]
    if phases == "attributes":
        fields = TIMES
        if entry.response_end == entry.fetch_start:  # from memory: all is at that one moment
            fields = _START
        elif entry.fetch_start == entry.domain_lookup_start == entry.connect_end:
            # So are, of a connection that was there already, its lookup and handshake.
            fields = _REUSED
        _put_times(attributes, entry, fields)
        if entry.delivery_type == "cache":
            # Chromium 156 repeats a cached response's start as that of an interim response.
            attributes.pop(_INTERIM, None)
    elif phases == "events":
        _put_times(attributes, entry, _BEFORE)
    _put_sizes(attributes, entry, phases == "events")
    if entry.server_timing:
        _put_server_timing(attributes, entry.server_timing)
    return attributes


def load_attributes(
    entry: TimingEntry, phases: str, url_query: str, paints: Mapping[str, float]
) -> dict[str, AttributeValue]:
    """Tell of a document's load; arguments as for `fetch_attributes`, `paints` by `PAINTS`."""
    attributes: dict[str, AttributeValue] = {}
    if entry.name:
        attributes["url.full"] = redact(entry.name, url_query)
    kind = "back_forward_cache" if entry.kind == Kind.RESTORE else entry.type[:_MAX_TOKEN]
    if kind:
        attributes[_N + "type"] = kind
    if entry.redirect_count:
        attributes[_N + "redirect_count"] = int(entry.redirect_count)
    if phases == "attributes":
        _put_times(attributes, entry, _LOAD)
        for name, at_ms in paints.items():
            _put_time(attributes, PAINTS[name][1], at_ms)
    if phases != "off":
        _put_times(attributes, entry, _ACTIVATION)
    return attributes


def events(entry: TimingEntry, fields: Fields) -> list[tuple[str, float]]:
    """Name the moments of `fields` that are known, in ms since the origin, as document-load does.

    A navigation begins at the time origin, and on a coarse clock (Firefox: 16.7 or 100 ms) its
    first phases are there too: then 0 is a time, but for a handshake, which has it by default.
    """
    numbers: tuple[float, ...] = entry  # type: ignore[assignment]  # `fields` are numbers
    at_origin = not entry.start_time and not entry.fetch_start and fields is FETCH_EVENTS
    return [
        (NUMBERS[index], at_ms)
        for index, _ in fields
        if (at_ms := numbers[index]) or (at_origin and NUMBERS[index] != "secureConnectionStart")
    ]


def last_known_ms(entry: TimingEntry) -> float:
    """The end of a load that was left before it ended: its last moment, in ms since the origin."""
    numbers: tuple[float, ...] = entry  # type: ignore[assignment]  # the fields are numbers
    return max([numbers[index] for index, _ in FETCH_EVENTS + _LOAD])


def _put_times(attributes: dict[str, AttributeValue], entry: TimingEntry, fields: Fields) -> None:
    numbers: tuple[float, ...] = entry  # type: ignore[assignment]  # `fields` are numbers
    for index, key in fields:
        if at_ms := numbers[index]:
            _put_time(attributes, key, at_ms)


def _put_time(attributes: dict[str, AttributeValue], key: str, at_ms: float) -> None:
    """Put whole milliseconds as an int, 2 to 4 bytes on the wire, others as a double, 9."""
    us = int(at_ms * 1000.0 + 0.5)
    if us:
        attributes[key] = us / 1000 if us % 1000 else us // 1000


def _put_protocol(attributes: dict[str, AttributeValue], alpn: str) -> None:
    """Put name and version; the name is left out where it is `http`, as the conventions allow."""
    name, _, version = alpn[:_MAX_TOKEN].lower().partition("/")
    if name[:2] in ("h2", "h3"):  # h2c, h3-29
        name, version = "http", name[1]
    if name not in ("http", "unknown"):
        attributes["network.protocol.name"] = name
    if version:
        attributes["network.protocol.version"] = version


def _put_sizes(attributes: dict[str, AttributeValue], entry: TimingEntry, lengths: bool) -> None:
    """Put bytes; 0 says something only of the transfer, of which a cache needs none."""
    encoded, decoded = int(entry.encoded_body_size), int(entry.decoded_body_size)
    if encoded:
        attributes[BODY_SIZE] = encoded
    if decoded != encoded:
        attributes[DECODED_SIZE] = decoded
    transferred = int(entry.transfer_size)
    if transferred or encoded or decoded:
        attributes[TRANSFER_SIZE] = transferred
    if lengths:
        attributes["http.response_content_length"] = encoded
        if decoded != encoded:
            attributes["http.response_content_length_uncompressed"] = decoded


def _put_server_timing(attributes: dict[str, AttributeValue], text: str) -> None:
    """Put what each metric has: a duration, a description; one that has neither, as duration 0."""
    for name, duration_ms, description in parse_server_timing(text):
        if name.lower() in ("traceparent", "tracestate"):
            continue
        key = f"{_R}server_timing.{name[:_MAX_TOKEN].translate(_KEY_NAME)}"
        if description:
            attributes[key + ".description"] = description[:_MAX_TEXT]
        if duration_ms or not description:
            us = int(duration_ms * 1000.0 + 0.5)
            attributes[key + ".duration"] = us / 1000 if us % 1000 else us // 1000
