# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP/JSON decoding. Source: OTLP specification 1.9, "JSON Protobuf Encoding"."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.errors import RequestError
from collector.otlp_json import request_from_json

IDS = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}


def decode(span: dict[str, Any]) -> Span:
    """Decode a request with one span."""
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [{**IDS, **span}]}]}]}
    request = request_from_json(json.dumps(document).encode())
    return request.resource_spans[0].scope_spans[0].spans[0]


def test_the_example_of_the_specification() -> None:
    """Ids in hex, 64-bit numbers as strings or numbers, enums as integers, values by kind."""
    span = decode(
        {
            "parentSpanId": "EEE19B7EC3C1B173",
            "name": "I'm a server span",
            "startTimeUnixNano": "1544712660000000000",
            "endTimeUnixNano": 1544712661000000000,
            "kind": 2,
            "flags": 257,
            "status": {"code": 2, "message": "no"},
            "attributes": [
                {"key": "s", "value": {"stringValue": "x"}},
                {"key": "i", "value": {"intValue": "-9223372036854775808"}},
                {"key": "d", "value": {"doubleValue": "NaN"}},
                {"key": "b", "value": {"bytesValue": "AP8="}},
                {"key": "a", "value": {"arrayValue": {"values": [{"boolValue": True}, {}]}}},
                {"key": "k", "value": {"kvlistValue": {"values": [{"key": "n"}]}}},
            ],
            "events": [{"name": "e", "timeUnixNano": "5"}],
            "links": [IDS],
        }
    )
    assert span.trace_id.hex() == IDS["traceId"]
    assert span.parent_span_id.hex() == "eee19b7ec3c1b173"
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (
        1544712660000000000,
        1544712661000000000,
    )
    assert (span.kind, span.flags, span.status.code) == (2, 257, 2)
    assert span.attributes[1].value.int_value == -(2**63)
    assert span.attributes[3].value.bytes_value == b"\x00\xff"
    assert span.attributes[4].value.array_value.values[0].bool_value
    assert span.links[0].span_id.hex() == IDS["spanId"]


def test_unknown_fields_are_ignored() -> None:
    """A field of a later version does not stop an older receiver, at any depth."""
    span = decode({"name": "n", "later": {"deep": [1]}, "status": {"code": 1, "colour": "red"}})
    assert (span.name, span.status.code) == ("n", 1)


def test_original_field_names_do_not_count_for_ids() -> None:
    """`trace_id` is no key of OTLP/JSON; taken as proto3 JSON it would be read as base64."""
    span = decode({"trace_id": "AAAA", "span_id": "AAAA"})
    assert span.trace_id.hex() == IDS["traceId"]


def test_null_means_default() -> None:
    """proto3 JSON accepts null for any field."""
    assert decode({"parentSpanId": None, "name": None, "links": None}).name == ""


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    """JavaScript can cut a string inside an emoji; the batch is not refused for it."""
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [{**IDS, "name": "a\ud83d"}]}]}]}
    request = request_from_json(json.dumps(document).encode())
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "a\ufffd"


def test_a_whole_surrogate_pair_is_kept() -> None:
    """An escaped emoji arrives as the emoji."""
    assert decode({"name": "\U0001f600"}).name == "\U0001f600"


def test_a_byte_order_mark_is_skipped() -> None:
    """Some tools save JSON with one."""
    assert not request_from_json(b"\xef\xbb\xbf{}").resource_spans


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b"{", "not JSON"),
        (b"[]", "must be an object"),
        (b"null", "must be an object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"resourceSpans":' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"resourceSpans": 1}', "not an OTLP trace request"),
        (b'{"resourceSpans": {"a": 1}}', "not an OTLP trace request"),
        (b'{"resourceSpans": [1]}', "not an OTLP trace request"),
        (b'{"resourceSpans": [{"scopeSpans": "x"}]}', "not an OTLP trace request"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": {}}]}]}]}', "not an OTLP"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"flags": -1}]}]}]}', "not an OTLP"),
        (
            b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "1e99"}]}]}]}',
            "not an OTLP",
        ),
        (
            b'{"resourceSpans": [{"scopeSpans": [{"spans": [{}, {"traceId": "xyz"}]}]}]}',
            "resourceSpans[0].scopeSpans[0].spans[1].traceId must be a string of 32 hex digits",
        ),
        (
            b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"links": [{"spanId": 7}]}]}]}]}',
            "spans[0].links[0].spanId must be a string of 16 hex digits",
        ),
    ],
)
def test_anything_else_is_a_400_that_says_where(body: bytes, says: str) -> None:
    """No input escapes as another exception than RequestError."""
    with pytest.raises(RequestError) as caught:
        request_from_json(body)
    assert caught.value.status == 400
    assert says in caught.value.message


def deep_body(depth: int, name: str = "") -> bytes:
    """A request with an attribute nested `depth` lists deep, written without recursion."""
    value = '{"arrayValue": {"values": [' * depth + "{}" + "]}}" * depth
    ids = json.dumps(IDS)[1:-1]
    span = f'{{{ids}, "name": "{name}", "attributes": [{{"key": "k", "value": {value}}}]}}'
    return f'{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{span}]}}]}}]}}'.encode()


@pytest.mark.parametrize("depth", [60, 100, 200, 300, 450, 2_000])
@pytest.mark.parametrize("name", ["", "\\ud83d"])
def test_deep_values_are_refused_not_fatal(depth: int, name: str) -> None:
    """Values nested deeper than protobuf's, json's or Python's limit are a 400."""
    with pytest.raises(RequestError, match=r"not an OTLP trace request|too deeply"):
        request_from_json(deep_body(depth, name))


def test_what_is_accepted_can_be_read_back() -> None:
    """No depth passes the JSON parser and then fails protobuf's own, when the span is read."""
    accepted = 0
    for depth in range(20, 60):
        try:
            request = request_from_json(deep_body(depth))
        except RequestError:
            continue
        accepted += 1
        span = request.resource_spans[0].scope_spans[0].spans[0]
        assert Span.FromString(span.SerializeToString()) == span
    assert 0 < accepted < 40
