# SPDX-License-Identifier: MIT OR Apache-2.0
"""The encoders against opentelemetry-proto: what goes in comes out, and nothing goes wrong.

A random program of 100,000 hostile values would take hypothesis minutes to draw; those come from a
seeded `random`, in batches, and a failure names its seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from edgetrace._attributes import INVALID, clean
from edgetrace._config import Settings
from edgetrace._export import Exporter
from edgetrace._otlp import PROTOBUF, Encoding
from edgetrace._otlp_json import JSON
from edgetrace._tracer import TracerProvider
from edgetrace._types import Resource, Scope, SpanData, SpanKind
from edgetrace.testing import ManualClock
from tests import otlp_messages, strategies
from tests.otlp_messages import decode, parse_json, request_message
from tests.strategies import HOSTILE, simple_span

groups = st.lists(st.tuples(strategies.scopes, st.lists(strategies.spans, max_size=3)), max_size=3)


def encode(
    encoding: Encoding, resource: Resource, content: list[tuple[Scope, list[SpanData]]]
) -> bytes:
    """A whole request."""
    return encoding.frame(
        encoding.resource(resource),
        resource.schema_url,
        [
            (encoding.scope(scope), scope.schema_url, [encoding.span(span) for span in spans])
            for scope, spans in content
        ],
    )


@given(strategies.resources, groups)
def test_protobuf_is_what_protobuf_writes(
    resource: Resource, content: list[tuple[Scope, list[SpanData]]]
) -> None:
    """Decoded it is what was put in, and its bytes are those of protobuf's own serializer."""
    body = encode(PROTOBUF, resource, content)
    expected = request_message(resource, content)
    assert body == expected.SerializeToString()
    assert ExportTraceServiceRequest.FromString(body).SerializeToString() == body


@given(strategies.resources, groups)
def test_json_says_the_same_as_protobuf(
    resource: Resource, content: list[tuple[Scope, list[SpanData]]]
) -> None:
    """Read by the rules of OTLP/JSON, it is the same message."""
    message = parse_json(encode(JSON, resource, content))
    # As bytes: a message that holds NaN does not equal itself.
    assert message.SerializeToString() == encode(PROTOBUF, resource, content)


@given(strategies.clean_values)
def test_clean_values_stay_as_they_are(value: Any) -> None:
    """Cleaning twice is cleaning once, and what is clean loses nothing."""
    if value == value:  # NaN is not
        assert clean(value) == value or "nan" in repr(value)
    assert type(clean(value)) is type(value)


@given(strategies.clean_values, st.integers(0, 5))
def test_the_length_limit_holds_at_any_depth(value: Any, limit: int) -> None:
    """No string and no bytes inside a cleaned value are longer."""

    def longest(item: Any) -> int:
        if isinstance(item, dict):
            return max(map(longest, item.values()), default=0)
        if isinstance(item, tuple):
            return max(map(longest, item), default=0)
        return len(item) if isinstance(item, str | bytes) else 0

    assert longest(clean(value, limit)) <= limit


NAMES = sorted(set(HOSTILE) - {"endless mapping", "deep", "huge int", "larger int", "long text"})
"""The slow ones are left to `SLOW`: they say the same each time."""
SLOW = sorted(set(HOSTILE) - set(NAMES))


def hostile(rng: random.Random, depth: int = 2) -> Any:
    """Something that an application should not hand in, or a container of such."""
    draw = rng.random()
    if depth and draw < 0.1:
        return [hostile(rng, depth - 1) for _ in range(rng.randrange(4))]
    if depth and draw < 0.2:
        return {rng.choice(["a", "", "b", 1]): hostile(rng, depth - 1) for _ in range(3)}
    if draw < 0.3:
        return rng.choice([rng.getrandbits(70) - 2**69, rng.random(), rng.randbytes(9), "text"])
    return HOSTILE[rng.choice(SLOW if draw > 0.9995 else NAMES)]()


@pytest.mark.parametrize("seed", range(5))
def test_100_000_hostile_values_are_cleaned_and_encoded(seed: int) -> None:
    """20,000 each: cleaning never raises, and what it keeps both encodings can carry."""
    rng = random.Random(seed)
    kept: dict[str, Any] = {}
    for number in range(20_000):
        value = clean(hostile(rng), rng.choice([None, 0, 7, 100]))
        if value is INVALID:
            continue
        kept[str(number)] = value
        if len(kept) == 500:
            _same_in_both(simple_span(attributes=kept))
            kept = {}
    _same_in_both(simple_span(attributes=kept))


def _same_in_both(span: SpanData) -> None:
    content = [(Scope(), [span])]
    body = encode(PROTOBUF, Resource(), content)
    assert len(ExportTraceServiceRequest.FromString(body).resource_spans) == 1
    assert parse_json(encode(JSON, Resource(), content)).SerializeToString() == body


CALLS: list[Callable[[Any, Callable[[], Any]], None]] = [
    lambda span, value: span.set_attribute(value(), value()),
    lambda span, value: span.set_attribute("key", value()),
    lambda span, value: span.set_attributes(value()),
    lambda span, value: span.set_attributes({"a": value(), "b": value()}),
    lambda span, value: span.add_event(value(), value(), value()),
    lambda span, value: span.add_event("event", {"a": value()}),
    lambda span, value: span.add_link(value(), value()),
    lambda span, value: span.record_exception(value(), value(), value()),
    lambda span, value: span.record_exception(ValueError(value()), value()),
    lambda span, value: span.set_status(value(), value()),
    lambda span, value: span.update_name(value()),
    lambda span, value: span.end(value()),
    lambda span, value: span.is_recording(),
]


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
@pytest.mark.parametrize("seed", range(4))
def test_100_000_hostile_calls_of_the_span_api(seed: int, protocol: str) -> None:
    """12,500 each: no call raises, every span ends or is counted, and all output decodes."""
    rng = random.Random(seed)
    options = Settings.from_options(protocol=protocol, max_queue_size=50_000)
    exporter = Exporter(options, Resource(), rng.randbytes)
    provider = TracerProvider(
        options,
        clock=ManualClock(),
        entropy=rng.randbytes,
        exporter=exporter,
        error_handler=lambda error: None,
    )

    def value() -> Any:
        return hostile(rng, 1)

    calls = started = 0
    while calls < 12_500:
        tracer = provider.get_tracer(rng.choice(["lib", value()]), attributes={"k": value()})
        start = rng.choice([None, value()])
        span: Any
        if rng.random() < 0.2:
            span = tracer.start_span(value(), value(), value(), value(), value(), value())
        else:
            span = tracer.start_span("name", None, SpanKind.CLIENT, {"a": value()}, None, start)
        started += span.is_recording()
        for _ in range(rng.randrange(1, 8)):
            rng.choice(CALLS)(span, value)
            calls += 1
        if span.is_recording():
            span.end()
    exporter.force_flush()
    decoded = 0
    while (request := exporter.next_request(0)) is not None:
        message = decode(request)
        decoded += len(otlp_messages.span_names(message))
        exporter.receive_response(request.id, 200, {}, b"", 0)
    counters = provider.counters()
    assert decoded == counters["exported"] > 1_000
    assert counters["ended"] == started
    dropped = sum(count for name, count in counters.items() if name.startswith("dropped"))
    assert counters["ended"] == decoded + dropped
    assert counters["misuses"] > 1_000


@given(st.data())
def test_span_data_of_any_making_is_encoded_or_counted(data: st.DataObject) -> None:
    """One field replaced by something else: it is refused, or the request still decodes."""
    span = data.draw(strategies.spans)
    field = data.draw(st.sampled_from(SpanData._fields))
    wrong = HOSTILE[data.draw(st.sampled_from(sorted(set(HOSTILE) - {"endless mapping"})))]()
    protocol = data.draw(st.sampled_from(["http/protobuf", "http/json"]))
    exporter = Exporter(Settings(protocol=protocol), Resource(), bytes)
    scope = exporter.add_scope(Scope())
    exporter.offer(scope, simple_span("good"))
    exporter.offer(scope, span._replace(**{field: wrong}))
    exporter.force_flush()
    request = exporter.next_request(0)
    assert request is not None
    assert otlp_messages.span_names(decode(request))[0] == "good"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_answer_is_read(body: bytes) -> None:
    """Whatever a receiver sends back, it is a count that makes sense and a text."""
    for encoding in (PROTOBUF, JSON):
        rejected, message = encoding.partial_success(body)
        assert 0 <= rejected < 2**63
        assert type(message) is str
