# SPDX-License-Identifier: MIT OR Apache-2.0
"""Questions to an engine whose answers stand in docs/browsers.md, by the names they have there.

Each is the body of an async function in a page that `document` makes; what it returns is text, a
number, a truth or a list of texts. Knows no engine.
"""

from __future__ import annotations

import re
from typing import Final

from tasks.paths import ROOT
from tests.browser.pages import html, resources

REFUSED: Final = "http://127.0.0.1:9/refused.png"  # the discard service, which nobody runs

FIRST: Final = """
const entries = performance.getEntriesByType("resource");
const entry = end => entries.find(one => one.name.endsWith(end));
const post = (size, options) =>
  fetch("/none", { method: "POST", body: "x".repeat(size), ...options })
  .then(answer => answer.text()).then(() => true, () => false);
"""

PROBES: Final = {
    "shared-worker": "return typeof SharedWorker == 'function'",
    "extended-lifetime": """
        let read = false;
        new SharedWorker("/edgetrace/edgetrace-worker.js?probe", {
          type: "module", name: '["",[]]', get extendedLifetime() { return read = true },
        });
        return read""",
    "fetch-later": "return typeof fetchLater == 'function'",
    "keepalive": """
        const fits = await post(65536, { keepalive: true });
        return fits && !await post(65537, { keepalive: true }) ? "64 KiB" : "no"
        """,
    "compression": """
        const formats = ["gzip", "deflate", "brotli", "zstd"];
        const has = one => { try { return new CompressionStream(one) } catch { return false } };
        return formats.filter(has)
        """,
    "jspi": "return 'Suspending' in WebAssembly",
    "idle-callback": "return typeof requestIdleCallback == 'function'",
    "prerender": "return HTMLScriptElement.supports('speculationrules')",
    "user-agent-data": "return 'userAgentData' in navigator",
    "clock-step": """
        const ticks = new Set();
        while (ticks.size < 9) ticks.add(performance.now());
        const [first, ...rest] = ticks;
        const steps = rest.map((tick, at) => tick - (at ? rest[at - 1] : first));
        return Math.min(...steps).toFixed(1) + " ms"
        """,
    "paints": """
        const seen = type => new Promise(done => new PerformanceObserver(list =>
          list.getEntriesByName(type)[0] && done()).observe({ type: "paint", buffered: true }));
        await seen("first-contentful-paint");
        return performance.getEntriesByType("paint").map(one => one.name).sort()
        """,
    "vitals": """
        const of = ["event", "largest-contentful-paint", "layout-shift", "long-animation-frame"];
        return of.filter(one => PerformanceObserver.supportedEntryTypes.includes(one))
        """,
    "fields": "return FIELDS.filter(one => !(one in PerformanceNavigationTiming.prototype)).sort()",
    "headers-size": "const { transferSize, encodedBodySize } = entry('/r/0.js');\n"
    "return transferSize - encodedBodySize",
    "opaque-size": "const { transferSize, encodedBodySize } = entry('/r/far.svg');\n"
    "return `${transferSize}, ${encodedBodySize}`",
    "failed-entry": "return !!entry('/none.png')",
    "refused-entry": "return !!entry('/refused.png')",
}


def document(elsewhere: str) -> str:
    """A page with a good, a missing, a refused and a distant resource.

    Args:
        elsewhere: Another origin, whose resources send Timing-Allow-Origin.
    """
    images = ("/none.png", REFUSED, elsewhere + "/r/far.svg")
    return html("", resources(1) + "".join(f'<img src="{url}" alt="">' for url in images))


def expression(probe: str) -> str:
    """JavaScript that asks."""
    return f"async () => {{ const FIELDS = {_fields()}; {FIRST} {PROBES[probe]} }}"


def cell(answer: object) -> str:
    """An answer as the table has it."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, list):
        return ", ".join(map(str, answer)) or "none"
    return str(answer)


def _fields() -> list[str]:
    """What we read of entries, by the names that the loader knows them by."""
    protocol = (ROOT / "browser/src/protocol.ts").read_text(encoding="utf-8")
    lists = re.findall(r'"((?:kind|name),[\w,]+)"', protocol)
    return [name for names in lists for name in names.split(",") if name != "kind"]
