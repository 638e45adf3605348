# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bugs to plant into a soak, to see that it finds them: each with what the soak has to say then.

They live in the pages' and the worker's surroundings, as scripts that run before ours, and in the
proxy; the bundle that is soaked is the one that is shipped.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.fault_proxy.faults import Fault, Plan, drawn

_HOLD: Final = "const post = MessagePort.prototype.postMessage;"


class Plant(NamedTuple):
    """One bug.

    Attributes:
        finds: How the finding begins that must be there.
        page: JavaScript before the page's scripts.
        worker: JavaScript before the worker's.
        swallows: Share of requests that the collector says it took, and forgets.
    """

    finds: str
    page: str = ""
    worker: str = ""
    swallows: float = 0.0

    def plan(self) -> Plan | None:
        """For the proxy, if it has to do with it."""
        return drawn(1, self.swallows, [Fault.SWALLOW]) if self.swallows else None


PLANTS: Final = {
    "page-leak": Plant(
        "page heaps grow",
        page="window.kept = []; "
        + _HOLD
        + """
MessagePort.prototype.postMessage = function (...given) {
  kept.push(structuredClone(given[0]));
  return post.apply(this, given);
};""",
    ),
    "worker-leak": Plant(
        "the worker's heap grows",
        worker="""
self.kept = [];
addEventListener("connect", ({ ports: [port] }) =>
  port.addEventListener("message", ({ data }) => kept.push(data, Array(8192).fill(0.5))));""",
    ),
    "wasm-leak": Plant(
        "WebAssembly memory in use grows",
        worker="""
addEventListener("connect", ({ ports: [port] }) =>
  port.addEventListener("message", () => self.probe?.malloc(65536)));""",
    ),
    "deaf": Plant(
        "lost before they were counted",
        page="let told = 0; "
        + _HOLD
        + """
MessagePort.prototype.postMessage = function (...given) {
  if (given[0]?.kind == "entries" && ++told % 20 == 0) return;
  return post.apply(this, given);
};""",
    ),
    "liar": Plant("delivered by the counters, and not there", swallows=0.05),
    "miscounting": Plant(
        "accounts do not add up",
        worker=_HOLD
        + """
MessagePort.prototype.postMessage = function (...given) {
  if (given[0]?.counters?.ended) given[0].counters.ended++;
  return post.apply(this, given);
};""",
    ),
}
