# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_otlp`: single values against opentelemetry-proto; tests/property has whole spans."""

from __future__ import annotations

import math
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from edgetrace import _key_values
from edgetrace._key_values import any_value
from edgetrace._otlp import PROTOBUF, PartialSuccess, encode_span
from edgetrace._types import (
    Event,
    Link,
    Resource,
    Scope,
    SpanContext,
    SpanData,
    SpanKind,
    Status,
    StatusCode,
)
from tests import otlp_messages
from tests.otlp_messages import request_message, span_message
from tests.strategies import simple_span

PARENT = SpanContext(b"\x03" * 16, b"\x04" * 8, 3, (("v", "1"), ("w", "2")), True)
FULL = simple_span(
    "name \ud83d",
    context=SpanContext(b"\x01" * 16, b"\x02" * 8, 1, (("v", "1"),)),
    parent=PARENT,
    kind=SpanKind.CONSUMER,
    attributes={"s": "x", "": 1, "k": {"": None, "n": (1, None)}},
    events=[Event("e", 5, {"a": 1.5}, 2), Event("", 0)],
    links=[Link(PARENT, {"a": b"x"}, 3), Link(PARENT._replace(is_remote=False, trace_state=()))],
    status=Status(StatusCode.ERROR, "why"),
    dropped_attributes_count=1,
    dropped_events_count=2**32,
    dropped_links_count=3,
)


def decoded(span: SpanData) -> trace_pb2.Span:
    """A span through our encoder and protobuf's parser."""
    (message,) = trace_pb2.ScopeSpans.FromString(encode_span(span)).spans
    return message


@pytest.mark.parametrize(
    "value",
    [
        *("", "text", "\ud83d", True, False, 0, 1, -1, 2**63 - 1, -(2**63), 0.0, -0.0, 1e300),
        *(math.inf, -math.inf, b"", b"\x00\xff", (), (1, "a", None, (True,)), {}, None),
        {"a": {"": (1.5, {"b": None})}},
    ],
    ids=repr,
)
def test_every_kind_of_value(value: Any) -> None:
    """Byte for byte what protobuf writes, absent and empty values told apart."""
    assert any_value(value) == otlp_messages.any_value(value).SerializeToString()


def test_nan() -> None:
    """NaN is a double like any other."""
    message = AnyValue.FromString(any_value(math.nan))
    assert math.isnan(message.double_value)


@pytest.mark.parametrize("value", [object(), {1}, [1], 1j])
def test_what_was_not_cleaned_is_refused(value: Any) -> None:
    """The encoder is total over clean values, and says so of others."""
    with pytest.raises(TypeError, match="not cleaned"):
        any_value(value)


@pytest.mark.parametrize(
    "span", [simple_span(), simple_span(""), FULL, simple_span(start_unix_nano=0, end_unix_nano=0)]
)
def test_spans(span: SpanData) -> None:
    """Defaults are left out, fields go by number."""
    assert decoded(span) == span_message(span)
    message = trace_pb2.ScopeSpans(spans=[span_message(span)])
    assert encode_span(span) == message.SerializeToString()


def test_flags_that_are_not_trace_flags_do_not_go_out() -> None:
    """A context of somebody else's making cannot say that a parent is remote."""
    odd = simple_span().context._replace(trace_flags=0xF01)
    span = decoded(simple_span(context=odd, links=[Link(odd)]))
    assert (span.flags, span.links[0].flags) == (0x101, 0x101)


@pytest.mark.parametrize(
    ("parent", "flags"),
    [
        (None, 0x101),
        (PARENT, 0x301),
        (PARENT._replace(is_remote=False), 0x101),
    ],
)
def test_flags_tell_where_the_parent_is(parent: SpanContext | None, flags: int) -> None:
    """Bits 0-7 are the span's own trace flags, 8 and 9 say whether its parent is remote."""
    assert decoded(simple_span(parent=parent)).flags == flags


@pytest.mark.parametrize(
    "span",
    [
        simple_span(context=SpanContext(b"\x01" * 15, b"\x02" * 8)),
        simple_span(context=SpanContext(b"\x01" * 16, b"")),
        simple_span(parent=SpanContext(b"\x01" * 16, b"\x02" * 9)),
        simple_span(links=[Link(SpanContext(b"", b"\x02" * 8))]),
        simple_span(start_unix_nano=-1),
        simple_span(end_unix_nano=2**64),
        simple_span(start_unix_nano=math.nan),
        simple_span(name=5),  # type: ignore[arg-type]
        simple_span(kind="server"),
        simple_span(attributes={"a": object()}),
        simple_span(context=None),
    ],
)
def test_spans_that_would_spoil_a_request_are_refused(span: SpanData) -> None:
    """An id of a wrong length makes receivers refuse every span beside it."""
    with pytest.raises(Exception, match=r"\w"):
        encode_span(span)


@pytest.mark.parametrize(
    ("resource", "groups"),
    [
        (Resource(), []),
        (Resource({"service.name": "x"}, "https://schema/\u00e9"), [(Scope(), [])]),
        (
            Resource({"a": (1,)}),
            [
                (Scope("lib", "1", (("k", {"a": 1}), ("n", None)), "https://s"), [FULL]),
                (Scope("other"), [simple_span("a"), simple_span("b")]),
            ],
        ),
    ],
)
def test_frames(resource: Resource, groups: list[tuple[Scope, list[SpanData]]]) -> None:
    """Joined parts are the request that protobuf would have written."""
    body = PROTOBUF.frame(
        PROTOBUF.resource(resource),
        resource.schema_url,
        [
            (PROTOBUF.scope(scope), scope.schema_url, [PROTOBUF.span(span) for span in spans])
            for scope, spans in groups
        ],
    )
    assert body == request_message(resource, groups).SerializeToString()


def _response(rejected: int, message: str) -> bytes:
    partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    return ExportTraceServiceResponse(partial_success=partial).SerializeToString()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (0, "")),
        (ExportTraceServiceResponse().SerializeToString(), (0, "")),
        (_response(3, "too old"), (3, "too old")),
        (_response(0, "a warning"), (0, "a warning")),
        (_response(2**63 - 1, ""), (2**63 - 1, "")),
        (_response(-1, ""), (0, "")),
        (_response(3, "x")[:-1], (0, "")),
        (b"\x0a\x03\x12\x01\xff", (0, "\ufffd")),
        (b"\x0a\x0a\x09" + b"\x01" * 8, (0, "")),  # rejected_spans as a fixed64
        (b"\x08\x05", (0, "")),  # partial_success as a varint
        (b"<html>", (0, "")),
        (b"{}", (0, "")),
        (b"\xff" * 50, (0, "")),
    ],
)
def test_answers(body: bytes, expected: PartialSuccess) -> None:
    """Whatever is no partial success is a full one."""
    assert PROTOBUF.partial_success(body) == expected


def test_key_memory_is_bounded() -> None:
    """Keys that turn out to be data do not pile up, and are still written right."""
    for number in range(3_000):
        span = simple_span(attributes={f"key{number}": number})
        assert decoded(span).attributes[0].key == f"key{number}"
    assert len(_key_values._keys) <= _key_values.MAX_KEYS


def test_value_memory_is_bounded() -> None:
    """A key whose values are data forgets them, and they are still written right."""
    for number in range(3 * _key_values.MAX_VALUES):
        span = decoded(simple_span(attributes={"text": f"t{number}", "number": number}))
        assert span.attributes[0].value.string_value == f"t{number}"
        assert span.attributes[1].value.int_value == number
    for key in ("text", "number"):
        assert not _key_values._keys[key].texts
        assert not _key_values._keys[key].integers


def test_long_texts_are_not_remembered() -> None:
    """They are data, and would be held for good."""
    decoded(simple_span(attributes={"long": "x" * (_key_values.MAX_TEXT_BYTES + 1)}))
    assert not _key_values._keys["long"].texts


@pytest.mark.parametrize("values", [(1, True, 1.0, "1"), (0.0, 0, False), (True, 1)])
def test_equal_values_of_different_types_stay_apart(values: tuple[Any, ...]) -> None:
    """1 == True == 1.0, but they are three values on the wire, whichever comes first."""
    for value in values * 2:
        span = decoded(simple_span(attributes={"same": value}))
        assert span.attributes[0].value == otlp_messages.any_value(value)


@pytest.mark.parametrize("size", [0, 1, 90, 105, 106, 107, 108, 109, 110, 120, 127, 128, 16_384])
def test_texts_of_every_length(size: int) -> None:
    """One-byte lengths end at 127, for the text and for each message around it; % is no pattern."""
    attributes = {"100%b": "x" * size}
    (attribute,) = decoded(simple_span(attributes=attributes)).attributes
    assert (attribute.key, attribute.value.string_value) == ("100%b", "x" * size)
