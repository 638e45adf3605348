# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_propagation` and `_baggage` under any input: nothing raises, what goes out comes in again."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, strategies as st

from edgetrace._baggage import BaggageValue, format_baggage, parse_baggage
from edgetrace._context import Context, NonRecordingSpan
from edgetrace._propagation import (
    extract,
    format_traceparent,
    format_tracestate,
    inject,
    parse_traceparent,
    parse_tracestate,
)
from edgetrace._types import SpanContext

NAMES = ("traceparent", "tracestate", "baggage")
HEADER_VALUE = re.compile(r"[\x20-\x7e]*")

names = st.sampled_from([*NAMES, *map(str.upper, NAMES), *map(str.encode, NAMES)]) | st.text()
hexes = st.text("0123456789abcdefABCDEFg", min_size=0, max_size=40)
near_traceparents = st.builds("-".join, st.lists(hexes, max_size=6))
near_lists = st.text("ab01=,;@*/ \t%_-\x00é\r\n", max_size=200)
texts = st.text() | near_traceparents | near_lists
values = texts | texts.map(lambda text: text.encode("utf-8", "replace")) | st.binary()
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | values,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(values, inner),
    max_leaves=8,
)
carriers = (
    st.dictionaries(names, values | anything)
    | st.lists(st.tuples(names, values | anything))
    | anything
)

keys = st.from_regex(r"[a-z0-9][a-z0-9_*/@-]{0,20}", fullmatch=True)
state_values = st.from_regex(r"[ -+\--<>-~]{0,20}[!-+\--<>-~]", fullmatch=True)
tokens = st.from_regex(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}", fullmatch=True)
properties = st.lists(
    st.from_regex(r"[A-Za-z0-9!#$%-]{1,5}(=[!#-+\--:<-\[\]-~]{0,5})?", fullmatch=True), max_size=3
)
baggage_values = st.builds(
    BaggageValue,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    properties.map(";".join),
)
span_contexts = st.builds(
    SpanContext,
    st.binary(min_size=16, max_size=16).filter(any),
    st.binary(min_size=8, max_size=8).filter(any),
    st.integers(0, 3),
    # 11 members of at most 42 characters, with their commas, are within 512.
    st.dictionaries(keys, state_values, max_size=11).map(lambda members: tuple(members.items())),
    st.just(True),
)
baggages = st.dictionaries(tokens, baggage_values, max_size=20)


@given(carriers)
def test_extract_never_raises(carrier: object) -> None:
    """Whatever it is given, a context comes back, with a valid parent or none."""
    context = extract(carrier)
    assert context.span is None or context.span.context.is_valid
    assert len(context.baggage) <= 64


@given(span_contexts, baggages)
def test_what_was_injected_is_extracted(span_context: SpanContext, baggage: dict[str, str]) -> None:
    """extract(inject(x)) == x: ids, flags, tracestate in order, baggage with its metadata."""
    carrier: dict[str, str] = {}
    inject(carrier, Context(NonRecordingSpan(span_context), baggage))
    for spelling in (
        carrier,
        {name.title(): value.encode() for name, value in carrier.items()},
        [(name.encode(), value) for name, value in carrier.items()],
    ):
        context = extract(spelling)
        assert context.span is not None
        assert context.span.context == span_context
        assert list(context.baggage.items()) == list(baggage.items())
        for name, value in context.baggage.items():
            assert getattr(value, "metadata", "") == getattr(baggage[name], "metadata", "")


@given(st.text() | near_traceparents)
def test_traceparent_is_stable(text: str) -> None:
    """What is read of a traceparent is written so that it reads the same."""
    context = parse_traceparent(text)
    if context is not None:
        assert parse_traceparent(format_traceparent(context)) == context


@given(st.lists(st.tuples(keys, state_values), max_size=40) | near_lists)
def test_tracestate_is_stable_and_bounded(source: list[tuple[str, str]] | str) -> None:
    """Of any tracestate at most 32 distinct members and 512 characters stay, and stay as is."""
    text = source if isinstance(source, str) else ",".join(map("=".join, source))
    state = parse_tracestate(text)
    assert len(dict(state)) == len(state) <= 32
    written = format_tracestate(state)
    assert len(written) <= 512
    assert parse_tracestate(written) == state


@given(st.lists(st.tuples(tokens, baggage_values), max_size=80) | near_lists)
def test_baggage_is_stable_and_bounded(source: list[tuple[str, str]] | str) -> None:
    """Of any baggage at most 64 members and 8,192 bytes stay, and they read the same again."""
    text = source if isinstance(source, str) else format_baggage(dict(source))
    written = format_baggage(parse_baggage(text))
    assert written.count(",") < 64
    assert len(written) <= 8192
    assert format_baggage(parse_baggage(written)) == written


@given(
    st.lists(st.tuples(st.text(), st.text()), max_size=5),
    st.dictionaries(st.text(), st.builds(BaggageValue, st.text(), st.text()), max_size=5),
)
def test_injected_values_are_header_values(
    state: list[tuple[str, str]], baggage: dict[str, str]
) -> None:
    """Whatever an application puts into a context, no control character reaches a header."""
    carrier: dict[str, str] = {}
    parent = SpanContext(b"\x01" * 16, b"\x01" * 8, 255, tuple(state))
    inject(carrier, Context(NonRecordingSpan(parent), baggage))
    assert set(carrier) <= set(NAMES)
    assert all(HEADER_VALUE.fullmatch(value) for value in carrier.values())


def test_100_000_hostile_carriers() -> None:
    """A long, seeded run of broken headers in broken carriers lets no exception out."""
    rng = random.Random(20261121)
    taken = 0
    for _ in range(100_000):
        context = extract(hostile_carrier(rng))
        if context.span is not None:
            taken += 1
            assert context.span.context.is_valid
            assert len(format_tracestate(context.span.context.trace_state)) <= 512
        assert len(context.baggage) <= 64
    assert 1_000 < taken < 50_000  # the run reaches beyond the first check, and is hostile


VALID = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,ot=th:c;rv:6e6d1a75832a2f",
    "baggage": "userId=Am%C3%A9lie;p=1,serverNode=DF%2028,isProduction=false",
}
SPLICES = ("", ",", ";", "=", "-", "%", "%ff", "\x00", "\r\n", " ", "\t", "é", "\ud800", "0", "f")
ODD: tuple[Callable[[], object], ...] = (
    lambda: None,
    lambda: 0,
    lambda: float("nan"),
    lambda: 10**400,
    object,
    lambda: Raising,
    lambda: Raising(),
    lambda: [Raising(), "a=1"],
    lambda: {"a": 1},
    lambda: (part for part in "ab"),
    lambda: "a=1," * 50_000,
    lambda: b"\xff" * 100_000,
)


class Raising:
    """Raises from whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


def hostile_value(rng: random.Random, name: str) -> object:
    """A header's value, true, bent a little, noise, or no text at all."""
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(ODD)()
    if kind < 0.2:
        return rng.randbytes(rng.randrange(80))
    text = VALID[name if rng.random() < 0.95 else rng.choice(NAMES)]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 8))):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(SPLICES) + text[at + rng.randrange(3) :]
    shape = rng.random()
    if shape < 0.3:
        return text.encode("utf-8", "surrogatepass")
    return [text, rng.choice(ODD)()] if shape < 0.35 else text


def hostile_carrier(rng: random.Random) -> object:
    """A mapping, list, generator or oddity that holds such values."""
    kind = rng.random()
    if kind < 0.05:
        return rng.choice(ODD)()
    pairs: list[Any] = [(name, hostile_value(rng, name)) for name in NAMES]
    if kind < 0.4:
        return dict(pairs)
    pairs.insert(rng.randrange(4), rng.choice(ODD)())
    if rng.random() < 0.3:
        pairs.append((rng.choice(NAMES).encode(), hostile_value(rng, "tracestate")))
    return pairs if kind < 0.7 else broken_off(pairs, rng.randrange(8))


def broken_off(pairs: list[Any], after: int) -> Iterator[Any]:
    """Yield some pairs, then fail."""
    yield from pairs[:after]
    raise OSError("connection lost")
