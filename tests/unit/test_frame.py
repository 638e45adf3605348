# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_frame`: queued spans to one body, within the bytes that were promised."""

from __future__ import annotations

import gzip
import os
from typing import Any

import pytest

from edgetrace._batch import Queued
from edgetrace._config import Settings
from edgetrace._frame import MIN_COMPRESS_BYTES, Framer
from edgetrace._types import Resource, Scope
from tests.otlp_messages import parse_json, request_message
from tests.strategies import simple_span

PROTOCOLS = ("http/protobuf", "http/json")


def framer(resource: Resource | None = None, /, **options: Any) -> Framer:
    """One with options."""
    return Framer(Settings.from_options(**options), resource or Resource())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_spans_are_grouped_by_scope(protocol: str) -> None:
    """Order stays within each scope; the first span of a scope places it."""
    one = framer(Resource({"a": 1}), protocol=protocol)
    scopes = [Scope("x"), Scope("y", "2", (), "https://s")]
    indexes = [one.add_scope(scope) for scope in scopes]
    spans = [(1, "a"), (0, "b"), (1, "c")]
    body = one.frame(
        [Queued(indexes[at], one.encoding.span(simple_span(name))) for at, name in spans]
    )
    expected = request_message(
        Resource({"a": 1}),
        [(scopes[1], [simple_span("a"), simple_span("c")]), (scopes[0], [simple_span("b")])],
    )
    if protocol == "http/json":
        assert parse_json(body) == expected
    else:
        assert body == expected.SerializeToString()


NAN = float("nan")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (Scope("a"), Scope("a"), True),
        (Scope("a"), Scope("b"), False),
        (Scope("a"), Scope("a", "1"), False),
        (Scope("a"), Scope("a", schema_url="s"), False),
        (Scope("a", attributes=(("k", 1),)), Scope("a", attributes=(("k", True),)), False),
        (Scope("a", attributes=(("k", 1),)), Scope("a", attributes=(("k", 1.0),)), False),
        (Scope("a", attributes=(("k", NAN),)), Scope("a", attributes=(("k", -NAN + 0),)), True),
        (
            Scope("a", attributes=(("k", {"x": 1}),)),
            Scope("a", attributes=(("k", {"x": 1}),)),
            True,
        ),
    ],
    ids=range(8),
)
def test_scopes_alike_on_the_wire_are_one(first: Scope, second: Scope, same: bool) -> None:
    """Python's equality is not asked: 1 == True, and NaN equals nothing."""
    one = framer(protocol="http/json")
    assert (one.add_scope(first) == one.add_scope(second)) is same
    assert one.add_scope(first) == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_the_bounds_on_overhead_hold(protocol: str, count: int) -> None:
    """A body is never larger than its parts and what was said of resource and scopes."""
    odd = 'https://"\u00e9\ud83d"/' * 40
    one = framer(Resource({"a": "x" * 300}, odd), protocol=protocol)
    scopes = [one.add_scope(Scope(f"s{number}" * 50, schema_url=odd)) for number in range(3)]
    data = one.encoding.span(simple_span("x"))
    body = one.frame([Queued(scopes[number % 3], data) for number in range(count)])
    used = set(scopes[:count])
    bound = one.head_bytes + sum(one.scope_bytes[scope] for scope in used) + count * len(data)
    assert bound - 100 * (len(used) + 1) <= len(body) <= bound


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("size", [0, 100, 20_000, 3_000_000])
def test_the_bounds_hold_when_lengths_take_more_bytes(protocol: str, size: int) -> None:
    """Protobuf's length prefixes grow with what they measure."""
    one = framer(protocol=protocol)
    spans = [Queued(one.add_scope(Scope("a")), b"," + b"x" * size)]
    bound = one.head_bytes + sum(one.scope_bytes) + sum(len(span.data) for span in spans)
    assert len(one.frame(spans)) <= bound


@pytest.mark.parametrize(
    ("message", "options", "compressed"),
    [
        (b"a" * MIN_COMPRESS_BYTES, {}, True),
        (b"a" * (MIN_COMPRESS_BYTES - 1), {}, False),
        (b"a" * 5_000, {"compression": "none"}, False),
        (os.urandom(5_000), {}, False),
        (b"", {}, False),
    ],
    ids=range(5),
)
def test_compression_where_it_pays(
    message: bytes, options: dict[str, str], compressed: bool
) -> None:
    """Small and incompressible bodies go as they are; the headers say which."""
    body, headers = framer(**options).body(message)
    assert headers["content-type"] == "application/x-protobuf"
    assert (headers.get("content-encoding") == "gzip") is compressed
    assert (gzip.decompress(body) if compressed else body) == message
