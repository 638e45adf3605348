# SPDX-License-Identifier: MIT OR Apache-2.0
"""Any entries give well-formed spans: no exception, right boundaries, nothing lost unseen."""

from __future__ import annotations

import math
import os
import random
import struct
from itertools import count

import pytest
from hypothesis import given, strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from edgetrace._config import Settings
from edgetrace._entries import (
    NUMBERS,
    STRINGS,
    Kind,
    TimingEntry,
    entries_from_json,
    unpack_entries,
)
from edgetrace._otlp import PROTOBUF
from edgetrace._page import PageView
from edgetrace._page_info import PageInfo
from edgetrace._sampler import AlwaysOn, ParentBased
from edgetrace._server_timing import format_server_timing, parse_server_timing
from edgetrace._types import SpanData
from edgetrace._urls import MAX_URL_LENGTH, redact

HOSTILE_INPUTS = 100_000
"""Shares of it go to each of the hostile runs below."""
NOW = 1_800_000_000_000_000_000
ORIGIN_MS = 1_799_999_990_000.125
PHASES = ("attributes", "events", "off")
POLICIES = ("redact", "keep", "drop")

moments = st.floats(0.0, 20_000.0)
numbers = st.one_of(moments, st.just(0.0), st.floats())
texts = st.one_of(
    st.text(st.characters(), max_size=40),
    st.sampled_from(["https://u:p@h/?token=1#x", "h2", "cache", "first-paint", "db;dur=1;desc=a"]),
)


@st.composite
def entries(draw: st.DrawFn, values: st.SearchStrategy[float] = numbers) -> TimingEntry:
    """One entry of any kind, its fields whatever `values` gives."""
    kind = draw(st.sampled_from([0.0, 0.0, 1.0, 2.0, 3.0, 7.0, math.nan]))
    row = draw(st.lists(values, min_size=len(NUMBERS) - 1, max_size=len(NUMBERS) - 1))
    return TimingEntry._make((kind, *row, *draw(st.tuples(*[texts] * len(STRINGS)))))


def page_view(phases: str = "attributes", url_query: str = "redact") -> PageView:
    """A view that draws ids 1, 2, 3, ..."""
    numbers = count(1)
    return PageView(
        PageInfo(url="https://h/"),
        Settings(phases=phases, url_query=url_query),
        ParentBased(AlwaysOn()),
        lambda: next(numbers).to_bytes(16, "big"),
        lambda: next(numbers).to_bytes(8, "big"),
    )


def check(span: SpanData, now: int) -> None:
    """Hold the laws that every span keeps."""
    assert span.context.is_valid
    assert 0 <= span.start_unix_nano <= span.end_unix_nano <= now
    assert (span.parent is None) == (span.name == "documentLoad")
    for event in span.events:
        assert span.start_unix_nano <= event.time_unix_nano <= now
    for key, value in span.attributes.items():
        assert key
        assert value is not None
        assert not isinstance(value, float) or (math.isfinite(value) and value >= 0)
        assert not isinstance(value, str) or len(value) <= MAX_URL_LENGTH


@given(
    st.lists(st.lists(entries(), max_size=6), max_size=4),
    st.one_of(st.just(ORIGIN_MS), st.floats()),
    st.sampled_from(PHASES),
    st.sampled_from(POLICIES),
)
def test_any_entries_give_well_formed_spans(
    batches: list[list[TimingEntry]], origin: float, phases: str, policy: str
) -> None:
    """Boundaries lie between 1970 and now, and each resource is one span or waits or is counted."""
    view = page_view(phases, policy)
    spans: list[SpanData] = []
    for batch in batches:
        spans += view.add(batch, origin, NOW)
    spans += view.finish(NOW)
    for span in spans:
        check(span, NOW)
    given_in = [entry for batch in batches for entry in batch]
    resources = [entry for entry in given_in if entry.kind == 0.0 or math.isnan(entry.kind)]
    fetched = sum(span.name == "resourceFetch" for span in spans)
    assert view.counters["entries"] == len(given_in)
    assert view.counters["spans"] == len(spans)
    assert fetched == (0 if view.counters["without_origin"] else len(resources))
    assert sum(span.name == "documentLoad" for span in spans) <= 1
    assert bool(spans) == any(span.name == "documentLoad" for span in spans)


@given(st.lists(entries(moments), min_size=1, max_size=5), st.sampled_from(PHASES))
def test_every_span_can_be_encoded(batch: list[TimingEntry], phases: str) -> None:
    """OTLP takes them, and gives the times and names back."""
    view = page_view(phases)
    spans = view.add(batch, ORIGIN_MS, NOW) + view.finish(NOW)
    for span in spans:
        (decoded,) = ScopeSpans.FromString(PROTOBUF.span(span)).spans
        assert decoded.name == span.name
        assert decoded.start_time_unix_nano == span.start_unix_nano
        assert decoded.end_time_unix_nano == span.end_unix_nano
        assert len(decoded.attributes) == len(span.attributes)
        assert len(decoded.events) == len(span.events)


@given(st.floats(0.0, 3.6e6), st.floats(0.0, 3.6e6))
def test_times_are_exact_to_the_microsecond(start_ms: float, duration_ms: float) -> None:
    """Start and end are the entry's, rounded once."""
    end_ms = start_ms + duration_ms
    view = page_view()
    entry = TimingEntry(start_time=start_ms, fetch_start=start_ms, response_end=end_ms)
    view.add([entry], 1_700_000_000_000.25, NOW)
    span = view.finish(NOW)[-1]
    origin = 1_700_000_000_000_250_000
    assert abs(span.start_unix_nano - origin - start_ms * 1e6) <= 501
    assert abs(span.end_unix_nano - origin - (end_ms or 0.0) * 1e6) <= 501


@given(st.lists(entries(), max_size=5))
def test_packing_is_undone(batch: list[TimingEntry]) -> None:
    """The block and the text give the entries back, bit for bit, NaN included."""
    rows = [
        TimingEntry._make(
            field.replace("\n", " ") if isinstance(field, str) else field for field in entry
        )
        for entry in batch
    ]
    block = b"".join([struct.pack(f"<{len(NUMBERS)}d", *row[: len(NUMBERS)]) for row in rows])
    text = "\n".join([text for row in rows for _, text in strings(row)])
    unpacked, malformed = unpack_entries(block, text)
    assert malformed == 0
    assert repr(unpacked) == repr(rows)


def strings(entry: TimingEntry) -> list[tuple[str, str]]:
    """An entry's string fields, by name."""
    fields = TimingEntry._fields[len(NUMBERS) :]
    return list(zip(fields, entry[len(NUMBERS) :], strict=True))  # type: ignore[arg-type]


@given(st.binary(max_size=1000), st.text(st.characters(), max_size=200))
def test_any_block_and_text_unpack(block: bytes, text: str) -> None:
    """What comes out goes through a view; incomplete rows are counted."""
    unpacked, malformed = unpack_entries(block, text)
    rows = -(-len(block) // (8 * len(NUMBERS)))
    lines = -(-len(text.split("\n")) // len(STRINGS)) if text else 0
    assert len(unpacked) + malformed == max(rows, lines)
    view = page_view()
    for span in view.add(unpacked, ORIGIN_MS, NOW) + view.finish(NOW):
        check(span, NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
json_entries = st.fixed_dictionaries(
    {"entryType": st.sampled_from(["resource", "navigation", "paint", "restore", "mark"])},
    optional=dict.fromkeys([*NUMBERS[1:], *STRINGS], json_values),
)


@given(st.one_of(json_values, st.lists(st.one_of(json_entries, json_values), max_size=4)))
def test_any_json_becomes_entries(items: object) -> None:
    """Whatever a page posts, spans that come of it keep the laws; so does any hello."""
    found, malformed = entries_from_json(items)
    assert len(found) + malformed == (len(items) if isinstance(items, list) else 1)
    view = page_view("events")
    for span in view.add(found, ORIGIN_MS, NOW) + view.finish(NOW):
        check(span, NOW)
    PageInfo.from_json(items).attributes("redact")


@given(st.lists(st.tuples(st.text(max_size=8), st.floats(), st.text(max_size=8)), max_size=4))
def test_any_server_timing_is_read(metrics: list[tuple[str, float, str]]) -> None:
    """Formatting and parsing raise on nothing, and give names that are tokens."""
    objects = [{"name": n, "duration": d, "description": t} for n, d, t in metrics]
    for metric in parse_server_timing(format_server_timing(objects)):
        assert metric.name
        assert metric.duration_ms >= 0


@given(st.text(st.characters(), max_size=80), st.sampled_from(POLICIES))
def test_redaction_is_final(url: str, policy: str) -> None:
    """A redacted URL is bounded, and redacting it again changes nothing more."""
    once = redact(url, policy)
    assert len(once) <= MAX_URL_LENGTH
    assert redact(once, policy) == once


SECRET = "s3cr3t"


@given(
    st.sampled_from(["https", "http", "ws", "custom+scheme"]),
    st.text("abc-._~%:!$", max_size=8),
    st.sampled_from(["/", "/a/b", "", "?q=1", "/x?y=z#f", "#f"]),
    st.sampled_from(POLICIES),
)
def test_a_password_never_leaves(scheme: str, user: str, rest: str, policy: str) -> None:
    """Whatever stands around it."""
    assert SECRET not in redact(f"{scheme}://{user}:{SECRET}@h.example{rest}", policy)


@given(
    st.lists(st.sampled_from(["a=1", "b", "=", "", "c=%20", "d=%3D"]), max_size=4),
    st.sampled_from(["token", "Sig", "api%5Fkey", "user[password]", "X-Amz-Signature"]),
    st.integers(0, 4),
)
def test_a_secret_value_never_leaves(pairs: list[str], name: str, at: int) -> None:
    """Wherever in the query it stands."""
    pairs.insert(at, f"{name}={SECRET}")
    assert SECRET not in redact("https://h/p?" + "&".join(pairs))


def hostile_number(chance: random.Random) -> float:
    """A float of any bits, or one that hurts."""
    if chance.random() < 0.5:
        return struct.unpack("<d", chance.randbytes(8))[0]
    return chance.choice(
        [0.0, -0.0, math.nan, math.inf, -math.inf, -1.0, 1e308, 5e-324, 2.0**53, 1e11, 100.25]
    )


PIECES = [
    *("https://", "http:", "//", "data:", "blob:", "javascript:", "u:p@", "@", "?", "&", "=", ";"),
    *(
        "#",
        "%",
        "%25",
        "%3D",
        "%00",
        "token",
        "sig",
        "[",
        "]",
        "\\",
        "\udc80",
        "\x00",
        "\U0001f600",
    ),
    *("a" * 300, ",", ";dur=", ";desc=", "traceparent", "00-" + "1" * 32 + "-" + "2" * 16 + "-01"),
    *(" ", "cache", "h3", "/", "first-paint"),
]


def hostile_text(chance: random.Random) -> str:
    """Pieces that mean something, in an order that does not."""
    return "".join(chance.choices(PIECES, k=chance.randrange(8)))


def hostile_entry(chance: random.Random) -> TimingEntry:
    """An entry whose every field is meant to hurt; sometimes of a wrong type."""
    wrong = [None, "5", b"x", 10**400, [], True, object()]
    row: list[object] = [float(chance.randrange(5))]
    row += [hostile_number(chance) for _ in NUMBERS[1:]]
    row += [hostile_text(chance) for _ in STRINGS]
    if chance.random() < 0.2:
        row[chance.randrange(len(row))] = chance.choice(wrong)
    if chance.random() < 0.5:  # else hardly any phase survives the mending
        for index in range(1, len(NUMBERS)):
            row[index] = chance.random() * 1e4
    return TimingEntry._make(row)


def rounds() -> int:
    """All of HOSTILE_INPUTS, ten times that with HYPOTHESIS_PROFILE=deep."""
    return HOSTILE_INPUTS * (10 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 1)


@pytest.mark.parametrize("phases", PHASES)
def test_hostile_entries(phases: str) -> None:
    """Of 60,000 entries made to hurt, in views of 20, none raises and every span keeps the laws."""
    chance = random.Random(f"entries {phases}")
    seen = 0
    for _ in range(rounds() // 5 // 20):
        view = page_view(phases, chance.choice(POLICIES))
        batch = [hostile_entry(chance) for _ in range(20)]
        origin = ORIGIN_MS if chance.random() < 0.8 else hostile_number(chance)
        spans = view.add(batch, origin, NOW)
        if chance.random() < 0.2:
            span = view.span(hostile_text(chance), hostile_number(chance), hostile_number(chance))
            spans += [span] if span else []
        spans += view.finish(NOW)
        for span in spans:
            check(span, NOW)
        encoded = ScopeSpans.FromString(b"".join([PROTOBUF.span(span) for span in spans]))
        assert len(encoded.spans) == len(spans)
        seen += len(spans)
    assert seen > rounds() // 30  # most of the batches did give spans


def test_hostile_texts() -> None:
    """Of 40,000 texts made to hurt, none raises, as URL or as metrics."""
    chance = random.Random("texts")
    for _ in range(rounds() * 2 // 5):
        text = hostile_text(chance)
        assert len(redact(text, chance.choice(POLICIES))) <= MAX_URL_LENGTH
        for metric in parse_server_timing(text):
            assert math.isfinite(metric.duration_ms)


def test_kinds_are_the_loaders_numbers() -> None:
    """The numbers of protocol.ts."""
    assert [kind.value for kind in Kind] == [0, 1, 2, 3]
