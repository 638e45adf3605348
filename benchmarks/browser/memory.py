# SPDX-License-Identifier: MIT OR Apache-2.0
"""Memory of a traced page, and of each further tab, beside the same page without tracing.

.venv/bin/python benchmarks/browser/memory.py [--quick]

JS heap     of the page's main thread after a collection, by the developer tools' protocol
tabs        proportional set size of all of Chromium's processes (/proc): one tab, then more,
            of one origin, so that all share one runtime worker
wasm heap   of a bare Pyodide on Node before and after the import, benchmarks/import.mjs
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from playwright.sync_api import Browser  # noqa: E402

from benchmarks.browser.host import launched  # noqa: E402
from benchmarks.browser.views import (  # noqa: E402
    NONE,
    OURS,
    Party,
    TallySite,
    page_of,
    peers,
    settle,
)
from benchmarks.summary import line, skipped  # noqa: E402
from tasks import bench_peers, wheel  # noqa: E402
from tasks.console import BuildError, run  # noqa: E402
from tasks.paths import DIST, VENV_BIN  # noqa: E402

QUICK: Final = "--quick" in sys.argv
RUNS: Final = 1 if QUICK else 3
TABS: Final = 5


def js_heap(browser: Browser, site: TallySite, party: Party) -> float:
    """Bytes of the page's JavaScript heap after a collection."""
    context = browser.new_context()
    page = context.new_page()
    site.forget()
    page.goto(page_of(site, party))
    settle(page, site, party)
    session = context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = float(session.send("Runtime.getHeapUsage")["usedSize"])
    context.close()
    return used


def pss_bytes() -> float:
    """Memory of all processes that this one started, shared pages in shares."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue
        parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(folder.name))
    todo, total = [int(Path("/proc/self").resolve().name)], 0
    while todo:
        pid = todo.pop()
        todo += parents.get(pid, [])
        try:
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        except OSError:
            continue
        total += int(found[1]) * 1024 if found else 0
    return float(total)


def per_tab(browser: Browser, site: TallySite, party: Party) -> tuple[float, float]:
    """Bytes that the first tab adds, and each further one."""
    url = page_of(site, party)
    context = browser.new_context()
    empty = context.new_page()
    empty.goto(site.add("/blank", ""))
    sizes = [pss_bytes()]
    for count in range(TABS):
        page = context.new_page()
        page.goto(url)
        settle(page, site, party)
        if count in (0, TABS - 1):
            page.wait_for_timeout(1_000)
            sizes.append(pss_bytes())
    context.close()
    return sizes[1] - sizes[0], (sizes[2] - sizes[1]) / (TABS - 1)


def imports() -> None:
    """The WebAssembly heap at rest."""
    files = {
        "library": ("pyc", "from edgetrace import configure", f"edgetrace-{wheel.version()}"),
        "script tag": ("archive", "import edgetrace.browser", "edgetrace-agent.zip"),
    }
    for name, (kind, statement, file) in files.items():
        built = DIST / (file if file.endswith(".zip") else f"{file}-py3-none-any.whl")
        script = ROOT / "benchmarks" / "import.mjs"
        command = [VENV_BIN / "node", script, DIST / "pyodide", kind, statement, built]
        _, before, after = run(command, what="import.mjs").split()[-3:]
        if name == "library":
            line("wasm heap at rest", "B", [float(before)], who="pyodide", host="node")
        case = "wasm heap at rest" if name == "library" else f"wasm heap at rest, {name}"
        line(case, "B", [float(after)], who="edgetrace", host="node")


def main() -> int:
    """Print a line per party and measure."""
    try:
        imports()
    except (BuildError, ValueError) as exc:
        skipped("wasm heap", bench_peers.reason(exc), who="edgetrace", host="node")
    site = TallySite()
    parties = [NONE, OURS[0], *peers()]
    heaps: dict[Party, list[float]] = {party: [] for party in parties}
    tabs: dict[Party, list[tuple[float, float]]] = {party: [] for party in parties[:3]}
    with launched() as browser:
        for _ in range(RUNS):
            for party in parties:
                heaps[party].append(js_heap(browser, site, party))
            for party in tabs:
                tabs[party].append(per_tab(browser, site, party))
    for party, sizes in heaps.items():
        line("JS heap of the page", "B", sizes, who=party.who, host="chromium")
    for party, pairs in tabs.items():
        first, further = zip(*pairs, strict=True)
        line("first tab", "B", first, who=party.who, host="chromium")
        line("each further tab", "B", further, who=party.who, host="chromium")
    site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
