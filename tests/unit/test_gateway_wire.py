# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP without decoding: what is refused, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgetrace import _fields as f
from edgetrace._otlp import PROTOBUF
from edgetrace._protobuf import delimited
from edgetrace._types import Resource, Scope
from edgetrace_gateway import wire, wire_json
from edgetrace_gateway.resources import with_resource_attributes
from edgetrace_gateway.wire import Garbage, count_spans
from tests.strategies import simple_span

TRACE_ID = delimited(f.SPAN_TRACE_ID, b"\x01" * 16)
SPAN_ID = delimited(f.SPAN_SPAN_ID, b"\x02" * 8)
IDS = TRACE_ID + SPAN_ID


def request(span: bytes) -> bytes:
    """A request with one span of these bytes."""
    scope_spans = delimited(f.SCOPE_SPANS_SPANS, span)
    resource_spans = delimited(f.RESOURCE_SPANS_SCOPE_SPANS, scope_spans)
    return delimited(f.EXPORT_TRACE_SERVICE_REQUEST_RESOURCE_SPANS, resource_spans)


def attribute(content: bytes) -> bytes:
    """A request whose one span has one KeyValue of these bytes."""
    return request(IDS + delimited(f.SPAN_ATTRIBUTES, content))


@pytest.mark.parametrize(
    ("body", "spans"),
    [
        (b"", 0),
        (b"\x0a\x00", 0),
        (request(IDS), 1),
        (request(IDS) * 3, 3),
        (request(IDS + delimited(f.SPAN_PARENT_SPAN_ID, b"")), 1),
        (request(IDS + b"\x98\x06\x80\x01"), 1),  # an unknown varint, field 99
        (request(IDS + b"\x99\x06" + bytes(8) + b"\x9d\x06" + bytes(4)), 1),
        (attribute(b""), 1),
        (attribute(b"\x0a\x01a"), 1),
        (attribute(b"\x12\x00"), 1),
        (attribute(b"\x0a\x01a\x12\x03\x0a\x01b"), 1),
        (attribute(b"\x0a\x01a\x12\x04\x0a\x02\xc3\xa9"), 1),
        (attribute(b"\x12\x03\x0a\x01b\x0a\x01a"), 1),
        (attribute(b"\x0a\x01a\x12\x0b\x18" + b"\xff" * 9 + b"\x01"), 1),
        (attribute(b"\x0a\x01a\x12\x09\x21" + bytes(8)), 1),
        (attribute(b"\x0a\x01a\x12\x02\x10\x01"), 1),
    ],
)
def test_requests(body: bytes, spans: int) -> None:
    """Empty messages, unknown fields and any order of fields are protobuf's to allow."""
    assert count_spans(body) == spans


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"\x0a", "cut off"),
        (b"\x0a\x05", "ends after"),
        (b"\x0a\x80", "cut off"),
        (b"\x99\x06\x00", "ends after its message"),
        (b"\x08\x01", "no known kind"),
        (b"\x0b\x0c", "wire type 3"),
        (b"\x0f", "wire type 7"),
        (b"\x00\x00", "no known kind"),
        (b"\x02\x00", "no known kind"),
        (b"\x82\x00\x00", "no known kind"),
        (b"\xff" * 11, "too long"),
        (b"\xfa\xff\xff\xff\x7f\x00", "too long"),
        (b"\x98\x06" + b"\xff" * 9 + b"\x02", "too long"),
        (b"{}", "wire type 3"),
        (request(b""), "no trace id or no span id"),
        (request(TRACE_ID), "no trace id or no span id"),
        (request(SPAN_ID), "no trace id or no span id"),
        (request(delimited(f.SPAN_TRACE_ID, bytes(16)) + SPAN_ID), "trace id"),
        (request(delimited(f.SPAN_TRACE_ID, b"\x01" * 15) + SPAN_ID), "trace id"),
        (request(delimited(f.SPAN_SPAN_ID, bytes(8)) + TRACE_ID), "span id"),
        (request(delimited(f.SPAN_SPAN_ID, b"\x01" * 9) + TRACE_ID), "span id"),
        (request(IDS + delimited(f.SPAN_PARENT_SPAN_ID, b"\x01")), "wrong length"),
        (request(IDS + delimited(f.SPAN_LINKS, b"\x0a\x01\x01")), "wrong length"),
        (request(IDS + delimited(f.SPAN_NAME, b"\xff")), "UTF-8"),
        (request(IDS + b"\x28\x01"), "no known kind"),  # the name as a varint
        (request(IDS + b"\x3a\x00"), "no known kind"),  # the start time as bytes
        (request(IDS + delimited(f.SPAN_EVENTS, b"\x09\x00\x12\x01x")), "ends after|cut off"),
        (attribute(b"\x0a\x05a"), "ends after"),
        (attribute(b"\x0a\x01\xff\x12\x03\x0a\x01b"), "UTF-8"),
        (attribute(b"\x0a\x01a\x12\x03\x0a\x01\xff"), "UTF-8"),
        (attribute(b"\x0a\x01a\x12\x03\x0a\x02b"), "ends after"),
        (attribute(b"\x0a\x01a\x12\x02\x18\xff"), "ends after|cut off"),
        (attribute(b"\x0a\x01a\x12\x08\x21" + bytes(7)), "ends after"),
        (attribute(b"\x0a\x01a\x12\x04\x0a\x01b"), "ends after"),
        (request(IDS) * (wire.MAX_RESOURCES + 1), "256 resources"),
        (
            delimited(b"\x0a", delimited(b"\x12", delimited(b"\x12", IDS) * 10_001)),
            "10000 spans",
        ),
    ],
)
def test_garbage(body: bytes, words: str) -> None:
    """Each is refused with a sentence that says what and where."""
    with pytest.raises(Garbage, match=words):
        count_spans(body)


def test_a_resource_is_made_where_there_is_none() -> None:
    """In front, as a canonical encoder writes it."""
    assert with_resource_attributes(b"\x0a\x00", {"a": "b"}) == (
        b"\x0a\x0c" + b"\x0a\x0a" + b"\x0a\x08\x0a\x01a\x12\x03\x0a\x01b"
    )
    assert with_resource_attributes(b"", {"a": "b"}) == b""


def test_no_attributes_leave_a_request_as_it_is() -> None:
    """The same object: not a byte is looked at."""
    body = b"whatever"
    assert with_resource_attributes(body, {}) is body


@pytest.mark.parametrize("body", [b"\x0a", b"\x0b", b"\x0a\x01\x0a", b"\x09\x00", b"\x0a\x05"])
def test_a_splice_of_garbage_is_refused(body: bytes) -> None:
    """Even without a count before it."""
    with pytest.raises(Garbage):
        with_resource_attributes(body, {"a": "b"})


def test_a_page_cannot_say_where_it_is() -> None:
    """A forged key goes, also where it stands twice, in another order or in a second Resource."""
    forged = delimited(f.RESOURCE_ATTRIBUTES, b"\x12\x03\x0a\x01x\x0a\x01z\x0a\x01a")
    own = delimited(f.RESOURCE_ATTRIBUTES, b"\x0a\x01k")
    resource = delimited(f.RESOURCE_SPANS_RESOURCE, forged + own + forged)
    body = delimited(b"\x0a", resource + resource)
    spliced = with_resource_attributes(body, {"a": 7})
    added = delimited(f.RESOURCE_ATTRIBUTES, b"\x0a\x01a\x12\x02\x18\x07")
    assert spliced == delimited(
        b"\x0a",
        delimited(f.RESOURCE_SPANS_RESOURCE, own)
        + delimited(f.RESOURCE_SPANS_RESOURCE, own + added),
    )


def test_a_long_body_is_counted_in_linear_time() -> None:
    """The agent's own requests, whatever their size."""
    spans = [PROTOBUF.span(simple_span(attributes={"k": "v" * 300}))] * 2_000
    resource, scope = PROTOBUF.resource(Resource()), PROTOBUF.scope(Scope())
    assert count_spans(PROTOBUF.frame(resource, "", [(scope, "", spans)])) == 2_000


SPAN = {"traceId": "0A" * 16, "spanId": "0b" * 8}


def json_request(**span: Any) -> bytes:
    """A JSON request with one span of these fields."""
    fields = {**SPAN, **span}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}).encode()


@pytest.mark.parametrize(
    ("body", "spans"),
    [
        (b"{}", 0),
        (b'{"resourceSpans":null,"x":[1.5]}', 0),
        (b'{"resourceSpans":[{"resource":null,"scopeSpans":[{"scope":{},"spans":[]}]}]}', 0),
        (json_request(), 1),
        (json_request(parentSpanId="", kind=2, startTimeUnixNano="1", endTimeUnixNano=2), 1),
        (json_request(unknown={"a": [None]}, trace_id="x", links=[{}], status={"code": 2}), 1),
        (json_request(attributes=[{"key": "a", "value": {"intValue": "1"}}, {}]), 1),
        (json_request(deep=json.loads("[" * 100 + "]" * 100)), 1),
        (json_request(name="[" * 1_000 + '\\"'), 1),
        (json_request(events=[{"name": "e", "timeUnixNano": 18446744073709551615}]), 1),
    ],
)
def test_json_requests(body: bytes, spans: int) -> None:
    """Null is as good as nothing, unknown fields are let through, ids are hex of any case."""
    assert wire_json.count_spans(body) == spans


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "not an object"),
        (b"\xff", "UTF-8"),
        (b'{"a":NaN}', "NaN is no JSON"),
        (b'{"a":1e400}', "out of range"),
        (b'{"a":0.' + b"1" * 500 + b"}", "out of range"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 129 + b"1" + b"}" * 129, "nested"),
        (b'{"resourceSpans":{}}', "not a list"),
        (b'{"resourceSpans":[1]}', "not a list of objects"),
        (b'{"resourceSpans":[{"resource":1}]}', r"resourceSpans\[0\]\.resource is not an object"),
        (b'{"resourceSpans":[{"schemaUrl":1}]}', "schemaUrl"),
        (b'{"resource_spans":[]}', "lowerCamelCase"),
        (b'{"resourceSpans":[{"scope_spans":[]}]}', "lowerCamelCase"),
        (json_request(traceId=""), r"traceId of resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]"),
        (json_request(traceId="0" * 32), "traceId"),
        (json_request(traceId="AAECAwQFBgcICQoLDA0ODw=="), "traceId"),
        (json_request(traceId="g" * 32), "traceId"),
        (json_request(spanId=None), "spanId"),
        (json_request(spanId=1), "spanId"),
        (json_request(parentSpanId="00"), "parentSpanId"),
        (json_request(links=[{"traceId": "00"}]), r"links\[0\]"),
        (json_request(kind="SPAN_KIND_CLIENT"), "kind"),
        (json_request(kind=True), "kind"),
        (json_request(status={"code": "STATUS_CODE_OK"}), "code"),
        (json_request(status=[]), "status is not an object"),
        (json_request(name=5), "name"),
        (json_request(startTimeUnixNano="-1"), "startTimeUnixNano"),
        (json_request(startTimeUnixNano=1.5), "startTimeUnixNano"),
        (json_request(endTimeUnixNano=str(2**64)), "endTimeUnixNano"),
        (json_request(attributes=[{"key": 1}]), "key"),
        (json_request(attributes=[{"value": "text"}]), "value is not an object"),
        (json_request(events=[5]), "events"),
        (json.dumps({"resourceSpans": [{}] * 257}).encode(), "256 resources"),
        (
            json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN] * 10_001}]}]}).encode(),
            "10000 spans",
        ),
    ],
)
def test_json_garbage(body: bytes, words: str) -> None:
    """Each is refused with the place in the document."""
    with pytest.raises(Garbage, match=words):
        wire_json.count_spans(body)


def test_json_attributes_are_replaced() -> None:
    """What the page said under the same key goes; numbers and texts of all else stay."""
    resource = {
        "attributes": [{"key": "a", "value": {"intValue": "12345678901234567890"}}, {"key": "k"}],
        "droppedAttributesCount": 3,
    }
    document = {"resourceSpans": [{"resource": resource, "x": 0.1}, {}], "y": 10**30}
    _, spliced = wire_json.count_and_add(json.dumps(document).encode(), {"a": 1, "b": "é"})
    added = [
        {"key": "a", "value": {"intValue": "1"}},
        {"key": "b", "value": {"stringValue": "é"}},
    ]
    assert json.loads(spliced) == {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "k"}, *added], "droppedAttributesCount": 3},
                "x": 0.1,
            },
            {"resource": {"attributes": added}},
        ],
        "y": 10**30,
    }
    body = b'{ "resourceSpans": [] }'
    assert wire_json.count_and_add(body, {})[1] is body
