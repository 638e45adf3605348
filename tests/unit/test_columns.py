# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_columns`: which batches go through columns. That the bytes are the same: tests/property."""

from __future__ import annotations

from edgetrace._columns import PackedEntries, PackedPageView
from edgetrace._config import Settings
from edgetrace._page_info import PageInfo
from edgetrace._sampler import AlwaysOn
from tests.property.test_columns import pack
from tests.property.test_timing import NOW, ORIGIN_MS
from tests.unit import entry_samples as samples

NAVIGATION = samples.entry(samples.chromium_navigation)
OPAQUE = samples.entry(samples.chromium_opaque)
WITH_SERVER_TIMING = samples.entry(samples.chromium_new_connection)


def taken(settings: Settings) -> tuple[int, int]:
    """How many spans of a page of three resources came by columns, and how many otherwise."""
    spans: list[bytes] = []
    ids = (lambda: b"\x01" * 16, lambda: b"\x02" * 8)
    view = PackedPageView(spans.append, PageInfo(), settings, AlwaysOn(), *ids)
    batch = PackedEntries(*pack([NAVIGATION, OPAQUE, WITH_SERVER_TIMING, OPAQUE]))
    returned = view.add(batch, ORIGIN_MS, NOW)
    return len(spans), len(returned)


def test_common_resources_go_through_columns() -> None:
    """Those that have no Server-Timing to be read; documents and the rest are returned."""
    assert taken(Settings()) == (2, 3)


def test_limits_send_a_batch_the_plain_way() -> None:
    """Columns know no limits: with few attributes, or short values, all goes one by one."""
    assert taken(Settings(attribute_count_limit=5)) == (0, 5)
    assert taken(Settings(attribute_value_length_limit=9)) == (0, 5)
