# SPDX-License-Identifier: MIT OR Apache-2.0
"""Any bytes at the gateway's raw route: spans, or RawError, and the same ones twice."""

from __future__ import annotations

import copy
import json
import os
import random
from typing import Any

import pytest
from hypothesis import given, strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from edgetrace._config import Settings
from edgetrace._entries import NUMBERS, STRINGS
from edgetrace._raw import RawError, RawResult, read_raw
from tests.property.test_timing import ORIGIN_MS, json_values, numbers, texts

HOSTILE_INPUTS = 100_000
"""Bodies that are nearly right, in all."""
NOW = 1_800_000_000_000_000_000
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SHARES = 20


def body(**changes: Any) -> dict[str, Any]:
    """A whole body."""
    row = [1.0, *range(1, len(NUMBERS))]
    navigation = {"origin": ORIGIN_MS, "numbers": row, "text": "\n".join(["x"] * len(STRINGS))}
    resource = {"kind": "entries", **navigation, "numbers": [0.0, *row[1:]]}
    work = {"kind": "span", "name": "work", "start": 1, "end": 2, "origin": ORIGIN_MS}
    return {
        "version": 1,
        "trace": TRACE,
        "span": SPAN,
        "first": 0,
        "documents": True,
        "now": ORIGIN_MS + 1000,
        "options": {"serviceName": "shop"},
        "page": {"url": "https://h/", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"},
        "navigation": navigation,
        "attributes": {"a": 1},
        "messages": [resource, {**work, "attributes": '{"a": 1}', "error": ""}],
        **changes,
    }


def check(data: bytes, base: Settings | None = None) -> RawResult | None:
    """Hold the law: RawError, or a request that the reference decoder takes."""
    try:
        result = read_raw(data, NOW, {"geo.country": "AQ"}, base)
    except RawError:
        return None
    request = ExportTraceServiceRequest.FromString(result.message)
    found = [
        span
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert len(found) == result.spans == result.counters["spans"]
    assert len({span.span_id for span in found}) == len(found)
    assert len({span.trace_id for span in found}) <= 1
    for span in found:
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    assert min(result.counters.values()) >= 0
    return result


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    """Garbage is no body."""
    assert check(data) is None


@given(json_values)
def test_any_json(value: object) -> None:
    """Nor is any other JSON."""
    assert check(json.dumps(value).encode()) is None


rows = st.integers(0, 5).flatmap(
    lambda count: st.fixed_dictionaries(
        {
            "kind": st.just("entries"),
            "origin": st.just(ORIGIN_MS) | st.floats(),
            "numbers": st.lists(
                numbers, min_size=count * len(NUMBERS), max_size=count * len(NUMBERS) + 1
            ),
            "text": st.lists(
                texts, min_size=count * len(STRINGS), max_size=count * len(STRINGS)
            ).map("\n".join),
        }
    )
)
custom_spans = st.fixed_dictionaries(
    {"kind": st.just("span"), "origin": st.just(ORIGIN_MS)},
    optional={
        "name": json_values | texts,
        "start": json_values | numbers,
        "end": json_values | numbers,
        "attributes": json_values | json_values.map(json.dumps),
        "error": json_values | texts,
    },
)
options = st.dictionaries(
    st.sampled_from(["sampleRatio", "sampler", "samplerArg", "phases", "urlQuery", "disabled"]),
    st.sampled_from(["", "0.5", "0", "always_on", "traceidratio", "events", "keep", "1e-300"]),
    max_size=3,
)


@given(
    st.lists(rows | custom_spans, max_size=4),
    st.fixed_dictionaries({}, optional={"first": st.integers(), "documents": st.booleans()}),
    options,
    st.dictionaries(texts, json_values, max_size=3),
    st.none() | st.sampled_from([0.0, 0.5, 1.0]),
)
def test_hostile_rows_and_spans(
    messages: list[Any],
    fields: dict[str, Any],
    options: dict[str, str],
    attributes: dict[str, Any],
    ceiling: float | None,
) -> None:
    """Whatever the fields hold; and the same body again is the same bytes, whenever it comes."""
    changed = body(messages=messages, options=options, attributes=attributes, **fields)
    data = json.dumps(changed).encode()
    base = Settings(sample_ratio=ceiling)
    result = check(data, base)
    if result:
        assert read_raw(data, NOW + 10**18, {"geo.country": "AQ"}, base) == result


@given(st.integers(1, 40), st.data())
def test_a_view_cut_anywhere_is_one_trace(count: int, data: st.DataObject) -> None:
    """Bodies of one view, cut at any row: one trace, ids that are all different, one root."""
    resource, _ = body()["messages"]
    cut = data.draw(st.integers(0, count))
    found = []
    for first, rows in ((0, cut), (cut, count - cut)):
        part = body(messages=[resource] * rows, first=first, documents=first == 0)
        result = check(json.dumps(part).encode())
        assert result
        request = ExportTraceServiceRequest.FromString(result.message)
        for of_resource in request.resource_spans:
            found += [(span.trace_id, span.span_id) for span in of_resource.scope_spans[0].spans]
    assert len(set(found)) == count + 2  # cut at 0, both are the first: sent twice
    assert len({trace_id for trace_id, _ in found}) == 1


WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 1, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "x", "\ud800"),
    *([], {}, [[]], {"a": {}}, ["x"] * 3, TRACE, SPAN, "0" * 16, "-1", "\n" * 8),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """All containers of a value with their keys."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [at for key in keys for at in ((value, key), *places(value[key]))]


@pytest.mark.parametrize("seed", range(SHARES))
def test_bodies_that_are_nearly_right(seed: int) -> None:
    """A field of another type, a field missing, a byte changed, an end cut off: no surprise."""
    deep = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
    chance = random.Random(seed)
    for _ in range(HOSTILE_INPUTS // SHARES * (10 if deep else 1)):
        broken = body()
        for _ in range(chance.randint(0, 2)):
            container, key = chance.choice(places(broken))
            if isinstance(container, dict) and chance.random() < 0.2:
                del container[key]
            else:
                container[key] = copy.deepcopy(chance.choice(WRONG))
        data = bytearray(json.dumps(broken), "utf-8")
        if chance.random() < 0.3:
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.1:
            del data[chance.randrange(len(data)) :]
        check(bytes(data))
