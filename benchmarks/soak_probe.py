# SPDX-License-Identifier: MIT OR Apache-2.0
"""Memory of the pages and of the worker they share, read from outside by the developer tools.

A page's and the worker's JavaScript heaps are the protocol's, after a collection. Of WebAssembly
there is the memory, which only grows, and what C's allocator has handed out of it, which says how
full it is: a page of Python objects counts as one, so it moves by whole arenas of 1 MB.

The worker is asked through a few lines before its script (`PROBE`), put there by the site that
serves it: they keep the exports of Pyodide's instance, and nothing else of it is reachable.

Sources: Chrome DevTools Protocol, "Target", "Runtime.getHeapUsage"; mallinfo(3).
"""

from __future__ import annotations

import json
import time
from typing import Any, Final, NamedTuple

from playwright.sync_api import Browser, Page

LIMIT_S: Final = 30.0
PROBE: Final = """
for (const name of ["instantiate", "instantiateStreaming"]) {
  const native = WebAssembly[name];
  WebAssembly[name] = async (...given) => {
    const made = await native.apply(WebAssembly, given);
    const { exports } = made.instance ?? made;
    if (exports.mallinfo) self.probe = exports;
    return made;
  };
}
"""
READ: Final = """(() => {
  if (!self.probe) return [0, 0];
  const { memory, mallinfo, malloc, free, PyGC_Collect } = probe;
  PyGC_Collect();
  const at = malloc(40);
  mallinfo(at);
  const used = new Uint32Array(memory.buffer, at, 10)[7];
  free(at);
  return [memory.buffer.byteLength, used];
})()"""


class Memory(NamedTuple):
    """All in bytes.

    Attributes:
        pages: JavaScript heap of all pages together.
        worker: JavaScript heap of the shared worker.
        wasm: Size of Pyodide's memory.
        used: What of it is handed out.
    """

    pages: float
    worker: float
    wasm: float
    used: float


class Probe:
    """Reads; knows one browser, its pages and its one shared worker."""

    def __init__(self, browser: Browser, pages: list[Page]) -> None:
        """Attach, once the worker runs."""
        self._pages = [page.context.new_cdp_session(page) for page in pages]
        self._pump = pages[0]
        self._browser = browser.new_browser_cdp_session()
        self._answers: dict[int, dict[str, Any]] = {}
        self._last = 0
        self._browser.on("Target.receivedMessageFromTarget", self._hear)
        targets = self._browser.send("Target.getTargets")["targetInfos"]
        (worker,) = [target for target in targets if target["type"] == "shared_worker"]
        asked = {"targetId": worker["targetId"], "flatten": False}
        self._session = self._browser.send("Target.attachToTarget", asked)["sessionId"]

    def read(self) -> Memory:
        """All of it, now."""
        pages = sum(_heap(session.send) for session in self._pages)
        worker = _heap(self._ask)
        expression = {"expression": READ, "returnByValue": True}
        wasm, used = self._ask("Runtime.evaluate", expression)["result"]["value"]
        return Memory(pages, worker, float(wasm), float(used))

    def _hear(self, event: dict[str, Any]) -> None:
        said = json.loads(event["message"])
        if "id" in said:
            self._answers[said["id"]] = said

    def _ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """One command to the worker.

        Raises:
            TimeoutError: It does not answer.
        """
        self._last += 1
        message = json.dumps({"id": self._last, "method": method, "params": params or {}})
        asked = {"sessionId": self._session, "message": message}
        self._browser.send("Target.sendMessageToTarget", asked)
        deadline = time.monotonic() + LIMIT_S
        while self._last not in self._answers:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the worker does not answer {method}")
            self._pump.wait_for_timeout(2)  # events come in while Playwright waits
        answer: dict[str, Any] = self._answers.pop(self._last)["result"]
        return answer


def _heap(ask: Any) -> float:
    ask("HeapProfiler.collectGarbage")
    return float(ask("Runtime.getHeapUsage")["usedSize"])
