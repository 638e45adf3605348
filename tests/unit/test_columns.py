# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_columns`: which batches go through columns. That the bytes are the same: tests/property."""

from __future__ import annotations

from edgetrace._columns import PackedEntries, PackedPageView
from edgetrace._config import Settings
from edgetrace._export import Exporter
from edgetrace._otlp import encode_span
from edgetrace._page_info import PageInfo
from edgetrace._sampler import AlwaysOn
from edgetrace._types import Scope
from tests.property.test_columns import pack
from tests.property.test_timing import NOW, ORIGIN_MS
from tests.strategies import simple_span
from tests.unit import entry_samples as samples

NAVIGATION = samples.entry(samples.chromium_navigation)
OPAQUE = samples.entry(samples.chromium_opaque)
WITH_SERVER_TIMING = samples.entry(samples.chromium_new_connection)


def taken(settings: Settings) -> tuple[int, int]:
    """How many spans of a page of three resources came by columns, and how many otherwise."""
    spans: list[bytes] = []
    ids = (lambda: b"\x01" * 16, lambda: b"\x02" * 8)
    view = PackedPageView(spans.extend, PageInfo(), settings, AlwaysOn(), *ids)
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


def test_many_spans_at_once_are_offered_as_one_after_the_other() -> None:
    """The same counters, whether they fit, fill the queue, are too large, or come too late."""
    for count, size, closed in ((3, 40, False), (9, 40, False), (3, 4_000, False), (3, 40, True)):
        counters = []
        for at_once in (True, False):
            settings = Settings(max_queue_size=6, max_export_batch_size=4, max_request_bytes=2_048)
            exporter = Exporter(settings, settings.resource(), bytes)
            scope = exporter.add_scope(Scope("x"))
            spans = [encode_span(simple_span(name=f"{row:0{size}}")) for row in range(count)]
            if closed:
                exporter.shutdown()
            if at_once:
                woken = exporter.offer_all(scope, spans)
            else:
                woken = max([exporter.offer(scope, span) for span in spans])
            assert woken == (size == 40 and not closed)
            counters.append(exporter.counters())
        assert counters[0] == counters[1]
