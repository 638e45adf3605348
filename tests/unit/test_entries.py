# SPDX-License-Identifier: MIT OR Apache-2.0
"""_entries: packed blocks and JSON become entries; what cannot be true becomes 0."""

from __future__ import annotations

import math
import re
from array import array

import pytest

from edgetrace._entries import (
    NUMBERS,
    STRINGS,
    Kind,
    TimingEntry,
    entries_from_json,
    mend,
    unpack_entries,
)
from tasks.paths import BROWSER
from tests.unit import entry_samples as samples


def pack(*entries: TimingEntry) -> tuple[bytes, str]:
    """The loader's form."""
    numbers: array[float] = array("d")
    lines: list[str] = []
    for entry in entries:
        for field in entry:
            lines.append(field) if isinstance(field, str) else numbers.append(field)
    return numbers.tobytes(), "\n".join(lines)


def test_columns_are_the_loaders() -> None:
    """Fields are read in the order in which the loader's protocol packs them."""
    protocol = (BROWSER / "src" / "protocol.ts").read_text(encoding="utf-8")
    packed = re.findall(
        r'^export const (?:NUMBERS|STRINGS) =\s+/\* @__PURE__ \*/ "(.*?)"', protocol, re.MULTILINE
    )
    assert [",".join(NUMBERS), ",".join(STRINGS)] == packed


def test_a_packed_batch_comes_back() -> None:
    """Rows of numbers and lines of text are put together again, from any buffer."""
    entries = [
        samples.entry(samples.chromium_navigation),
        samples.entry(samples.chromium_new_connection),
        samples.entry(samples.chromium_opaque),
    ]
    numbers, text = pack(*entries)
    assert unpack_entries(numbers, text) == (entries, 0)
    assert unpack_entries(memoryview(numbers).cast("d"), text) == (entries, 0)
    assert unpack_entries(bytearray(numbers), text) == (entries, 0)


def test_no_entries_are_no_error() -> None:
    """An empty batch is empty."""
    assert unpack_entries(b"", "") == ([], 0)


def test_incomplete_rows_are_counted() -> None:
    """A row that either half lacks, or has in part, is one malformed row."""
    entries = [samples.entry(samples.chromium_opaque)] * 3
    numbers, text = pack(*entries)
    assert unpack_entries(numbers[:-1], text) == (entries[:2], 1)
    assert unpack_entries(numbers, text.rsplit("\n", 1)[0]) == (entries[:2], 1)
    assert unpack_entries(numbers, "") == ([], 3)
    assert unpack_entries(b"", text) == ([], 3)
    assert unpack_entries(numbers, None) == ([], 3)  # type: ignore[arg-type]  # that is the test
    assert unpack_entries("x", text) == ([], 3)  # type: ignore[arg-type]  # that is the test


def test_json_gives_kinds_by_entry_type() -> None:
    """The four types are told apart; others are counted."""
    types = ["resource", "navigation", "paint", "restore", "back-forward-cache-restoration"]
    entries, malformed = entries_from_json(
        [{"entryType": name} for name in [*types, "mark", "", None]] + [None, 5, []]
    )
    assert [entry.kind for entry in entries] == [
        Kind.RESOURCE,
        Kind.NAVIGATION,
        Kind.PAINT,
        Kind.RESTORE,
        Kind.RESTORE,
    ]
    assert malformed == 6


@pytest.mark.parametrize("items", [None, {}, "resource", 5])
def test_json_that_is_no_list_is_malformed(items: object) -> None:
    """There is nothing to read in it."""
    assert entries_from_json(items) == ([], 1)


def test_json_of_wrong_types_is_mended_and_noticed() -> None:
    """A number that is none is NaN until it is mended, a string that is none is empty."""
    entries, _ = entries_from_json(
        [{"entryType": "resource", "name": 5, "startTime": "1", "duration": 10**400}]
    )
    assert entries[0].name == ""
    assert math.isnan(entries[0].start_time)
    assert mend(entries[0]) == (TimingEntry(), True)


def test_json_takes_server_timing_as_text_too() -> None:
    """The gateway may have the header itself."""
    item = {"entryType": "resource", "serverTiming": "db;dur=1"}
    assert entries_from_json([item])[0][0].server_timing == "db;dur=1"


def test_a_sound_entry_is_not_touched() -> None:
    """The very object comes back."""
    entry = samples.entry(samples.chromium_new_connection)
    mended, changed = mend(entry)
    assert mended is entry
    assert not changed


@pytest.mark.parametrize(
    "bad", [math.nan, math.inf, -math.inf, -1.0, 1e11, 1e300, None, "5", b"", [], 10**400]
)
def test_what_cannot_be_true_becomes_zero(bad: object) -> None:
    """NaN, infinities, negative and absurd numbers and wrong types; the other fields stay."""
    sound = samples.entry(samples.chromium_opaque)
    entry = sound._replace(response_end=bad)  # type: ignore[arg-type]  # that is the test
    assert mend(entry) == (sound._replace(response_end=0.0), True)


def test_infinities_that_cancel_are_found() -> None:
    """An infinity and its opposite sum up to NaN, and both go."""
    entry = TimingEntry(start_time=math.inf, duration=-math.inf, response_end=3.0)
    assert mend(entry) == (TimingEntry(response_end=3.0), True)


def test_sizes_have_a_wider_range_than_times() -> None:
    """A body may have more bytes than a page's life has milliseconds, but not more than 2**53."""
    entry = TimingEntry(transfer_size=2e11, encoded_body_size=1e16, start_time=1.0)
    assert mend(entry) == (TimingEntry(transfer_size=2e11, start_time=1.0), True)
    assert mend(TimingEntry(transfer_size=2e11)) == (TimingEntry(transfer_size=2e11), False)


def test_a_string_of_another_type_becomes_empty() -> None:
    """No encoder downstream meets it."""
    entry = TimingEntry(name=b"x", type=None)  # type: ignore[arg-type]  # that is the test
    assert mend(entry) == (TimingEntry(), True)
