# SPDX-License-Identifier: MIT OR Apache-2.0
"""Performance entries to OTLP bytes: a batch as the loader packs it, through a page view, encoded.

No two entries of a batch have the same URL or the same times, which are whole microseconds, as
unpack.ts rounds them in JavaScript.

    columns      packed batches, as the script tag's runtime takes them; bytes in, bytes out
    packed       the same from objects of JavaScript: packed by the loader's code, cloned, completed
                 by the worker's, copied into Python (in Pyodide only)
    one by one   columns' batches by way of `TimingEntry` and `SpanData`, as all else does
"""

from __future__ import annotations

import json
import math
import os
from array import array
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from edgetrace._columns import PackedEntries, PackedPageView
from edgetrace._config import Settings
from edgetrace._entries import NUMBERS, STRINGS, unpack_entries
from edgetrace._export import Exporter
from edgetrace._ids import IdGenerator
from edgetrace._sampler import sampler_from_settings
from edgetrace._types import Scope
from edgetrace._views import PageViews
from measure import measure

ORIGIN_MS = 1_795_244_139_542.7
NOW_UNIX_NANO = 1_795_244_199_542_700_000
PACKING = Path(__file__).with_name("packing-module.mjs")
SIZES = (10, 60, 200, 1_000, 3_000)
KINDS = (("script", "text/javascript"), ("img", "image/webp"), ("css", "text/css"))


def page(entries: int, seed: int = 0) -> list[tuple[dict[str, float], dict[str, str]]]:
    """A page's entries, numbers and strings: a document, then its resources."""
    navigation = {"kind": 1, "responseStatus": 200, "responseEnd": 9.7, "loadEventEnd": 4_000.5}
    rows: list[tuple[dict[str, float], dict[str, str]]] = [
        (navigation, {"name": "https://shop.example/", "type": "navigate"})
    ]
    for index in range(seed, seed + entries - 1):
        start = 12.1 + index * 3.7
        initiator, content_type = KINDS[index % 3]
        reused = index % 4 != 0
        sizes = {"encodedBodySize": 1_000 + index, "decodedBodySize": 3_000 + 7 * index}
        times = {
            "startTime": start,
            "duration": 40.3 + index % 7,
            "fetchStart": start,
            "domainLookupStart": start if reused else start + 2.4,
            "domainLookupEnd": start if reused else start + 9.8,
            "connectStart": start if reused else start + 9.8,
            "secureConnectionStart": start if reused else start + 14.2,
            "connectEnd": start if reused else start + 21.3,
            "requestStart": start + 22.6,
            "responseStart": start + 33.9,
            "responseEnd": start + 40.3 + index % 7,
        }
        strings = {
            "name": f"https://shop.example/static/chunk-{index:05}-{index * 7919:08x}.js",
            "initiatorType": initiator,
            "nextHopProtocol": "h2",
            "renderBlockingStatus": "non-blocking",
            "contentType": content_type,
        }
        facts = {"responseStatus": 200, "transferSize": 1_300 + index}
        rows.append(({**times, **sizes, **facts}, strings))
    return rows


def batch(entries: int, seed: int = 0) -> tuple[bytes, str]:
    """They, as the loader packs them."""
    numbers, lines = array("d"), []
    for figures, strings in page(entries, seed):
        numbers.extend([math.floor(figures.get(name, 0.0) * 1e3 + 0.5) / 1e3 for name in NUMBERS])
        lines += [strings.get(name, "") for name in STRINGS]
    return numbers.tobytes(), "\n".join(lines)


def packer() -> tuple[Callable[[Any], Any], Callable[[str], Any]] | None:
    """The loader's and the worker's own code, and JSON.parse; None where there is no JavaScript."""
    try:
        import js
        from pyodide.code import run_js
    except ModuleNotFoundError:
        return None
    run_js(PACKING.read_text(encoding="utf-8"))
    return js.packEntries, js.JSON.parse


def main() -> None:
    """Print a line per size and way."""
    settings = Settings.from_options(service_name="shop", max_queue_size=100_000)
    sampler, ids = sampler_from_settings(settings), IdGenerator(os.urandom)
    pages, in_javascript = count(1), packer()

    def collect(block: bytes, text: str, packed: bool) -> int:
        exporter = Exporter(settings, settings.resource(), os.urandom)
        scope = exporter.add_scope(Scope("edgetrace.browser"))
        offer = partial(exporter.offer_all, scope)
        views = PageViews(settings, sampler, ids, partial(PackedPageView, offer))
        page = next(pages)
        views.handle(page, {"kind": "hello", "page": {}}, NOW_UNIX_NANO)
        entries: Any = (
            PackedEntries(block, text, True) if packed else unpack_entries(block, text)[0]
        )
        message = {"kind": "entries", "origin": ORIGIN_MS, "entries": entries}
        for span in views.handle(page, message, NOW_UNIX_NANO):
            exporter.offer(scope, span)
        return exporter.counters()["queued"]

    for size in SIZES:
        # Another batch each time, for a value that was seen before may be remembered.
        batches = [batch(size, seed * size) for seed in range(8)]
        for way in ("columns", "one by one"):
            packed = way == "columns"
            assert collect(*batches[0], packed) == size + 1  # documentLoad and documentFetch

            def turn(packed: bool = packed, batches: Any = batches, order: Any = count()) -> None:  # noqa: B008  # one order per line
                block, text = batches[next(order) % len(batches)]
                collect(block, text, packed)

            measure(f"{size} entries: {way}", turn, count=size, per="entry")
        if in_javascript:
            pack, parse = in_javascript
            rows = [page(size, seed * size) for seed in range(8)]
            given = [parse(json.dumps([{**n, **s} for n, s in one])) for one in rows]

            def across(given: Any = given, order: Any = count(), pack: Any = pack) -> None:  # noqa: B008  # as above
                numbers, text = pack(given[next(order) % len(given)])
                collect(numbers.to_bytes(), text, True)

            measure(f"{size} entries: packed", across, count=size, per="entry")


if __name__ == "__main__":
    main()
