# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_propagation`: carriers of every kind, what replaces what, limits, and the choice of headers."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, NoReturn

import pytest

from edgetrace._context import Context, NonRecordingSpan, attach, detach
from edgetrace._propagation import (
    MAX_CARRIER_FIELDS,
    MAX_HEADER_CHARS,
    MAX_TRACESTATE_CHARS,
    Propagators,
    extract,
    format_traceparent,
    format_tracestate,
    inject,
    parse_traceparent,
    parse_tracestate,
    propagators_from_names,
    set_propagators,
)
from edgetrace._types import INVALID_SPAN_CONTEXT, SpanContext
from edgetrace.errors import ConfigError

TRACE_ID = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
SPAN_ID = bytes.fromhex("00f067aa0ba902b7")
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03"
PARENT = SpanContext(TRACE_ID, SPAN_ID, 3, (), True)
LOCAL = Context(NonRecordingSpan(SpanContext(SPAN_ID * 2, SPAN_ID)), {"own": "1"})


def span_context(context: Context) -> SpanContext:
    """The extracted parent, which has to be there."""
    assert context.span is not None
    return context.span.context


class Raising:
    """Raises from whatever is asked of it."""

    def __getattribute__(self, name: str) -> NoReturn:
        raise RuntimeError(name)

    def __iter__(self) -> NoReturn:
        raise RuntimeError

    def __len__(self) -> NoReturn:
        raise RuntimeError

    def __bool__(self) -> NoReturn:
        raise RuntimeError


class RaisingText(str):
    """A str whose own methods all fail."""

    def strip(self, chars: str | None = None) -> NoReturn:
        raise RuntimeError

    def __getitem__(self, key: object) -> NoReturn:
        raise RuntimeError

    def __len__(self) -> NoReturn:
        raise RuntimeError


class WithItems:
    """Not a mapping, but it has items, as `email.message.Message` does."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


# By index, not as parameters: pytest looks into what it parametrizes, which these do not suffer.
CARRIERS: list[object] = [
    {"traceparent": TRACEPARENT},
    {"TraceParent": TRACEPARENT.encode()},
    {b"TRACEPARENT": bytearray(TRACEPARENT, "ascii")},
    {"traceparent": [TRACEPARENT]},
    [("host", "a"), ("traceparent", TRACEPARENT)],
    [(b"traceparent", TRACEPARENT.encode())],
    (pair for pair in [["traceparent", (TRACEPARENT,)]]),
    WithItems([("traceparent", TRACEPARENT)]),
    [None, 1, ("one",), ("a", "b", "c"), Raising(), ("traceparent", TRACEPARENT)],
    {1: 2, None: None, "traceparent": RaisingText(TRACEPARENT)},
    {RaisingText("traceparent"): TRACEPARENT},
]
NO_CARRIERS: list[object] = [
    None,
    0,
    1.5,
    True,
    "traceparent",
    b"traceparent",
    object(),
    object,
    Raising(),
    WithItems,
    {"traceparent": None},
    {"traceparent": 7},
    {"traceparent": Raising()},
    {"traceparent": [TRACEPARENT, None]},
    {"traceparent": {TRACEPARENT}},
    [TRACEPARENT],
    iter([Raising()]),
]


@pytest.mark.parametrize("index", range(len(CARRIERS)))
def test_extract_takes_any_carrier(index: int) -> None:
    """Mappings, pairs, generators and objects with items() all do, in str or bytes, in any case."""
    assert span_context(extract(CARRIERS[index])) == PARENT


@pytest.mark.parametrize("index", range(len(NO_CARRIERS)))
def test_extract_takes_nothing_from_anything_else(index: int) -> None:
    """What is no carrier, or holds no text, leaves the context as it was."""
    assert extract(NO_CARRIERS[index], LOCAL) == LOCAL
    assert extract(NO_CARRIERS[index]) == Context()


def test_extract_keeps_what_came_before_a_failure() -> None:
    """A carrier that breaks off has given what it gave."""

    def broken() -> Iterator[tuple[str, str]]:
        yield "traceparent", TRACEPARENT
        raise OSError("connection lost")

    assert span_context(extract(broken())) == PARENT


def test_extract_reads_an_endless_carrier_only_so_far() -> None:
    """A carrier without end is read for 1,024 fields."""
    read = 0

    def endless() -> Iterator[tuple[str, str]]:
        nonlocal read
        while True:
            read += 1
            yield "tracestate", "a=1"

    assert extract(endless()) == Context()
    assert read == MAX_CARRIER_FIELDS


def test_extract_reads_the_lines_of_a_header_only_so_far() -> None:
    """Of one header's lines, however they come, no more is kept than its limit."""
    lines = [b"a=1," * 500_000] * 40
    assert len(lines[0]) > MAX_HEADER_CHARS
    tracemalloc.start()
    try:
        context = extract([("traceparent", TRACEPARENT), ("tracestate", lines), ("baggage", lines)])
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 32 * MAX_HEADER_CHARS  # of 160 MB
    assert span_context(context) == PARENT
    assert context.baggage == {"a": "1"}


@pytest.mark.parametrize("value", ["0" * 10**7, b" " * 10**7, "," * 10**7, "a=1," * 10**6])
def test_extract_looks_at_the_beginning_of_a_huge_value(value: str | bytes) -> None:
    """Megabytes in one header are neither copied nor parsed, in whichever header they are."""
    context = extract({"traceparent": TRACEPARENT, "tracestate": value, "baggage": value})
    assert span_context(context) == PARENT
    assert len(context.baggage) <= 1
    assert extract({"traceparent": value}) == Context()


def test_extract_begins_at_the_empty_context() -> None:
    """Without a context given, the one in force does not become a caller's."""
    token = attach(LOCAL)
    try:
        assert extract({}) == Context()
    finally:
        detach(token)


def test_extract_replaces_only_what_it_read() -> None:
    """A new parent leaves the baggage alone, new baggage the span; each replaces its own part."""
    parent = extract({"traceparent": TRACEPARENT}, LOCAL)
    assert (span_context(parent), parent.baggage) == (PARENT, LOCAL.baggage)
    baggage = extract({"baggage": "a=1"}, LOCAL)
    assert (baggage.span, baggage.baggage) == (LOCAL.span, {"a": "1"})
    assert extract({"traceparent": TRACEPARENT[:-1], "baggage": ",;"}, LOCAL) == LOCAL


def test_extract_takes_a_context_only() -> None:
    """Something else in the context's place counts as none."""
    wrong: Any = Raising()
    assert extract({}, wrong) == Context()


def test_extracted_baggage_cannot_be_changed() -> None:
    """A context is immutable, the baggage that came in is too."""
    baggage: Any = extract({"baggage": "a=1"}).baggage
    with pytest.raises(TypeError):
        baggage["a"] = "2"


def test_tracestate_needs_a_traceparent() -> None:
    """A tracestate by itself, or beside an invalid traceparent, is dropped."""
    assert extract({"tracestate": "a=1"}) == Context()
    assert extract({"traceparent": "00-0-0-0", "tracestate": "a=1"}, LOCAL) == LOCAL


def test_parsers_take_nothing_from_what_is_no_text() -> None:
    """The parsers themselves take anything, too."""
    values: list[object] = [None, 1, [], memoryview(b"a=1"), Raising()]
    for value in values:
        assert parse_traceparent(value) is None
        assert parse_tracestate(value) == ()


def test_parse_traceparent() -> None:
    """Version 00 has 55 characters, a later one may have more; white space around is none."""
    assert parse_traceparent(f"\t {TRACEPARENT} ") == PARENT
    assert parse_traceparent("01" + TRACEPARENT[2:] + "-more") == PARENT
    for value in (TRACEPARENT + "-", TRACEPARENT + "\n", "ff" + TRACEPARENT[2:], TRACEPARENT[:54]):
        assert parse_traceparent(value) is None


def test_format_traceparent() -> None:
    """Only defined flags are sent, and an invalid context is sent as nothing."""
    assert format_traceparent(PARENT) == TRACEPARENT
    assert format_traceparent(PARENT._replace(trace_flags=0xFD)) == TRACEPARENT[:-1] + "1"
    assert format_traceparent(INVALID_SPAN_CONTEXT) == ""


def test_a_long_tracestate_loses_long_members_first() -> None:
    """Beyond 512 characters members of more than 128 go, right-most first, as few as will do."""
    long, longest, short = ("a", "x" * 127), ("b", "y" * 126), ("c", "z" * 126)
    assert len("=".join(long)) == 129
    state = (short, long, ("d", "w" * 200), longest, ("e", "v" * 100))
    kept = (short, long, longest, ("e", "v" * 100))
    assert parse_tracestate(",".join(map("=".join, state))) == kept
    assert format_tracestate(state) == ",".join(map("=".join, kept))
    edge = (("l", "x" * 127), *((name, "x" * 126) for name in "abc"))  # 129 characters, then 128
    assert format_tracestate(edge) == ",".join(map("=".join, edge[1:]))


def test_a_long_tracestate_of_short_members_loses_the_right_most() -> None:
    """Where no member is long, those on the right go until 512 characters are left."""
    state = tuple((f"k{n:02}", "v" * 60) for n in range(16))
    assert parse_tracestate(",".join(map("=".join, state))) == state[:7]
    four = tuple((name, "x" * 126) for name in "abcd")  # 515 characters
    assert format_tracestate(four) == ",".join(map("=".join, four[:3]))


def test_512_characters_of_tracestate_are_kept() -> None:
    """The specification's minimum is kept to the character, and one more costs a member."""
    exact = "a=" + "x" * 254 + ",b=" + "y" * 253
    assert len(exact) == MAX_TRACESTATE_CHARS
    assert format_tracestate(parse_tracestate(exact)) == exact
    assert format_tracestate(parse_tracestate(exact + "y")) == exact[:256]
    assert format_tracestate(parse_tracestate(exact + ",c=" + "z" * 200)) == exact


def test_format_tracestate_sends_only_what_can_be_read() -> None:
    """A member that is not as specified cannot reach a header, whoever made it."""
    state = (
        ("ok", "1"),
        ("UP", "1"),
        ("a", ""),
        ("a", "b,c=d"),
        ("a", "b\r\nx-evil: 1"),
        ("a=b", "c"),
        ("a", "b "),
        ("ok", "2"),
        ("k", " v"),
    )
    assert format_tracestate(state) == "ok=1,k= v"
    assert format_tracestate(tuple((f"k{n}", "v") for n in range(40))).count(",") == 31


def test_inject_writes_the_context_in_force() -> None:
    """Without a context given, the current span and baggage are sent."""
    context = Context(NonRecordingSpan(PARENT._replace(trace_state=(("a", "1"),))), {"k": "ä"})
    carrier: dict[str, str] = {}
    token = attach(context)
    try:
        inject(carrier)
    finally:
        detach(token)
    assert carrier == {"traceparent": TRACEPARENT, "tracestate": "a=1", "baggage": "k=%C3%A4"}


def test_inject_replaces_what_a_carrier_holds() -> None:
    """Forwarded headers, in any case, make room; another's baggage stays where there is none."""
    carrier = {"Traceparent": "old", "TRACESTATE": "old=1", "Baggage": "a=1", "Host": "x"}
    inject(carrier, Context(NonRecordingSpan(PARENT)))
    assert carrier == {"Host": "x", "Baggage": "a=1", "traceparent": TRACEPARENT}
    inject(carrier, Context(None, {"b": "2"}))
    assert carrier == {"Host": "x", "traceparent": TRACEPARENT, "baggage": "b=2"}


def test_inject_sends_nothing_of_nothing() -> None:
    """No span, an invalid span and baggage that cannot be sent leave a carrier as it is."""
    carrier = {"traceparent": "theirs"}
    inject(carrier, Context())
    inject(carrier, Context(NonRecordingSpan(INVALID_SPAN_CONTEXT), {"not a token": "1"}))
    assert carrier == {"traceparent": "theirs"}


def test_inject_writes_where_it_cannot_read() -> None:
    """A carrier that only takes items is enough."""

    class WriteOnly:
        def __init__(self) -> None:
            self.written: dict[str, str] = {}

        def __setitem__(self, name: str, value: str) -> None:
            self.written[name] = value

    carrier: Any = WriteOnly()
    inject(carrier, Context(NonRecordingSpan(PARENT), {"a": "1"}))
    assert carrier.written == {"traceparent": TRACEPARENT, "baggage": "a=1"}


def test_inject_never_raises() -> None:
    """A carrier or a context that is none is left alone."""
    written: dict[str, str] = {}
    wrong: Any
    for wrong in (0, 1, (), "text", object(), Raising(), MappingProxyType({})):
        inject(wrong, Context(NonRecordingSpan(PARENT), {"a": "1"}))
        inject(written, wrong)
        inject(written, Context(wrong, wrong))
    assert written == {}


def test_propagators_read_and_write_their_own_headers_only() -> None:
    """What is not chosen is neither taken from a request nor added to one."""
    headers = {"traceparent": TRACEPARENT, "tracestate": "a=1", "baggage": "b=2"}
    for chosen in (Propagators(True, False), Propagators(False, True), Propagators(False, False)):
        carrier: dict[str, str] = {}
        chosen.inject(carrier, chosen.extract(headers))
        assert tuple(carrier) == chosen.fields
        full: dict[str, str] = {}
        chosen.inject(full, extract(headers))
        assert full == carrier == {name: headers[name] for name in chosen.fields}


def test_set_propagators_chooses_for_the_program() -> None:
    """The functions extract and inject follow it."""
    headers = {"traceparent": TRACEPARENT, "baggage": "b=2"}
    context = extract(headers)
    set_propagators(propagators_from_names("baggage"))
    try:
        assert extract(headers) == Context(None, {"b": "2"})
        carrier: dict[str, str] = {}
        inject(carrier, context)
        assert carrier == {"baggage": "b=2"}
    finally:
        set_propagators(Propagators())
    assert span_context(extract(headers)) == PARENT


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ("", Propagators(True, True)),
        (" , ", Propagators(True, True)),
        ([], Propagators(True, True)),
        ("tracecontext,baggage", Propagators(True, True)),
        ("baggage, TraceContext,baggage", Propagators(True, True)),
        ("tracecontext", Propagators(True, False)),
        (("baggage",), Propagators(False, True)),
        ("none", Propagators(False, False)),
        ("NONE,none", Propagators(False, False)),
    ],
)
def test_propagators_from_names(names: str, chosen: Propagators) -> None:
    """OTEL_PROPAGATORS' names, in any case and order, repeated or not; empty is the default."""
    assert propagators_from_names(names) == chosen


@pytest.mark.parametrize("names", ["b3", "tracecontext,xray", "none,baggage", ["jaeger"]])
def test_propagators_from_names_refuses(names: str) -> None:
    """An unknown name, or none beside another, is told with its option and remedy."""
    with pytest.raises(ConfigError, match=r"^OTEL_PROPAGATORS=.*: use tracecontext, ") as caught:
        propagators_from_names(names)
    assert caught.value.value == (names if isinstance(names, str) else names[0])
