# SPDX-License-Identifier: MIT OR Apache-2.0
"""Columns give the bytes that one entry after the other gives, for any batch."""

from __future__ import annotations

import math
from array import array
from typing import Any

from hypothesis import given, strategies as st

from edgetrace._column_fields import urls
from edgetrace._columns import PackedEntries, PackedPageView
from edgetrace._config import Settings
from edgetrace._entries import NUMBERS, STRINGS, TimingEntry, unpack_entries
from edgetrace._key_values import add_attributes
from edgetrace._otlp import encode_span
from edgetrace._page import PageView
from edgetrace._page_info import PageInfo
from edgetrace._sampler import AlwaysOff, AlwaysOn, ParentBased, Sampler
from edgetrace._urls import redact
from edgetrace._view_ids import ViewIds
from tests.property.test_timing import NOW, ORIGIN_MS

TIMES = (0.0, 0.0001, 1.0, 2.0, 2.5, 129.0, 130.1, 29.299999999813735, 16_384.0, 9_999.9)
times = st.sampled_from(TIMES) | st.floats(0.0, 9_000.0)
odd = st.sampled_from((-1.0, -0.0, 1e10, 1e11, math.nan, math.inf))
sizes = st.sampled_from((0.0, 1.0, 127.0, 128.0, 300.0, 16_383.0, 16_384.0, 3e6, 2.0**32))
STATUS = NUMBERS.index("responseStatus")
LISTS = (
    [
        "https://h/a.js",
        "https://h/b%20.js?token=1",
        "",
        "data:text/css,x",
        "https://u:p@h/" + "x" * 200,
    ],
    ["script", "img", ""],
    ["h2", "http/1.1", "", "unknown"],
    ["non-blocking", ""],
    ["", "", "cache"],
    ["text/css", "", "text/x\x12\x02\x18\x01", "x" * 300],
    ["", "navigate"],
    [
        "",
        "",
        "",
        "db;dur=1;desc=a",
        "traceparent;desc=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ],
)
strings = [
    st.sampled_from(choices) | st.text(max_size=5).map(lambda text: text.replace("\n", ""))
    for choices in LISTS
]


@st.composite
def entries(draw: st.DrawFn, numbers: st.SearchStrategy[float] = times) -> TimingEntry:
    """A resource as browsers report it, or nearly; sometimes anything else."""
    row = [draw(numbers) for _ in NUMBERS]
    row[0] = draw(st.sampled_from((0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 7.0)))
    for name in ("transferSize", "encodedBodySize", "decodedBodySize"):
        row[NUMBERS.index(name)] = draw(sizes)
    row[STATUS] = draw(st.sampled_from((0.0, 200.0, 404.0, 700.0)))
    entry = TimingEntry._make((*row, *[draw(text) for text in strings]))
    shape = draw(st.sampled_from(("as drawn", "reused", "from memory")))
    if shape != "as drawn":
        start = entry.fetch_start
        entry = entry._replace(domain_lookup_start=start, connect_end=start)
    if shape == "from memory":
        entry = entry._replace(response_end=entry.fetch_start)
    return entry


@st.composite
def page(draw: st.DrawFn) -> list[list[TimingEntry]]:
    """Batches of a page: mostly its navigation first, mostly of numbers that can be true.

    One odd number sends its whole batch the plain way, so most batches must have none.
    """
    made = []
    for first in (True, False, False)[: draw(st.integers(1, 3))]:
        numbers = draw(st.sampled_from((times, times, times, times | odd)))
        batch = draw(st.lists(entries(numbers), max_size=6))
        if first and draw(st.sampled_from((True, True, True, False))):
            batch.insert(0, draw(entries())._replace(kind=1.0, name="https://h/"))
        made.append(batch)
    return made


def pack(batch: list[TimingEntry]) -> tuple[bytes, str]:
    """As the loader does it."""
    block: array[float] = array("d")
    lines: list[str] = []
    for entry in batch:
        for field in entry:
            lines.append(field) if isinstance(field, str) else block.append(field)
    return block.tobytes(), "\n".join(lines)


def whole_us(entry: TimingEntry) -> TimingEntry:
    """As the runtime worker rounds them: the times of a fetch."""
    row: list[Any] = list(entry)
    for index in range(NUMBERS.index("workerStart"), NUMBERS.index("responseEnd") + 1):
        if math.isfinite(row[index]):
            row[index] = math.floor(row[index] * 1000 + 0.5) / 1000
    return TimingEntry._make(row)


def told(view: PageView, batches: list[Any], now: int, taken: list[bytes]) -> list[bytes]:
    """The encoded spans of batch after batch, sorted: columns hand theirs on earlier."""
    spans = [span for batch in batches for span in view.add(batch, ORIGIN_MS, now)]
    return sorted(taken + [encode_span(span) for span in spans + view.finish(now)])


@given(
    page(),
    st.sampled_from((NOW, int(ORIGIN_MS * 1e6) + 5_000_000_000)),
    st.sampled_from((ParentBased(AlwaysOn()), AlwaysOff())),
    st.sampled_from(
        (
            Settings(),
            Settings(url_query="keep"),
            Settings(phases="events"),
            Settings(phases="off"),
            Settings(attribute_count_limit=5),
            Settings(attribute_value_length_limit=9),
        )
    ),
    st.booleans(),
)
def test_columns_change_nothing(
    batches: list[list[TimingEntry]], now: int, sampler: Sampler, settings: Settings, rounded: bool
) -> None:
    """The same spans to the byte, ids included, and the same counters, whatever comes in."""
    parts = (PageInfo(url="https://h/"), settings, sampler)
    packed = [pack([whole_us(entry) for entry in batch] if rounded else batch) for batch in batches]
    taken: list[bytes] = []
    ids = ViewIds(b"\x01" * 16, b"\x02" * 8)
    methods = ids.new_trace_id, ids.new_span_id, ids.fetch_id
    columns = PackedPageView(taken.extend, *parts, *methods, ids.new_span_ids)
    others = ViewIds(b"\x01" * 16, b"\x02" * 8)
    plain = PageView(*parts, others.new_trace_id, others.new_span_id, others.fetch_id)
    expected = told(plain, [unpack_entries(*batch)[0] for batch in packed], now, [])
    found = told(columns, [PackedEntries(*batch, rounded) for batch in packed], now, taken)
    assert found == expected
    assert columns.counters == plain.counters


PARTS = [
    *["http", "https://h/", "data:", "x", "é", "\ud83d", "?a=b", "&token=1", "#f", "u:p@", ";v=1"],
    *["%40", "a@b.example", "eyJ" + "x" * 20, "y" * 120, "z" * 2_100],
]


@given(
    st.lists(st.lists(st.sampled_from(PARTS), max_size=4).map("".join), min_size=1, max_size=5),
    st.sampled_from(("redact", "keep", "drop")),
)
def test_urls_of_a_batch_are_redacted_as_one_is(names: list[str], policy: str) -> None:
    """What all of them need is found at once; each comes out as `redact` gives it."""
    expected: list[bytes] = []
    for name in names:
        add_attributes(expected, {"url.full": redact(name, policy)})
    assert list(map(b"".join, zip(*urls(names, policy), strict=True))) == expected


@given(st.binary(max_size=600), st.text(max_size=60))
def test_any_bytes_and_text_are_a_batch(block: bytes, text: str) -> None:
    """As many rows, as many malformed, and the same entries as `unpack_entries` finds."""
    batch = PackedEntries(block, text)
    found, malformed = unpack_entries(block, text)
    assert (len(batch), batch.malformed) == (len(found), malformed)
    assert repr(list(batch)) == repr(found)
    assert set(batch.common()) <= set(range(len(batch)))
    assert len(STRINGS) * len(batch) == len(batch.lines)
