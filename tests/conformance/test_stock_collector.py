# SPDX-License-Identifier: MIT OR Apache-2.0
"""edgetrace's bytes through a stock OpenTelemetry Collector arrive unchanged.

    Exporter --gzip POST--> stock otlp receiver -> stock otlphttp exporter --> our collector

`build.py test --collector` builds the stock Collector into .cache/otelcol/; EDGETRACE_OTELCOL names
another binary. Its queue and retries are off, so its answer comes after the forwarding.

Source: OTLP specification 1.9, "OTLP/HTTP"; Collector 0.158, core components only.
"""

from __future__ import annotations

import gzip
import http.client
import math
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from collector.server import Collector, serve_in_thread
from edgetrace._config import Settings
from edgetrace._entries import entries_from_json
from edgetrace._export import Exporter
from edgetrace._page import PageView
from edgetrace._page_info import PageInfo
from edgetrace._sampler import AlwaysOn
from edgetrace._types import (
    Event,
    Link,
    Resource,
    Scope,
    SpanContext,
    SpanData,
    SpanKind,
    Status,
    StatusCode,
)
from tasks.stock_collector import BINARY
from tests.unit.collector_samples import TRACE_ID, page_load

OTELCOL = Path(os.environ.get("EDGETRACE_OTELCOL") or BINARY)
pytestmark = [
    pytest.mark.stock_collector,
    pytest.mark.skipif(
        not OTELCOL.exists(),
        reason="no stock OpenTelemetry Collector; `python3 build.py test --collector` builds one",
    ),
]
ORIGIN_UNIX_MS = 1_795_000_000_000.25
PROTOBUF = "application/x-protobuf"
CONFIGURATION = """\
receivers:
  otlp:
    protocols:
      http: {{endpoint: "127.0.0.1:{port}"}}
exporters:
  otlp_http:
    endpoint: {forward}
    compression: gzip
    sending_queue: {{enabled: false}}
    retry_on_failure: {{enabled: false}}
service:
  telemetry:
    metrics: {{level: none}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlp_http]}}
"""


class Stock(NamedTuple):
    """A stock Collector's address, and the collector of ours that it forwards to."""

    port: int
    sink: Collector


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stock]:
    """One stock Collector for all tests of this file."""
    with serve_in_thread() as sink:
        process, port = start(tmp_path_factory.mktemp("otelcol"), sink.url)
        with process:
            yield Stock(port, sink)
            process.terminate()
            process.communicate(timeout=30)


@pytest.fixture
def stock(running: Stock) -> Stock:
    """The running pair, with nothing stored."""
    running.sink.store.clear()
    return running


def start(folder: Path, forward: str) -> tuple[subprocess.Popen[str], int]:
    """Start a stock Collector and return once its log says that it is ready."""
    said: list[str] = []
    for _ in range(3):  # another program may take the port between probing and use
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        file = folder / "config.yaml"
        file.write_text(CONFIGURATION.format(port=port, forward=forward))
        process = subprocess.Popen(
            [OTELCOL, "--config", file],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "Everything is ready" in line:
                return process, port
            said.append(line)
        process.communicate()
    raise AssertionError("the stock Collector did not start:\n" + "".join(said[-20:]))


def post(
    stock: Stock, body: bytes, headers: Mapping[str, str]
) -> tuple[int, dict[str, str], bytes]:
    """POST a body to the stock Collector."""
    connection = http.client.HTTPConnection("127.0.0.1", stock.port, timeout=30)
    try:
        connection.request("POST", "/v1/traces", body, dict(headers))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return response.status, names, response.read()
    finally:
        connection.close()


def spans_of(*requests: ExportTraceServiceRequest) -> dict[bytes, tuple[bytes, ...]]:
    """Flatten requests: each span id with its resource, scope, schema URLs and span, as bytes.

    The grouping of spans into ResourceSpans is free, so it is not compared. An absent status and
    an absent value mean the same as empty ones, which is what Go's pdata always writes.
    """
    flat: dict[bytes, tuple[bytes, ...]] = {}
    for request in requests:
        for group in request.resource_spans:
            for scope_spans in group.scope_spans:
                for span in scope_spans.spans:
                    span.status.SetInParent()
                    fill(span.attributes)
                    assert span.span_id not in flat
                    flat[span.span_id] = (
                        group.resource.SerializeToString(deterministic=True),
                        group.schema_url.encode(),
                        scope_spans.scope.SerializeToString(deterministic=True),
                        scope_spans.schema_url.encode(),
                        span.SerializeToString(deterministic=True),
                    )
    return flat


def fill(attributes: Any) -> None:
    """Give each KeyValue a value, if only an empty one; all NaNs (Go's has a payload) are one."""
    pair: KeyValue
    for pair in attributes:
        pair.value.SetInParent()
        if math.isnan(pair.value.double_value):
            pair.value.double_value = math.nan


def read(body: bytes, headers: Mapping[str, str]) -> ExportTraceServiceRequest:
    """Decode a request body as it goes out."""
    packed = headers.get("content-encoding") == "gzip"
    return ExportTraceServiceRequest.FromString(gzip.decompress(body) if packed else body)


def send_all(stock: Stock, exporter: Exporter) -> list[ExportTraceServiceRequest]:
    """Send what an exporter has, and tell it the answers; return what it sent, decoded."""
    exporter.force_flush()
    sent = []
    while (request := exporter.next_request(0)) is not None:
        assert urlsplit(request.url).path == "/v1/traces"
        if "json" not in request.headers["content-type"]:
            sent.append(read(request.body, request.headers))
        status, headers, body = post(stock, request.body, request.headers)
        assert status == 200
        assert exporter.receive_response(request.id, status, headers, body, 0) is None
    return sent


def page_spans(resources: int) -> list[SpanData]:
    """Turn a page load's entries into spans, as the browser's runtime does."""
    navigation = {
        "entryType": "navigation", "name": "https://shop.example/lamps?token=1", "type": "navigate",
        "fetchStart": 1.2, "domainLookupStart": 2.0, "domainLookupEnd": 9.5, "connectStart": 9.5,
        "secureConnectionStart": 15.0, "connectEnd": 28.0, "requestStart": 28.5,
        "responseStart": 90.1, "responseEnd": 99.9, "domInteractive": 200.0,
        "domContentLoadedEventStart": 210.0, "domContentLoadedEventEnd": 215.5,
        "domComplete": 800.0, "loadEventStart": 800.1, "loadEventEnd": 805.0, "duration": 805.0,
        "transferSize": 9_000, "encodedBodySize": 8_700, "decodedBodySize": 30_000,
        "responseStatus": 200, "nextHopProtocol": "h2",
    }  # fmt: skip
    items: list[dict[str, object]] = [navigation]
    for n in range(resources):
        start = 100.0 + 9.7 * n
        items.append(
            {
                "entryType": "resource",
                "name": f"https://shop.example/a/{n}.js?ü={n}",
                "initiatorType": "script",
                "startTime": start,
                "fetchStart": start,
                "requestStart": start + 1.1,
                "responseStart": start + 20.3,
                "responseEnd": start + 30.7,
                "duration": 30.7,
                "transferSize": 1_000 + n,
                "responseStatus": 404 if n % 20 == 7 else 200,
                "nextHopProtocol": "h2",
            }  # fmt: skip
        )
    entries, malformed = entries_from_json(items)
    assert malformed == 0
    ids = iter(range(1, 10_000))
    view = PageView(
        PageInfo(url="https://shop.example/lamps", user_agent="Mozilla/5.0", language="de"),
        Settings.from_options(service_name="shop"),
        AlwaysOn(),
        lambda: TRACE_ID,
        lambda: next(ids).to_bytes(8, "big"),
    )
    return view.add(entries, ORIGIN_UNIX_MS, round(ORIGIN_UNIX_MS * 1e6) + 10**12)


def exporter_for(**options: object) -> tuple[Exporter, int]:
    """Make an exporter with a scope."""
    settings = Settings.from_options(service_name="shop", **options)
    resource = Resource(
        {"service.name": "shop", "telemetry.sdk.language": "python"},
        "https://opentelemetry.io/schemas/1.44.0",
    )
    exporter = Exporter(settings, resource, lambda n: bytes(n))
    scope = Scope("edgetrace.browser", "0.1.0", (("k", "v"),), "https://example/scope")
    return exporter, exporter.add_scope(scope)


@pytest.mark.parametrize("phases", ["attributes", "events"])
def test_a_page_load_of_edgetrace_arrives_unchanged(stock: Stock, phases: str) -> None:
    """62 spans, gzip: the stock Collector answers 200 with an empty partial_success and forwards
    exactly what was sent."""
    exporter, scope = exporter_for(phases=phases)
    for span in page_spans(60):
        exporter.offer(scope, span)
    sent = send_all(stock, exporter)
    arrived = stock.sink.store.export_request()
    assert spans_of(arrived) == spans_of(*sent)
    names = [span["name"] for span in stock.sink.store.spans()]
    assert sorted(names) == ["documentFetch", "documentLoad"] + ["resourceFetch"] * 60
    counters = exporter.counters()
    assert counters["exported"] == counters["ended"] == 62
    assert not [name for name, n in counters.items() if name.startswith("dropped") and n]


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_every_kind_of_value_arrives_unchanged(stock: Stock, protocol: str) -> None:
    """Values, events, links, status, flags and trace state at their edges, in both encodings."""
    far = SpanContext(b"\x09" * 16, b"\x08" * 8, 1, (("vendor", "x"),), is_remote=True)
    span = SpanData(
        SpanContext(TRACE_ID, b"\x01" * 8, 3, (("a", "1"), ("b", "2"))),
        far,
        "naïve \U0001f600",
        SpanKind.CONSUMER,
        1_795_000_000_000_000_001,
        1_795_000_000_000_000_003,
        {
            "text": "x" * 3_000,
            "empty": "",
            "true": True,
            "false": False,
            "min": -(2**63),
            "max": 2**63 - 1,
            "zero": 0,
            "real": 0.1,
            "inf": float("inf"),
            "nan": float("nan"),
            "bytes": b"\x00\xff\x80",
            "list": ("a", 1, 2.5, True, None, b"x"),
            "map": {"k": {"deep": (1,)}},
            "unset": None,
        },
        [Event("exception", 1_795_000_000_000_000_002, {"exception.type": "ValueError"}, 2)],
        [Link(far, {"why": "batch"}, 1)],
        Status(StatusCode.ERROR, "nö"),
        3,
        4,
        5,
    )
    exporter, scope = exporter_for(protocol=protocol)
    exporter.offer(scope, span)
    send_all(stock, exporter)
    reference, scope = exporter_for(compression="none")
    reference.offer(scope, span)
    reference.force_flush()
    request = reference.next_request(0)
    assert request is not None
    expected = ExportTraceServiceRequest.FromString(request.body)
    assert spans_of(stock.sink.store.export_request()) == spans_of(expected)


def test_what_others_send_arrives_unchanged(stock: Stock) -> None:
    """The same path for messages built with opentelemetry-proto: the path itself is lossless."""
    request = page_load(60)
    body = gzip.compress(request.SerializeToString())
    status, headers, reply = post(
        stock, body, {"content-type": PROTOBUF, "content-encoding": "gzip"}
    )
    assert (status, headers["content-type"]) == (200, PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(reply).partial_success
    assert (partial.rejected_spans, partial.error_message) == (0, "")
    assert spans_of(stock.sink.store.export_request()) == spans_of(request)


def test_our_collector_answers_like_the_stock_one(stock: Stock) -> None:
    """For the same good and bad bodies both collectors give the same status codes."""
    good = page_load(2).SerializeToString()
    cases = [
        (good, {"content-type": PROTOBUF}),
        (gzip.compress(good), {"content-type": PROTOBUF, "content-encoding": "gzip"}),
        (b"", {"content-type": PROTOBUF}),
        (b"garbage", {"content-type": PROTOBUF}),
        (b"garbage", {"content-type": PROTOBUF, "content-encoding": "gzip"}),
        (b"{}", {"content-type": "application/json"}),
        (b"{", {"content-type": "application/json"}),
        (good, {"content-type": "text/plain"}),
    ]
    with serve_in_thread() as ours:
        here = Stock(int(urlsplit(ours.url).port or 0), ours)
        statuses = [(post(stock, *case)[0], post(here, *case)[0]) for case in cases]
    assert [theirs for theirs, _ in statuses] == [mine for _, mine in statuses]
