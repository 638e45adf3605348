# SPDX-License-Identifier: MIT OR Apache-2.0
"""What property tests draw from: ids, clean attributes, spans, and values that mean harm.

The strategies for clean values yield what `_attributes.clean` yields, so that what is put in can be
compared with what comes out. `HOSTILE` makes everything else that an application might hand in.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest.mock import Mock

from hypothesis import strategies as st

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

MAX_U64 = 2**64 - 1

trace_ids = st.binary(min_size=16, max_size=16).filter(any)
span_ids = st.binary(min_size=8, max_size=8).filter(any)
texts = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates included
keys = texts.filter(bool)
int64s = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, -1, 2**63 - 1, -(2**63), 2**32])
unix_nanos = st.integers(0, MAX_U64) | st.sampled_from([0, 1, MAX_U64])
counts = st.integers(0, 2**32 + 5)
trace_states = st.lists(
    st.tuples(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"[!-+]{1,8}", fullmatch=True)
    ),
    max_size=3,
).map(tuple)
# JSON has one NaN, so there is one here.
floats = st.floats().map(lambda number: math.nan if math.isnan(number) else number)
scalars = texts | st.booleans() | int64s | floats | st.binary(max_size=12)


def _nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    inner = children | st.none()
    return st.lists(inner, max_size=4).map(tuple) | st.dictionaries(texts, inner, max_size=4)


clean_values = st.recursive(scalars, _nested, max_leaves=4)
clean_attributes = st.dictionaries(keys, clean_values, max_size=3)

span_contexts = st.builds(
    SpanContext, trace_ids, span_ids, st.integers(0, 255), trace_states, st.booleans()
)
events = st.builds(Event, texts, unix_nanos, clean_attributes, counts)
links = st.builds(Link, span_contexts, clean_attributes, counts)
statuses = st.builds(Status, st.sampled_from(StatusCode), texts)
spans = st.builds(
    SpanData,
    context=span_contexts,
    parent=st.none() | span_contexts,
    name=texts,
    kind=st.sampled_from(SpanKind),
    start_unix_nano=unix_nanos,
    end_unix_nano=unix_nanos,
    attributes=clean_attributes,
    events=st.lists(events, max_size=2),
    links=st.lists(links, max_size=2),
    status=statuses,
    dropped_attributes_count=counts,
    dropped_events_count=counts,
    dropped_links_count=counts,
)
scopes = st.builds(
    Scope, texts, texts, clean_attributes.map(lambda given: tuple(given.items())), texts
)
resources = st.builds(Resource, clean_attributes, texts)


def simple_span(name: str = "work", **fields: Any) -> SpanData:
    """A small sampled root span; any field can be replaced."""
    given: dict[str, Any] = {
        "context": SpanContext(bytes(15) + b"\x01", bytes(7) + b"\x02", 1),
        "parent": None,
        "name": name,
        "kind": SpanKind.INTERNAL,
        "start_unix_nano": 1_700_000_000_000_000_000,
        "end_unix_nano": 1_700_000_000_000_001_000,
        **fields,
    }
    return SpanData(**given)


class Harm(Exception):
    """What a hostile object raises; a test that sees it escape has found a bug."""


def _harm(*_: object, **__: object) -> Any:
    raise Harm("an application's own method failed")


class Hostile:
    """Every method that a tracer might call by accident raises."""

    __str__ = __repr__ = __bool__ = __len__ = __iter__ = __format__ = __int__ = _harm
    __index__ = __float__ = __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _harm
    __hash__ = __getitem__ = __call__ = __bytes__ = __getattr__ = _harm


class HostileStr(str):
    """A string whose own methods raise."""

    __slots__ = ()
    __str__ = __repr__ = __bool__ = __len__ = __format__ = __eq__ = __hash__ = __iter__ = _harm
    encode = __getitem__ = __contains__ = _harm  # type: ignore[assignment]


class HostileInt(int):
    """An integer whose own methods raise."""

    __str__ = __repr__ = __bool__ = __int__ = __index__ = __eq__ = __hash__ = _harm
    __lt__ = __le__ = __gt__ = __ge__ = __and__ = bit_length = to_bytes = _harm


class HostileFloat(float):
    """A float whose own methods raise."""

    __str__ = __repr__ = __bool__ = __float__ = __eq__ = __hash__ = __lt__ = __le__ = _harm


class HostileList(list):  # type: ignore[type-arg]
    """A list that breaks while it is read."""

    def __iter__(self) -> Iterator[Any]:
        """Give one element, then fail."""
        yield 1
        raise Harm("broken off")


class HostileDict(dict):  # type: ignore[type-arg]
    """A dict that breaks while it is read."""

    __bool__ = __len__ = _harm

    def items(self) -> Any:
        """Give one item, then fail."""
        yield "first", 1
        raise Harm("broken off")


class EndlessMapping(Mapping):  # type: ignore[type-arg]
    """A mapping without end, in width and in depth."""

    def __getitem__(self, key: object) -> Any:
        """Itself, whatever the key."""
        return self

    def __iter__(self) -> Iterator[str]:
        """Keys without end."""
        number = 0
        while True:
            yield f"key{number}"
            number += 1

    def __len__(self) -> int:
        """A lie."""
        return 3


class HostileException(Exception):
    """An exception that cannot be printed."""

    __str__ = __repr__ = _harm


class Colour(enum.Enum):
    """An enum that no protocol knows."""

    RED = "red"


def _cycle() -> list[Any]:
    cycle: list[Any] = [1]
    cycle.append(cycle)
    return cycle


def _deep(levels: int = 200) -> Any:
    value: Any = "bottom"
    for level in range(levels):
        value = [value] if level % 2 else {"k": value}
    return value


def _exhausted() -> Iterator[int]:
    raise Harm("generator")
    yield 1


HOSTILE: dict[str, Callable[[], Any]] = {
    "object": object,
    "class": lambda: Hostile,
    "hostile": Hostile,
    "hostile str": lambda: HostileStr("text"),
    "hostile int": lambda: HostileInt(7),
    "hostile float": lambda: HostileFloat(0.5),
    "hostile list": lambda: HostileList([1, 2]),
    "hostile dict": lambda: HostileDict({"a": 1}),
    "hostile exception": HostileException,
    "endless mapping": EndlessMapping,
    "mock of str": lambda: Mock(spec=str),
    "mock of int": lambda: Mock(spec=int),
    "mock of dict": lambda: Mock(spec=dict),
    "mock of a span context": lambda: Mock(spec=SpanContext),
    "mock": Mock,
    "cycle": _cycle,
    "deep": _deep,
    "generator": lambda: (number for number in range(3)),
    "failing generator": _exhausted,
    "set": lambda: {1, 2},
    "range": lambda: range(3),
    "enum": lambda: Colour.RED,
    "complex": lambda: 1j,
    "huge int": lambda: 10**4000,
    "larger int": lambda: 1 << 20_000,
    "negative int": lambda: -1,
    "2**64": lambda: 2**64,
    "nan": lambda: math.nan,
    "infinity": lambda: -math.inf,
    "long text": lambda: "\U0001f600" * 5_000,
    "surrogates": lambda: "\ude00\ud83d\ud83d\ude00\ud83d",
    "nul": lambda: "\x00",
    "empty": str,
    "none": lambda: None,
    "true": lambda: True,
    "bytearray": lambda: bytearray(b"\xff\x00"),
    "memoryview": lambda: memoryview(b"abcdef")[::2],
    "mixed list": lambda: [1, "a", None, 2.5, b"b", [True], {"k": [None]}, {1: 2}],
    "keys that are none": lambda: {1: "a", None: "b", ("t",): "c", "": "d", "ok": "e"},
    "wrong span context": lambda: SpanContext(b"short", "text", "flags", 5),  # type: ignore[arg-type]
    "mute span context": lambda: SpanContext(b"\x01" * 16, b"\x02" * 8, 1, ((1, 2, 3),)),  # type: ignore[arg-type]
    "zero span context": lambda: SpanContext(bytes(16), bytes(8)),
}
"""By name, makers of values that an application should not hand in, and does."""
