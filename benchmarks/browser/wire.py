# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bytes that a view of a page with 60 resources sends, by party; what its tracing code weighs.

    .venv/bin/python benchmarks/browser/wire.py [--quick]

Sizes are of request bodies as they travelled, headers left out; a view's size hardly varies, so
three views are enough. The code's weight is of every file that the view fetched for it, gzip -9.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent)]

from host import launched  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402
from views import OURS, Party, TallySite, page_of, peers, settle  # noqa: E402


@cache
def weight(file: Path) -> int:
    """Bytes of a file, gzipped as a careful host would."""
    return len(gzip.compress(file.read_bytes(), 9))


def view(browser: Browser, site: TallySite, party: Party) -> dict[str, Any]:
    """One view's figures."""
    site.forget()
    context = browser.new_context()
    page = context.new_page()
    page.goto(page_of(site, party))
    settle(page, site, party)
    page.close()
    context.close()
    fetched = [
        folder / path.removeprefix(start)
        for path in list(site.requests)
        for start, folder in site.folders.items()
        if path.startswith(start)
    ]
    return {
        "sent": site.sent(),
        "plain": site.plain(),
        "requests": len(site.received),
        "spans": site.spans(),
        "code": sum(weight(file) for file in fetched if file.is_file()),
        "encoding": ", ".join(
            sorted({headers.get("content-encoding", "none") for headers in site.received})
        ),
    }


def lines(party: Party, views: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A party's JSON lines."""
    last = views[-1]
    base = {"who": party.who, "host": "chromium", "samples": len(views)}
    for case, key in (("as sent", "sent"), ("code of it, gzip", "code")):
        sizes = [one[key] for one in views]
        middle = median(sizes)
        spread = (max(sizes) - min(sizes)) / 2 / middle if middle else 0.0
        name = f"{case}, {party.case}" if party.case else case
        line = {"case": name, "unit": "B", "median": middle, "spread": spread}
        if key == "sent":
            line |= {"requests": last["requests"], "spans": last["spans"]}
            line |= {"content_encoding": last["encoding"], "plain_bytes": last["plain"]}
            if last["spans"]:
                line["bytes_per_span"] = round(middle / last["spans"], 1)
        yield base | line


def main() -> int:
    """Print a line per party and size."""
    times = 1 if "--quick" in sys.argv else 3
    parties = [*OURS, *peers()]
    site = TallySite()
    with launched() as browser:
        views: dict[Party, list[dict[str, Any]]] = {party: [] for party in parties}
        for _ in range(times):
            for party in parties:
                views[party].append(view(browser, site, party))
    for party in parties:
        for line in lines(party, views[party]):
            print(json.dumps(line), flush=True)
    site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
