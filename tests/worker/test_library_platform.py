# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a traced Worker leaves to the platform: tails, WebSockets, the platform's own tracing."""

from __future__ import annotations

import json
from typing import Any

from tests.worker.conftest import Edge
from tests.worker.libraries import Traced
from tests.worker.talk import Talk

DATE = "2026-11-01"
TAILER = """
const tell = (event) => console.log("TOLD " + JSON.stringify(event.event));
export default { tailStream(onset) { tell(onset); return tell; } };
"""


def test_platform_tracing(edge: Edge) -> None:
    """With EDGETRACE_PLATFORM_TRACING a span is one of `ctx.tracing` too, as a tail sees it."""
    tailer = {
        "name": "tailer",
        "compatibilityDate": DATE,
        "compatibilityFlags": ["streaming_tail_worker"],
        "modules": True,
        "script": TAILER,
    }
    library = Traced(
        edge,
        "library",
        vars={"EDGETRACE_PLATFORM_TRACING": "true"},
        bindings={"streamingTails": ["tailer"]},
        others=[tailer],
    )
    answer, spans = library.trace("raises", "GET")
    assert answer.status == 500
    library.server.wait_for_log('"error.message"')
    library.server.wait_for_log('"spanClose"')
    told: list[dict[str, Any]] = [
        json.loads(line.split("TOLD ", 1)[1]) for line in library.server.logs if "TOLD " in line
    ]
    kinds = [event["type"] for event in told]
    told = told[kinds.index("spanOpen") : kinds.index("spanClose")]  # then comes our sending
    assert told[0]["name"] == "GET"
    pairs = [pair for event in told if event["type"] == "attributes" for pair in event["info"]]
    found = {pair["name"]: pair["value"] for pair in pairs}
    ours = spans["GET"]["attributes"]
    assert ours.items() <= found.items()
    assert (found["error"], found["error.message"]) == (True, "ValueError: a bug")
    library.close()


def test_a_tail_worker_does_not_feed_itself(edge: Edge) -> None:
    """`tail` runs, and is no span."""
    producer = {
        "name": "producer",
        "compatibilityDate": DATE,
        "modules": True,
        "script": 'export default { fetch: () => new Response("made") };',
        "tails": ["app"],
    }
    library = Traced(
        edge,
        "library",
        bindings={"kvNamespaces": ["KV"], "serviceBindings": {"PRODUCER": "producer"}},
        others=[producer],
    )
    assert library.ask("produce").text == "made"
    asks = 0
    while library.ask("kv?tailed").text != "1":
        asks += 1
        assert asks < 500
    library.ask("flush")
    names = {span["name"] for span in library.collector.store.spans()}
    assert names <= {"GET", "get KV", "before"}
    library.close()


def test_a_web_socket(edge: Edge) -> None:
    """The upgrade goes through, and messages after it."""
    library = Traced(edge, "library")
    trace_id = "50" * 16
    headers = [
        *(("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")),
        *(("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),),
        ("traceparent", f"00-{trace_id}-{'c' * 16}-01"),
    ]
    with Talk(library.url) as talk:
        talk.open("GET", "/socket", headers)
        assert talk.read_head().status == 101
        talk.send(b"\x81\x82\x00\x00\x00\x00hi")  # RFC 6455: one text frame, masked with zeros
        assert talk.read(4) == b"\x81\x02hi"
    (span,) = library.spans(trace_id, "GET")
    assert span["attributes"]["http.response.status_code"] == 101
    library.close()
