# SPDX-License-Identifier: MIT OR Apache-2.0
"""The gateway's OTLP against opentelemetry-proto: what it counts, lets through and splices in."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from edgetrace._otlp_json import JSON
from edgetrace._protobuf import delimited, utf8, varint
from edgetrace._types import Resource, Scope, SpanData
from edgetrace_gateway import wire, wire_json
from edgetrace_gateway.resources import with_resource_attributes
from edgetrace_gateway.wire import Garbage, count_spans
from tests import otlp_messages, strategies
from tests.otlp_messages import parse_json, request_message, utf8_text

groups = st.lists(st.tuples(strategies.scopes, st.lists(strategies.spans, max_size=3)), max_size=2)
keys = strategies.texts.filter(bool)
edge_attributes = st.dictionaries(keys, strategies.texts | strategies.int64s, max_size=4)
common_keys = st.sampled_from(["a", "service.name", "geo.country.iso_code", "b\ud83d"])


@st.composite
def requests(draw: st.DrawFn) -> ExportTraceServiceRequest:
    """Requests of up to three resources, some of them missing, with keys that the edge may own."""
    request = ExportTraceServiceRequest()
    for _ in range(draw(st.integers(0, 3))):
        attributes = draw(st.dictionaries(common_keys | keys, strategies.clean_values, max_size=4))
        resource = Resource(attributes, draw(strategies.texts))
        request.MergeFrom(request_message(resource, draw(groups)))
        if draw(st.booleans()):
            request.resource_spans[-1].ClearField("resource")
    return request


def modified(
    request: ExportTraceServiceRequest, attributes: dict[str, Any]
) -> ExportTraceServiceRequest:
    """Decode, modify, encode: what the splice has to equal."""
    added = otlp_messages.key_values(attributes)
    taken = set(map(utf8_text, attributes))
    for resource_spans in request.resource_spans if attributes else ():
        resource = resource_spans.resource
        kept = [item for item in resource.attributes if item.key not in taken]
        del resource.attributes[:]
        resource.attributes.extend(kept + added)
    return request


def spans_of(request: ExportTraceServiceRequest) -> int:
    """How many there are."""
    return len(otlp_messages.span_names(request))


def unknown_field(number: int, payload: bytes) -> bytes:
    """A length-delimited field that OTLP does not have."""
    return delimited(varint(number << 3 | 2), payload)


@given(requests())
def test_spans_are_counted(request: ExportTraceServiceRequest) -> None:
    """Every request that protobuf writes is taken, and its spans are counted without decoding."""
    assert count_spans(request.SerializeToString()) == spans_of(request)


@given(requests(), edge_attributes | st.dictionaries(common_keys, strategies.texts))
def test_a_splice_is_decode_modify_encode(
    request: ExportTraceServiceRequest, attributes: dict[str, Any]
) -> None:
    """Byte for byte, for requests in canonical form."""
    body = request.SerializeToString()
    spliced = with_resource_attributes(body, attributes)
    assert spliced == modified(request, attributes).SerializeToString()
    assert count_spans(spliced) == count_spans(body)


@given(requests(), requests(), st.binary(max_size=9), st.dictionaries(common_keys, st.text()))
def test_what_is_not_known_is_kept(
    first: ExportTraceServiceRequest,
    second: ExportTraceServiceRequest,
    payload: bytes,
    attributes: dict[str, Any],
) -> None:
    """Unknown fields, requests joined end to end, resources in parts: merged as decoders do it."""
    part = b"".join(rs.SerializeToString() for rs in first.resource_spans)
    body = (
        second.SerializeToString()
        + unknown_field(900, payload)
        + delimited(b"\x0a", part + unknown_field(77, payload))
        + first.SerializeToString()
    )
    decoded = ExportTraceServiceRequest.FromString(body)
    spliced = with_resource_attributes(body, attributes)
    again = ExportTraceServiceRequest.FromString(spliced)
    assert count_spans(body) == spans_of(decoded)
    assert again.SerializeToString() == modified(decoded, attributes).SerializeToString()
    assert unknown_field(77, payload) in spliced
    assert unknown_field(900, payload) in spliced


@given(st.binary(max_size=80))
def test_any_bytes_are_counted_or_garbage(body: bytes) -> None:
    """Nothing else is raised, by the walk or by the splice."""
    with contextlib.suppress(Garbage):
        count_spans(body)
    with contextlib.suppress(Garbage):
        with_resource_attributes(body, {"a": "b"})


@given(requests(), st.data())
def test_what_is_let_through_can_be_decoded(
    request: ExportTraceServiceRequest, data: st.DataObject
) -> None:
    """After any damage: protobuf's decoder takes what was taken, and counts as many spans."""
    damaged = bytearray(request.SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    body = bytes(damaged)
    try:
        spans = count_spans(body)
    except Garbage:
        return
    assert spans_of(ExportTraceServiceRequest.FromString(body)) == spans
    spliced = with_resource_attributes(body, {"a": 1})
    expected = modified(ExportTraceServiceRequest.FromString(body), {"a": 1})
    decoded = ExportTraceServiceRequest.FromString(spliced)
    assert decoded.SerializeToString() == expected.SerializeToString()


@given(
    strategies.resources, groups, edge_attributes | st.dictionaries(common_keys, strategies.texts)
)
def test_json_is_counted_and_spliced_as_protobuf_is(
    resource: Resource, content: list[tuple[Scope, list[SpanData]]], attributes: dict[str, Any]
) -> None:
    """The same message, told in JSON."""
    body = JSON.frame(
        JSON.resource(resource),
        resource.schema_url,
        [
            (JSON.scope(scope), scope.schema_url, [JSON.span(span) for span in spans])
            for scope, spans in content
        ],
    )
    request = parse_json(body)
    assert wire_json.count_spans(body) == spans_of(request)
    spliced = parse_json(wire_json.count_and_add(body, attributes)[1])
    assert spliced.SerializeToString() == modified(request, attributes).SerializeToString()


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceSpans", "scopeSpans", "spans", "resource", "attributes", "key", "value"]
            )
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=60) | json_values.map(lambda value: utf8(json.dumps(value))))
@example(b"[" * 200_000)
@example(b'{"resourceSpans":' * 50_000)
@example(b'{"a":' + b"9" * 5_000 + b"}")
@example(b'{"a":1e999}')
@example(b'{"a":"\\ud83d"}')
@example(b'\xef\xbb\xbf{"resourceSpans":null}')
def test_any_json_is_counted_or_garbage(body: bytes) -> None:
    """Nothing else is raised, and what was spliced is JSON that is counted alike."""
    try:
        spans = wire_json.count_spans(body)
    except Garbage:
        return
    counted, spliced = wire_json.count_and_add(body, {"a": "b"})
    assert counted == spans
    assert wire_json.count_spans(spliced) == spans


@pytest.mark.parametrize("depth", [1, 30, wire.MAX_DEPTH, 5_000])
def test_nesting_is_bounded(depth: int) -> None:
    """Values in values are followed to a depth, and refused beyond it without deeper recursion."""
    value = b""
    for _ in range(depth):
        value = delimited(b"\x2a", delimited(b"\x0a", value))
    body = delimited(b"\x0a", delimited(b"\x0a", delimited(b"\x0a", delimited(b"\x12", value))))
    if depth < wire.MAX_DEPTH // 2:
        assert count_spans(body) == 0
    else:
        with pytest.raises(Garbage, match="nested"):
            count_spans(body)
