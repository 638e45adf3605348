# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_otlp_json`: the same messages, by the rules of OTLP/JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from edgetrace._otlp import PROTOBUF, PartialSuccess
from edgetrace._otlp_json import JSON, any_value, encode_scope, encode_span
from edgetrace._types import Link, Resource, Scope, SpanContext, SpanData, Status, StatusCode
from tests.otlp_messages import parse_json, request_message
from tests.strategies import simple_span
from tests.unit.test_otlp import FULL


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, {"boolValue": True}),
        ("x", {"stringValue": "x"}),
        (2**63 - 1, {"intValue": "9223372036854775807"}),
        (1.5, {"doubleValue": 1.5}),
        (math.nan, {"doubleValue": "NaN"}),
        (math.inf, {"doubleValue": "Infinity"}),
        (-math.inf, {"doubleValue": "-Infinity"}),
        (b"\x00\xff", {"bytesValue": "AP8="}),
        ((1, None), {"arrayValue": {"values": [{"intValue": "1"}, {}]}}),
        (
            {"a": ()},
            {"kvlistValue": {"values": [{"key": "a", "value": {"arrayValue": {"values": []}}}]}},
        ),
        (None, {}),
    ],
    ids=repr,
)
def test_every_kind_of_value(value: Any, expected: dict[str, Any]) -> None:
    """64-bit integers are strings, bytes base64, and what JSON lacks has a name."""
    assert any_value(value) == expected


@pytest.mark.parametrize("value", [object(), {1}, [1], 1j])
def test_what_was_not_cleaned_is_refused(value: Any) -> None:
    """The encoder is total over clean values, and says so of others."""
    with pytest.raises(TypeError, match="not cleaned"):
        any_value(value)


def test_names_and_numbers_are_otlp_s() -> None:
    """lowerCamelCase names, hex ids, enums as numbers, times as strings; defaults left out."""
    span = json.loads(encode_span(simple_span("x"))[1:])
    assert span == {
        "traceId": "00" * 15 + "01",
        "spanId": "00" * 7 + "02",
        "name": "x",
        "kind": 1,
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000000000001000",
        "flags": 0x101,
    }


@pytest.mark.parametrize(
    ("resource", "groups"),
    [
        (Resource(), []),
        (Resource({"a": "\ud83d"}, 'https://"quoted"/\u00e9\ud83d'), [(Scope(), [])]),
        (
            Resource({"a": (1,)}),
            [
                (Scope("lib", "1", (("k", {"a": 1}),), "https://s"), [FULL]),
                (
                    Scope("other"),
                    [simple_span("a"), simple_span("b", status=Status(StatusCode.OK))],
                ),
            ],
        ),
    ],
)
def test_frames(resource: Resource, groups: list[tuple[Scope, list[SpanData]]]) -> None:
    """A request in JSON says what the request in protobuf says."""
    body = JSON.frame(
        JSON.resource(resource),
        resource.schema_url,
        [
            (JSON.scope(scope), scope.schema_url, [JSON.span(span) for span in spans])
            for scope, spans in groups
        ],
    )
    assert parse_json(body) == request_message(resource, groups)


def test_a_scope_without_a_version() -> None:
    """What is empty is left out, but for the name."""
    assert json.loads(encode_scope(Scope("lib"))) == {"name": "lib"}


@pytest.mark.parametrize(
    "span",
    [
        simple_span(context=SpanContext(b"\x01" * 15, b"\x02" * 8)),
        simple_span(parent=SpanContext(b"\x01" * 16, b"\x02" * 9)),
        simple_span(links=[Link(SpanContext(b"", b"\x02" * 8))]),
        simple_span(start_unix_nano=-1),
        simple_span(end_unix_nano=2**64),
        simple_span(start_unix_nano=math.nan),
        simple_span(name=5),  # type: ignore[arg-type]
        simple_span(kind=6),
        simple_span(status=(3, "")),
        simple_span(attributes={"a": object()}),
        simple_span(attributes={"a": 2**63}),
        simple_span(attributes={1: "a"}),
        simple_span(dropped_links_count=math.nan),
        simple_span(context=None),
    ],
)
def test_spans_that_would_spoil_a_request_are_refused(span: SpanData) -> None:
    """A number or an id that receivers cannot read makes them refuse every span beside it."""
    with pytest.raises(Exception, match=r"\w"):
        encode_span(span)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (0, "")),
        (b"{}", (0, "")),
        (b'{"partialSuccess":{}}', (0, "")),
        (b'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}', (3, "too old")),
        (b'{"partialSuccess":{"rejectedSpans":3}}', (3, "")),
        (b'{"partialSuccess":{"rejectedSpans":-3}}', (0, "")),
        (b'{"partialSuccess":{"rejectedSpans":"x"}}', (0, "")),
        (b'{"partialSuccess":{"rejectedSpans":1e999}}', (0, "")),
        (b'{"partialSuccess":{"rejectedSpans":NaN}}', (0, "")),
        (b'{"partialSuccess":{"rejectedSpans":[1]}}', (0, "")),
        (b'{"partialSuccess":{"rejectedSpans":' + b"9" * 5_000 + b"}}", (0, "")),
        (b'{"partialSuccess":null}', (0, "")),
        (b'{"partialSuccess":[]}', (0, "")),
        (b"[]", (0, "")),
        (b"null", (0, "")),
        (b"<html>", (0, "")),
        (b"\xff\xfe", (0, "")),
        (b"[" * 100_000, (0, "")),
    ],
    ids=range(18),
)
def test_answers(body: bytes, expected: PartialSuccess) -> None:
    """Whatever is no partial success is a full one."""
    assert JSON.partial_success(body) == expected


def test_both_encodings_tell_their_content_type() -> None:
    """As OTLP/HTTP names them."""
    assert (PROTOBUF.content_type, JSON.content_type) == (
        *("application/x-protobuf", "application/json"),
    )
