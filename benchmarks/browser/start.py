# SPDX-License-Identifier: MIT OR Apache-2.0
"""From the script tag to the first delivered span, cold and warm, beside a stock Pyodide's boot.

    .venv/bin/python benchmarks/browser/start.py [--runs 7]   after build.py bundle

    cold    a browser profile that has never seen the site: everything is downloaded and compiled
    warm    that profile in a new browser: files and compiled code come from its caches
    stock   `loadPyodide()` of npm's files in a module worker, nothing else, from the worker's
            creation to its answer

Both take turns in each run, so ratios within a run hold on a busy machine; times alone do not. The
site is on loopback and compresses nothing. Prints a JSON line per figure (median of the runs, ms),
the last of them the ratios; the parts of the agent's boot are its own counters, since its begin.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from playwright.sync_api import Playwright, sync_playwright  # noqa: E402

from collector.server import serve_in_thread  # noqa: E402
from tasks import chromium  # noqa: E402
from tasks.paths import DIST  # noqa: E402
from tests.browser.pages import html, tag  # noqa: E402
from tests.browser.site import Site  # noqa: E402

PARTS: Final = ("glue_ms", "wasm_ms", "stdlib_ms", "python_ms", "boot_ms")
LINGER_MS: Final = 3_000
"""How long a first visit lasts after its span: the browser caches compiled code when it is idle."""
STOCK_WORKER: Final = """
import { loadPyodide } from "/edgetrace/pyodide/pyodide.mjs";
await loadPyodide();
postMessage("up");
"""
STOCK_PAGE: Final = """<script type="module">
  const start = performance.now();
  window.booted = new Promise((resolve) => {
    const worker = new Worker("/stock.mjs", { type: "module" });
    worker.onmessage = () => resolve(performance.now() - start);
  });
</script>"""
NOTE: Final = "<script>window.tagMs = performance.timeOrigin + performance.now()</script>"


class TimedSite(Site):
    """A site that knows when the first spans were delivered, in Unix ms."""

    delivered_ms = 0.0

    def __init__(self, collector_url: str) -> None:
        super().__init__(collector_url)
        self.delivered = threading.Event()

    def forward(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Also note the time of the first answer."""
        answer = super().forward(body, headers)
        if not self.delivered.is_set():
            self.delivered_ms = time.time() * 1000
            self.delivered.set()
        return answer


def _visit(playwright: Playwright, profile: str, site: TimedSite, what: str) -> dict[str, float]:
    """One view in a new browser on that profile: its times, `total` and the parts."""
    browser = playwright.chromium.launch_persistent_context(
        profile,
        executable_path=chromium.path(),
        args=list(chromium.PLAYWRIGHT_FLAGS),
    )
    try:
        page = browser.pages[0]
        page.goto(site.url + "/blank")
        page.wait_for_timeout(500)  # the browser's own start is not ours
        site.delivered.clear()
        page.goto(f"{site.url}/{what}")
        if what == "stock":
            times = {"total": float(page.evaluate("window.booted"))}
        else:
            assert site.delivered.wait(60), "no span arrived"
            begun = page.evaluate("window.tagMs")
            counters: dict[str, Any] = page.evaluate("edgetrace.counters()")
            times = {name: counters[name] for name in PARTS if name in counters}
            times["total"] = site.delivered_ms - begun
        page.wait_for_timeout(LINGER_MS)
        return times
    finally:
        browser.close()


def _measure(runs: int, dist: Path) -> dict[tuple[str, str], list[dict[str, float]]]:
    """(stock or agent, cold or warm) -> one row per run."""
    rows: dict[tuple[str, str], list[dict[str, float]]] = {}
    with serve_in_thread() as collector, sync_playwright() as playwright:
        site = TimedSite(collector.url)
        site.folders = {"/edgetrace/": dist}
        site.add("/blank", html())
        site.add("/stock.mjs", STOCK_WORKER, content_type="text/javascript")
        site.add("/stock", html(STOCK_PAGE))
        site.add("/agent", html(NOTE + tag()))
        for _ in range(runs):
            for what in ("stock", "agent"):
                with tempfile.TemporaryDirectory() as profile:
                    for state in ("cold", "warm"):
                        row = _visit(playwright, profile, site, what)
                        rows.setdefault((what, state), []).append(row)
        site.close()
    return rows


def main() -> int:
    """Print the medians and the ratios."""
    parser = argparse.ArgumentParser(description="Script tag to first delivered span.")
    parser.add_argument("--runs", type=int, default=7, metavar="N")
    parser.add_argument("--dist", type=Path, default=DIST, help="another bundle (default: dist/)")
    given = parser.parse_args()
    rows = _measure(given.runs, given.dist)
    for (what, state), measured in sorted(rows.items()):
        for part in measured[0]:
            values = sorted(row[part] for row in measured)
            line = {"case": f"{what} {state} {part}", "median": round(statistics.median(values))}
            print(json.dumps(line | {"low": round(values[0]), "high": round(values[-1])}))
    for state in ("cold", "warm"):
        pairs = zip(rows["agent", state], rows["stock", state], strict=True)
        ratio = statistics.median(ours["total"] / stock["total"] for ours, stock in pairs)
        print(json.dumps({"case": f"agent/stock {state}", "ratio": round(ratio, 3)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
