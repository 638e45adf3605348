# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bytes that a view of a page with 60 resources sends, by party; what its tracing code weighs.

    .venv/bin/python benchmarks/browser/wire.py [--quick]

Sizes are of request bodies as they travelled, headers left out; a view's size hardly varies, so
three views are enough. The code's weight is of every file that the view fetched for it, brotli 11.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from playwright.sync_api import Browser  # noqa: E402

from benchmarks.browser.host import launched  # noqa: E402
from benchmarks.browser.views import OURS, Party, TallySite, page_of, peers, settle  # noqa: E402
from benchmarks.summary import line  # noqa: E402
from tasks.bench_peers import HOME  # noqa: E402
from tasks.console import run  # noqa: E402
from tasks.paths import VENV_BIN  # noqa: E402

WEIGHTS: Final = HOME / "brotli.json"
BROTLI: Final = (
    "const data = require('fs').readFileSync(process.argv[1]);"
    "console.log(require('zlib').brotliCompressSync(data).length)"
)


def weight(file: Path) -> int:
    """Bytes of a file as a careful host sends it: brotli 11; seconds for megabytes, so kept."""
    ready = file.with_name(file.name + ".br")
    if ready.is_file():
        return ready.stat().st_size
    data = file.read_bytes()
    known: dict[str, int] = json.loads(WEIGHTS.read_text()) if WEIGHTS.exists() else {}
    name = sha256(data).hexdigest()
    if name not in known:
        command = [VENV_BIN / "node", "-e", BROTLI, file]
        known[name] = int(run(command, what="brotli").strip())
        WEIGHTS.parent.mkdir(parents=True, exist_ok=True)
        WEIGHTS.write_text(json.dumps(known))
    return known[name]


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


def show(party: Party, views: list[dict[str, Any]]) -> None:
    """Print a party's lines."""
    last = views[-1]
    where = {"who": party.who, "host": "chromium"}
    ending = f", {party.case}" if party.case else ""
    sent = [one["sent"] for one in views]
    facts = {name: last[name] for name in ("requests", "spans", "encoding", "plain")}
    if last["spans"]:
        facts["bytes_per_span"] = round(median(sent) / last["spans"], 1)
    line(f"as sent{ending}", "B", sent, **where, **facts)
    line(f"code of it, brotli{ending}", "B", [one["code"] for one in views], **where)


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
        show(party, views[party])
    site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
