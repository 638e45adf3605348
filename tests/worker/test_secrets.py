# SPDX-License-Identifier: MIT OR Apache-2.0
"""Secrets of visitors and of the Worker itself: they reach the site, and no collector, log or page.

What is looked at are the bytes of each request that the collector got.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any, Final

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.worker.ask import ask
from tests.worker.collectors import PATH, Sink
from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway
from tests.worker.libraries import Echo
from tests.worker.site import Answer

PLANTED: Final = "pl4nted"
JWT: Final = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{PLANTED}"
QUERY: Final = (
    f"token={PLANTED}&code={PLANTED}&next=%2Fcb%3Fsig%3D{PLANTED}&s={JWT}&m={PLANTED}%40m.example"
)
HEADERS: Final = {
    "Authorization": f"Bearer {PLANTED}-0123456789",
    "Cookie": f"session={PLANTED}; theme=dark",
    "X-Token": f"{PLANTED}-0123456789",
    "X-Mail": f"{PLANTED}@mail.example",
    "Referer": f"https://shop.example/?token={PLANTED}",
    "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    "tracestate": f"vendor={JWT}",
    "baggage": f"user={PLANTED},mail={PLANTED}%40mail.example",
}
KEY: Final = "the-c0llectors-key"


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A collector that only remembers."""
    sink = Sink()
    yield sink
    sink.close()


def variables(sink: Sink, **more: str) -> dict[str, str]:
    """Where spans go, with a secret in the headers and one in the address."""
    return {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{sink.endpoint}?api-key={KEY}",
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={KEY}",
        "OTEL_BSP_SCHEDULE_DELAY": "20",
        **more,
    }


def arrived(sink: Sink, spans: int) -> tuple[bytes, list[Any]]:
    """All that the collector was sent until it had so many spans: headers and bodies, unpacked."""
    data = b""
    found: list[Any] = []
    while len(found) < spans:
        seen = sink.seen(PATH)
        packed = seen.header("content-encoding") == "gzip"
        body = gzip.decompress(seen.body) if packed else seen.body
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            found += [span for scope in group.scope_spans for span in scope.spans]
        assert (seen.header("x-key"), f"api-key={KEY}" in seen.target) == (KEY, True)
        rest = [header for header in seen.headers if header[0] != "x-key"]
        data += body + str(rest).encode()
    return data, found


def test_a_visitors_secrets_pass_the_gateway_unseen(edge: Edge, sink: Sink) -> None:
    """The site gets credentials, cookies, query and baggage as they came; the collector none."""
    gateway = Gateway(edge, vars=variables(sink, EDGETRACE_METRICS_TOKEN="open"))
    try:
        gateway.site.put("/in", Answer(200, [("content-type", "text/html")], b"<head></head>"))
        page = gateway.get(f"/in?{QUERY}", *HEADERS.items())
        data, spans = arrived(sink, 2)
        seen = gateway.site.seen("/in")
        assert seen.target == f"/in?{QUERY}"
        for name in ("Authorization", "Cookie", "X-Token", "Referer"):
            assert seen.header(name.lower()) == HEADERS[name]
        assert PLANTED in str(seen.header("baggage"))
        assert [span.trace_state for span in spans] == ["vendor=REDACTED"] * 2
        assert PLANTED.encode() not in data
        assert data.count(b"REDACTED") >= 2 * 5

        sink.say(500, body=KEY.encode())
        others = [
            gateway.get("/edgetrace/health"),
            gateway.ask("GET", "/edgetrace/metrics", [("Authorization", "Bearer open")]),
            gateway.ask("POST", "/v1/traces", [("Content-Type", "text/plain")], b"x"),
            gateway.ask("POST", "/edgetrace/raw", [], b"x"),
        ]
        said = str([page, *others]) + "\n".join(gateway.server.logs)
        assert PLANTED not in said
        assert KEY not in said
    finally:
        gateway.close()


def test_an_applications_secrets_are_not_recorded(edge: Edge, sink: Sink) -> None:
    """Headers as attributes, URLs in events, an exception with a token in it: all redacted.

    Line breaks in what a visitor sends stay encoded: none of it becomes a header of its own.
    """
    origin = Echo()
    server = edge("leaky", vars=variables(sink, ORIGIN=origin.url))
    try:
        headers = {**HEADERS, "baggage": f"a=1%0d%0ax-evil:%201,token={PLANTED}"}
        answer = ask(f"{server.url}/in?{QUERY}", headers=headers)
        data, spans = arrived(sink, 3)
        assert answer.status == 500
        assert {span.name for span in spans} == {"GET", "work"}
        assert [event.name for span in spans for event in span.events] != []
        assert PLANTED.encode() not in data
        assert data.count(b"REDACTED") >= 20
        (asked,) = origin.asked
        assert asked["headers"]["authorization"] == HEADERS["Authorization"]
        assert "x-evil" not in asked["headers"]
        assert KEY not in "\n".join(server.logs)
    finally:
        server.stop()
        origin.close()
