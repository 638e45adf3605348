# SPDX-License-Identifier: MIT OR Apache-2.0
"""_raw: a body from a page without Python becomes the spans that Python in the page would make."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from edgetrace._clock import MAX_AHEAD_NS
from edgetrace._config import Settings
from edgetrace._entries import NUMBERS, TimingEntry
from edgetrace._raw import MAX_ROWS, RawError, RawResult, read_raw
from edgetrace._view_ids import derived_id
from tests.unit import entry_samples as samples
from tests.unit.entry_samples import entry

ORIGIN_MS, ORIGIN, NOW = samples.ORIGIN_UNIX_MS, samples.ORIGIN_UNIX_NANO, samples.NOW_UNIX_NANO
TRACE, SPAN = "c0ffee16cd43dd8448eb211c80319c00", "b7ad6b7169203331"
PARENT_TRACE, PARENT = "1" * 32, "2" * 16
ENDED = entry(samples.chromium_navigation)
RESOURCE = entry(samples.chromium_opaque)


def rows(*entries: TimingEntry) -> dict[str, Any]:
    """A message of entries."""
    width = len(NUMBERS)
    return {
        "kind": "entries",
        "origin": ORIGIN_MS,
        "numbers": [number for one in entries for number in one[:width]],
        "text": "\n".join(str(text) for one in entries for text in one[width:]),
    }


def custom(**changes: Any) -> dict[str, Any]:
    """A message of a span."""
    said = {"name": "work", "start": 1.5, "end": 2.5, "attributes": '{"a": 1}', "error": ""}
    return {"kind": "span", "origin": ORIGIN_MS, **said, **changes}


def body(**changes: Any) -> dict[str, Any]:
    """A whole body: a load that has ended, one paint, one resource."""
    return {
        "version": 1,
        "trace": TRACE,
        "span": SPAN,
        "first": 0,
        "documents": True,
        "now": ORIGIN_MS + 60_000,
        "options": {"serviceName": "shop", "endpoint": "https://shop.example/edgetrace/raw"},
        "page": {"url": "https://shop.example/", "user_agent": "Mozilla/5.0"},
        "navigation": rows(ENDED),
        "attributes": {"tier": "gold"},
        "messages": [rows(entry(samples.chromium_paint), RESOURCE)],
        **changes,
    }


def read(base: Settings | None = None, facts: Any = None, **changes: Any) -> RawResult:
    """What a changed body gives."""
    return read_raw(json.dumps(body(**changes)).encode(), NOW, facts or {}, base)


def decoded(result: RawResult) -> ExportTraceServiceRequest:
    """The request, read by the reference decoder."""
    request = ExportTraceServiceRequest()
    request.ParseFromString(result.message)
    return request


def spans(result: RawResult) -> list[Span]:
    """Its spans, all of the one scope."""
    if not result.message:
        return []
    (resource,) = decoded(result).resource_spans
    (scope,) = resource.scope_spans
    assert scope.scope.name == "edgetrace.browser"
    return list(scope.spans)


def resource(result: RawResult) -> dict[str, str]:
    """Its resource's attributes."""
    attributes = decoded(result).resource_spans[0].resource.attributes
    return {pair.key: pair.value.string_value for pair in attributes}


def names(result: RawResult) -> list[str]:
    """Its spans' names."""
    return [span.name for span in spans(result)]


def test_a_body_is_one_trace() -> None:
    """documentLoad has the page's ids and attributes, all others are its children."""
    result = read(messages=[rows(entry(samples.chromium_paint), RESOURCE), custom()])
    assert names(result) == ["documentLoad", "documentFetch", "resourceFetch", "work"]
    root, *children = spans(result)
    assert (root.trace_id.hex(), root.span_id.hex(), root.parent_span_id) == (TRACE, SPAN, b"")
    assert {span.trace_id.hex() for span in children} == {TRACE}
    assert {span.parent_span_id.hex() for span in children} == {SPAN}
    keys = {pair.key for pair in root.attributes}
    assert {"tier", "user_agent.original", "browser.paint_timing.first_paint"} <= keys
    assert root.start_time_unix_nano == ORIGIN + 800_000
    assert result.spans == result.counters["spans"] == 4
    assert result.counters["entries"] == 3


def test_ids_follow_from_the_root_and_the_place_in_the_view() -> None:
    """The same rows in another cut have the same ids, and a body sent twice is the same bytes."""
    both = read(messages=[rows(RESOURCE, RESOURCE)])
    first = read(messages=[rows(RESOURCE)])
    second = read(messages=[rows(RESOURCE)], first=1, documents=False)
    cut = [span.span_id for span in spans(first) + spans(second)]
    assert [span.span_id for span in spans(both)] == cut
    assert cut[1:] == [derived_id(bytes.fromhex(SPAN), index) for index in range(3)]
    again = read_raw(json.dumps(body()).encode(), NOW + 86_400 * 10**9, {})
    assert again.message == read().message


def test_documents_go_out_only_with_the_body_that_says_so() -> None:
    """Another body has its rows alone; a load that has not ended goes out if the body says so."""
    assert names(read(documents=False)) == ["resourceFetch"]
    announced = rows(entry(samples.announced))
    assert names(read(navigation=announced, documents=False)) == ["resourceFetch"]
    left = read(navigation=announced)
    assert names(left) == ["documentLoad", "documentFetch", "resourceFetch"]
    assert read(documents=False, messages=[]) == RawResult(
        b"", 0, {**dict.fromkeys(read().counters, 0), "entries": 1}
    )


@pytest.mark.parametrize("documents", [True, False])
def test_a_span_that_is_named_as_a_document_is_none(documents: bool) -> None:
    """After a restore, which has no documentFetch, spans of that name are the page's own."""
    own = [custom(name="documentFetch"), custom(name="documentLoad")]
    restored = rows(entry(samples.restored))
    told = names(read(navigation=restored, messages=own, documents=documents))
    assert told == ["documentLoad"] * documents + ["documentFetch", "documentLoad"]


@pytest.mark.parametrize("documents", [True, False])
@pytest.mark.parametrize("way", ["meta", "server-timing"])
def test_every_body_joins_the_servers_trace(way: str, documents: bool) -> None:
    """From <meta> or Server-Timing; "trace" is used only where the page begins a trace."""
    told = f"00-{PARENT_TRACE}-{PARENT}-01"
    page = {"traceparent": told} if way == "meta" else {}
    timing = f"traceparent;desc={told}" if way != "meta" else ""
    navigation = rows(ENDED._replace(server_timing=timing))
    out = spans(read(page=page, navigation=navigation, documents=documents))
    assert {span.trace_id.hex() for span in out} == {PARENT_TRACE}
    assert out[-1].parent_span_id.hex() == SPAN
    assert not documents or out[0].parent_span_id.hex() == PARENT


def test_a_restore_begins_a_trace_of_its_own() -> None:
    """Whatever the document's <meta> says: that was the first visit's."""
    told = {"traceparent": f"00-{PARENT_TRACE}-{PARENT}-01"}
    (root,) = spans(read(page=told, navigation=rows(entry(samples.restored)), messages=[]))
    assert (root.trace_id.hex(), root.parent_span_id) == (TRACE, b"")


def test_without_a_navigation_the_root_is_around_what_there_is() -> None:
    """A browser without navigation entries: documentLoad alone, and no orphans."""
    result = read(navigation=None)
    assert names(result) == ["documentLoad", "resourceFetch"]
    assert names(read(navigation=None, documents=False)) == ["resourceFetch"]


def test_an_unsampled_parent_lets_nothing_out() -> None:
    """Its rows are counted."""
    result = read(page={"traceparent": f"00-{PARENT_TRACE}-{PARENT}-00"})
    assert (result.message, result.spans, result.counters["unsampled"]) == (b"", 0, 1)


def test_the_pages_clock_bounds_its_spans() -> None:
    """Ahead of ours it is believed for a day, so that skew makes no empty spans."""
    hour, year = 3_600_000, 365 * 86_400_000
    for ahead_ms in (hour, -year):
        skewed = [{**rows(RESOURCE), "origin": ORIGIN_MS + ahead_ms}]
        (span,) = spans(read(documents=False, messages=skewed, now=ORIGIN_MS + ahead_ms + 60_000))
        assert abs(span.start_time_unix_nano - ORIGIN - ahead_ms * 10**6) < 60 * 10**9
        assert span.end_time_unix_nano > span.start_time_unix_nano
    future = [{**rows(RESOURCE), "origin": ORIGIN_MS + year}]
    (span,) = spans(read(documents=False, messages=future, now=ORIGIN_MS + year))
    assert span.end_time_unix_nano == NOW
    assert year * 10**6 > MAX_AHEAD_NS


def test_facts_of_the_gateway_stand_before_the_pages() -> None:
    """Nothing that a page says of them gets through, not even where the gateway knows nothing."""
    forged = "geo.country=XX,cloud.region=moon,team=web"
    result = read(
        options={"serviceName": "shop", "resourceAttributes": forged},
        facts={"geo.country": "AQ", "cloud.region": "", "service.name": "shop-web"},
    )
    told = resource(result)
    assert (told["geo.country"], told["service.name"], told["team"]) == ("AQ", "shop-web", "web")
    assert "cloud.region" not in told


def test_the_tag_stands_before_the_gateways_options() -> None:
    """What the tag leaves open is the gateway's; what concerns senders is nobody's."""
    base = Settings(service_name="gateway", environment="prod", phases="off", url_query="drop")
    wrong = {"headers": "no pairs", "timeoutMs": "soon", "endpoint": "::", "maxQueueSize": "1"}
    result = read(base, options={"serviceName": "shop", "phases": "events", **wrong})
    told = resource(result)
    assert (told["service.name"], told["deployment.environment.name"]) == ("shop", "prod")
    assert spans(result)[0].events
    assert resource(read(base, options={}))["service.name"] == "gateway"


def kept(base: Settings | None, page: dict[str, str], **options: str) -> int:
    """How many of 256 evenly spread traces go out."""
    traces = [f"{1:016x}00{n:02x}{0:012x}" for n in range(256)]
    told = [read(base, trace=trace, page=page, options=options).spans for trace in traces]
    return sum(map(bool, told))


@pytest.mark.parametrize(
    ("ceiling", "options", "expected"),
    [
        (None, {}, 256),
        (None, {"sampleRatio": "0.5"}, 128),
        (0.25, {}, 64),
        (0.25, {"sampleRatio": "0.5"}, 64),
        (0.5, {"sampleRatio": "0.25"}, 64),
        (0.25, {"sampler": "always_on"}, 64),
        (0.25, {"sampler": "parentbased_traceidratio", "samplerArg": "0.125"}, 32),
        (0.25, {"sampler": "traceidratio", "samplerArg": " "}, 64),
        (0.25, {"sampler": "always_off"}, 0),
        (0.25, {"disabled": ""}, 0),
    ],
)
def test_the_gateways_ratio_is_a_ceiling(
    ceiling: float | None, options: dict[str, str], expected: int
) -> None:
    """Of the traces that pages begin no more go out than the gateway and the tag both allow."""
    base = Settings(sample_ratio=ceiling) if ceiling is not None else None
    assert kept(base, {}, **options) == expected


def test_the_ceiling_leaves_traces_of_a_server_whole() -> None:
    """Whoever sampled the request has decided for the page."""
    told = {"traceparent": f"00-{PARENT_TRACE}-{PARENT}-01"}
    assert read(Settings(sample_ratio=0.0), page=told).spans == 3
    assert read(Settings(sample_ratio=0.0)).spans == 0


def test_a_disabled_tag_is_counted() -> None:
    """data-disabled: rows are unsampled."""
    result = read(options={"disabled": "true"})
    assert (result.spans, result.counters["unsampled"]) == (0, 1)


def test_what_is_wrong_with_rows_and_spans_is_counted() -> None:
    """Incomplete rows, spans without a name, attributes that are no JSON: the rest goes out."""
    short = rows(RESOURCE)
    short["numbers"].append(1)
    wrong = [custom(name=""), custom(start="x"), custom(attributes="{"), custom(end=0)]
    result = read(messages=[short, *wrong], attributes={"": 1, "b": None})
    assert names(result) == ["documentLoad", "documentFetch", "resourceFetch", "work"]
    counters = result.counters
    assert (counters["malformed"], counters["invalid_spans"]) == (1, 3)
    assert counters["invalid_attributes"] == 2


def test_a_span_that_cannot_be_encoded_is_counted() -> None:
    """None is made by this module, but the encoder has the last word."""
    result = read(attributes={"a": "\ud800"}, messages=[custom(name="\ud800")])
    assert result.spans + result.counters["unencodable"] == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": 2}, "version is not 1"),
        ({"trace": "0" * 32}, "trace is not an id in lower-case hexadecimal"),
        ({"trace": TRACE.upper()}, "trace is not an id in lower-case hexadecimal"),
        ({"span": SPAN + "\n"}, "span is not an id in lower-case hexadecimal"),
        ({"span": 1}, "span is not of type str"),
        ({"first": True}, "first is not of type int"),
        ({"first": -1}, "first is not a count"),
        ({"documents": 1}, "documents is not of type bool"),
        ({"now": "1"}, "now is not a number"),
        ({"now": 10**400}, "now is not a number"),
        ({"options": {"sampleRatio": "half"}}, "data-sample-ratio='half': use a number from 0"),
        ({"options": {"serviceName": 1}}, "data-service-name=1: use a string"),
        ({"options": []}, "options is not of type dict"),
        ({"page": None}, "page is not of type dict"),
        ({"attributes": []}, "attributes is not of type dict"),
        ({"navigation": []}, "navigation is not of type dict"),
        ({"navigation": rows(RESOURCE)}, "navigation is not the row of a navigation"),
        ({"messages": {}}, "messages is not of type list"),
        ({"messages": [[]]}, "a message is neither entries nor a span"),
        ({"messages": [{"kind": "leave"}]}, "a message is neither entries nor a span"),
        ({"messages": [custom(origin=None)]}, "origin is not a number"),
        ({"messages": [{**rows(RESOURCE), "numbers": ["1"]}]}, "numbers is not a list of numbers"),
        ({"messages": [{**rows(RESOURCE), "numbers": [10**400]}]}, "not a list of numbers"),
        ({"messages": [{**rows(RESOURCE), "text": None}]}, "text is not of type str"),
        ({"messages": [custom()] * (MAX_ROWS + 1)}, "more than 2000 rows and spans"),
        ({"messages": [rows(*[RESOURCE] * (MAX_ROWS + 1))]}, "more than 2000 rows and spans"),
    ],
)
def test_what_is_not_the_format_is_refused(changes: dict[str, Any], sentence: str) -> None:
    """With one sentence that names what is wrong."""
    with pytest.raises(RawError, match=sentence):
        read(**changes)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\xff", b"{", b"[]", b"1", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000],
    ids=["nothing", "bytes", "half", "list", "number", "deep list", "deep object", "long number"],
)
def test_garbage_is_refused(garbage: bytes) -> None:
    """No JSON, or none of an object: RawError, which is a ValueError."""
    with pytest.raises(RawError, match="the body is not"):
        read_raw(garbage, NOW, {})
    assert issubclass(RawError, ValueError)
