# SPDX-License-Identifier: MIT OR Apache-2.0
"""A page with 60 resources, traced by each party in turn, and what it sends. Used by wire and page.

A view is a fresh profile: load, flush if the party can, close. The site answers every POST with 200
and keeps its size; OTLP bodies it keeps whole, so that spans can be counted. All is same-origin.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: E402
    ExportTraceServiceRequest,
)
from playwright.sync_api import Page  # noqa: E402

from collector.otlp_json import request_from_json  # noqa: E402
from tasks import bench_peers  # noqa: E402
from tasks.console import BuildError  # noqa: E402
from tests.browser.pages import html, resources, tag  # noqa: E402
from tests.browser.site import Document, Site  # noqa: E402

RESOURCES: Final = 60
QUIET_MS: Final = 1_500
"""Sentry ends a view's transaction a second after its last activity; Faro sends within 250 ms."""
LIMIT_MS: Final = 12_000


class Party(NamedTuple):
    """Who traces the page, and how.

    Attributes:
        who: Whose code.
        case: Which way of it; "" for the usual one.
        tag: What it puts into the head.
        flush: JavaScript that sends what is queued; "" if there is none.
        script: What the URLs of its main-thread code contain.
    """

    who: str
    case: str
    tag: str
    flush: str
    script: str


OURS: Final = tuple(
    Party("edgetrace", case, tag(**options), "edgetrace.flush()", "/agent.js")
    for case, options in (
        ("", {"phases": "attributes"}),
        ("phases as events", {"phases": "events"}),
        ("phases off", {"phases": "off"}),
        ("edge runtime", {"runtime": "edge"}),
    )
)
NONE: Final = Party("none", "", "", "", "/none.js")
PEERS: Final = {
    "opentelemetry-js": "otel-protobuf",
    "opentelemetry-js-json": "otel-json",
    "faro": "faro",
    "sentry": "sentry",
}


class Post(NamedTuple):
    """One request body; `size` is what travelled."""

    path: str
    size: int
    encoding: str


class TallySite(Site):
    """A site that takes every POST and remembers it."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.bodies: list[tuple[str, bytes]] = []
        self.folders["/peers/"] = bench_peers.BUNDLES

    def forget(self) -> None:
        """Before a view."""
        self.requests.clear()
        self.received.clear()
        self.bodies.clear()

    def forward(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Keep it instead of handing it on."""
        given = {name.lower(): text for name, text in headers.items()}
        if given.get("content-encoding") == "gzip":
            body = zlib.decompress(body, 31)
        self.bodies.append((given.get("content-type", ""), body))
        return 200, b""

    def answer(self, path: str, query: str) -> Document:
        """Receivers of the peers, and of the edge runtime, say yes."""
        if path.startswith(("/api/", "/faro/", "/edgetrace/raw")):
            self.requests["posts"] += 1
            return Document(b"{}", "application/json")
        return super().answer(path, query)

    def spans(self) -> int:
        """How many spans the OTLP bodies hold."""
        count = 0
        for kind, body in self.bodies:
            if "json" in kind:
                request = request_from_json(body)
            else:
                request = ExportTraceServiceRequest.FromString(body)
            count += sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans)
        return count

    def sent(self) -> int:
        """Bytes of all bodies, as they travelled."""
        return sum(int(headers.get("content-length", 0)) for headers in self.received)

    def plain(self) -> int:
        """Bytes of all OTLP bodies, unpacked."""
        return sum(len(body) for _, body in self.bodies)


def peers() -> Iterator[Party]:
    """Each peer, bundled; one that cannot be is printed as skipped."""
    for who, name in PEERS.items():
        script = bench_peers.FOLDER / "page" / f"{name}.mjs"
        try:
            made = bench_peers.bundle(script, "page")
        except BuildError as exc:
            why = bench_peers.reason(exc)
            print(json.dumps({"who": who, "host": "chromium", "case": "", "skipped": why}))
            continue
        source = f'<script src="/peers/{made.name}" async></script>'
        flush = "" if who == "faro" else "window.flushPeer()"
        yield Party(who, "", source, flush, f"/{made.name}")


def page_of(site: Site, party: Party, count: int = RESOURCES) -> str:
    """The URL of the page with that party's tag."""
    path = f"/{party.who}-{party.case}".replace(" ", "-")
    return site.add(path, html(party.tag, resources(count)))


def settle(page: Page, site: Site, party: Party) -> None:
    """Wait until a loaded page has sent what it will send by itself, or was made to."""
    if party.who == "none":
        return
    if party.who in ("faro", "sentry"):
        waited, seen = 0, -1
        while waited < LIMIT_MS and (not site.received or seen != len(site.received)):
            seen = len(site.received)
            page.wait_for_timeout(QUIET_MS)
            waited += QUIET_MS
    if party.flush:
        page.evaluate(f"(async () => {{ await {party.flush}; }})()")
