# SPDX-License-Identifier: MIT OR Apache-2.0
"""The gateway in a real workerd, with a site behind it and a collector that takes its spans."""

from __future__ import annotations

from typing import Any

from collector.server import Collector, serve_in_thread
from tasks import workerd
from tasks.paths import WORKER
from tests.worker.conftest import Edge
from tests.worker.site import Site
from tests.worker.talk import Headers, Reply, ask

ENTRY = WORKER / "gateway.py"
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "20", "EDGETRACE_RATE_LIMIT": "off"}
"""Spans leave soon, and a whole file of tests may come from one address."""


JAVASCRIPT = """
export default { fetch(request, env) {
  return fetch(env.ORIGIN + "/" + request.url.split("/").slice(3).join("/"), request);
} };
"""


def plain_proxy(origin: str) -> workerd.Server:
    """The least that can be in front of a site: what the gateway must not differ from."""
    worker = {
        "name": "plain",
        "compatibilityDate": workerd.COMPATIBILITY_DATE,
        "modules": True,
        "script": JAVASCRIPT,
        "bindings": {"ORIGIN": origin},
    }
    return workerd.Server({"host": "127.0.0.1", "port": 0, "cf": False, "workers": [worker]})


class Gateway:
    """A running gateway; options are `workerd.serve`'s, variables stand before those from here."""

    def __init__(self, edge: Edge, *, vars: dict[str, Any] | None = None, **options: Any) -> None:
        given = dict(vars or {})
        self.site = Site()
        self.collector: Collector = serve_in_thread(port=0)
        known = {
            "ORIGIN": self.site.url,
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.collector.endpoint,
        }
        self.server = edge(ENTRY, vars={**known, **QUICK, **given}, **options)
        self.url = self.server.url

    def ask(self, method: str, target: str, headers: Headers = (), body: bytes = b"") -> Reply:
        """One exchange on a connection of its own."""
        return ask(self.url, method, target, headers, body)

    def get(self, target: str, *headers: tuple[str, str]) -> Reply:
        """GET."""
        return self.ask("GET", target, headers)

    def spans(self, path: str, count: int = 2) -> list[Any]:
        """The spans of the trace that a path's server span is in, once there are so many."""

        def found(store: Any) -> list[Any]:
            spans = store.spans()
            roots = [s for s in spans if s["attributes"].get("url.path") == path]
            ids = {root["trace_id"] for root in roots}
            trace = [s for s in spans if s["trace_id"] in ids]
            return trace if len(trace) >= count else []

        return self.collector.store.wait_for(found)

    def close(self) -> None:
        """End all three."""
        self.server.stop()
        self.collector.stop()
        self.site.close()
