# SPDX-License-Identifier: MIT OR Apache-2.0
"""POST /v1/traces over real HTTP: encodings, limits, CORS, replies, and hostile bodies.

Source: OTLP specification 1.9, "OTLP/HTTP"; Fetch Standard, "CORS protocol".
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector.server import Collector, serve_in_thread
from tests.unit.collector_client import JSON, PROTOBUF, get, post, send
from tests.unit.collector_samples import TRACE_ID, one_span, page_load

LIMIT = 256 * 1024


@pytest.fixture(scope="module")
def shared() -> Iterator[Collector]:
    """One collector for all tests of this file, with a small body limit."""
    with serve_in_thread(max_body_bytes=LIMIT) as running:
        yield running


@pytest.fixture
def collector(shared: Collector) -> Collector:
    """The shared collector, emptied."""
    shared.store.clear()
    return shared


def rpc_status(body: bytes) -> tuple[int, str]:
    """Decode google.rpc.Status {code = 1, message = 2}; short messages only need this much."""
    assert body[0] == 0x08
    assert body[2] == 0x12
    length, at = body[3], 4
    if length > 0x7F:
        length, at = (length & 0x7F) | body[4] << 7, 5
    assert at + length == len(body)
    return body[1], body[at:].decode()


def test_protobuf_is_stored_and_answered_with_an_empty_response(collector: Collector) -> None:
    """Full success leaves partial_success unset, and the reply has the request's media type."""
    reply = post(collector, page_load(3).SerializeToString())
    assert (reply.status, reply.headers["content-type"]) == (200, PROTOBUF)
    assert reply.body == b""
    assert collector.store.span_count == 8


def test_gzip_is_unpacked(collector: Collector) -> None:
    """A gzip body, also one of several members, is stored like the plain one."""
    plain = page_load(2).SerializeToString()
    assert post(collector, gzip.compress(plain), content_encoding="gzip").status == 200
    half = len(plain) // 2
    members = gzip.compress(plain[:half]) + gzip.compress(plain[half:])
    assert post(collector, members, content_encoding="GZIP").status == 200
    first, second = collector.store.requests()
    assert (first["spans"], first["duplicates"]) == (0, 7)
    assert (second["spans"], second["duplicates"]) == (7, 0)
    assert second["decoded_bytes"] == len(plain) > second["bytes"]


def test_what_is_stored_equals_what_was_sent(collector: Collector) -> None:
    """Nothing that OTLP can say is lost between the request and export_request()."""
    request = page_load(5)
    request.resource_spans[0].schema_url = "https://opentelemetry.io/schemas/1.44.0"
    span = request.resource_spans[1].scope_spans[0].spans[0]
    span.flags, span.trace_state, span.dropped_links_count = 0x103, "a=1,b=2", 7
    span.attributes.add(key="unset")
    span.attributes.add(key="bytes").value.bytes_value = b"\x00\xff"
    span.attributes.add(key="nan").value.double_value = float("nan")
    span.attributes.add(key="big").value.int_value = -(2**63)
    span.attributes.add(key="list").value.array_value.values.add().bool_value = False
    span.links.add(trace_id=TRACE_ID, span_id=b"\x09" * 8, flags=1).attributes.add(key="k")
    span.end_time_unix_nano = 2**64 - 1
    assert post(collector, request.SerializeToString()).status == 200
    kept = collector.store.export_request()
    assert kept.SerializeToString(deterministic=True) == request.SerializeToString(
        deterministic=True
    )


def test_an_empty_request_is_a_success(collector: Collector) -> None:
    """Zero bytes are a valid, empty ExportTraceServiceRequest."""
    assert post(collector, b"").status == 200
    assert post(collector, b"{}", JSON).json == {}


def test_unusable_spans_are_rejected_and_the_rest_is_kept(collector: Collector) -> None:
    """Bad ids give 200 with partial_success that counts the spans and names each reason."""
    request = page_load(1)
    spans = request.resource_spans[0].scope_spans[0].spans
    spans.add(trace_id=b"\x01" * 15, span_id=b"\x01" * 8)
    spans.add(trace_id=bytes(16), span_id=b"\x01" * 8)
    spans.add(trace_id=TRACE_ID, span_id=bytes(8))
    spans.add(trace_id=TRACE_ID, span_id=b"\x01" * 8, parent_span_id=b"\x01" * 3)
    reply = post(collector, request.SerializeToString())
    assert reply.status == 200
    partial = ExportTraceServiceResponse.FromString(reply.body).partial_success
    assert partial.rejected_spans == 4
    assert "2 x trace_id must be 16 bytes" in partial.error_message
    assert "parent_span_id must be empty or 8 bytes" in partial.error_message
    assert collector.store.span_count == 6
    assert collector.store.requests()[0]["rejected"] == 4


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "status", "says"),
    [
        (b"garbage", PROTOBUF, "", 400, "not an ExportTraceServiceRequest"),
        (os.urandom(4096), PROTOBUF, "", 400, "not an ExportTraceServiceRequest"),
        (b"\x0a\xff\xff\xff\xff\x0f", PROTOBUF, "", 400, "not an ExportTraceServiceRequest"),
        (gzip.compress(b"x"), PROTOBUF, "", 400, "set Content-Encoding: gzip"),
        (b"not gzip at all, but long enough", PROTOBUF, "gzip", 400, "not valid gzip"),
        (b"", PROTOBUF, "gzip", 400, "ends early"),
        (gzip.compress(b"x" * 99)[:-9], PROTOBUF, "gzip", 400, "ends early"),
        (gzip.compress(b"")[:9], PROTOBUF, "gzip", 400, "ends early"),
        (gzip.compress(b"") + b"trailing garbage of any kind", PROTOBUF, "gzip", 400, "not valid"),
        (gzip.compress(bytes(LIMIT + 1)), PROTOBUF, "gzip", 413, "unpacks to more than"),
        (gzip.compress(bytes(LIMIT)) * 2, PROTOBUF, "gzip", 413, "unpacks to more than"),
        (zlib.compress(b""), PROTOBUF, "deflate", 415, "use gzip or none"),
        (b"", PROTOBUF, "gzip, gzip", 415, "use gzip or none"),
        (bytes(LIMIT + 1), PROTOBUF, "", 413, "send smaller batches"),
        (bytes(LIMIT * 3), PROTOBUF, "", 413, "send smaller batches"),
    ],
)
def test_bad_bodies_get_a_clear_status_in_protobuf(
    collector: Collector, body: bytes, content_type: str, encoding: str, status: int, says: str
) -> None:
    """Each kind of damage has its status code and a google.rpc.Status that says what is wrong."""
    headers = {"content_encoding": encoding} if encoding else {}
    reply = post(collector, body, content_type, **headers)
    assert reply.status == status
    assert reply.headers["content-type"] == PROTOBUF
    code, message = rpc_status(reply.body)
    assert code in (3, 8)
    assert says in message
    assert collector.store.span_count == 0
    assert collector.store.requests()[0]["error"] == message


def test_a_gzip_bomb_is_never_unpacked_whole(collector: Collector) -> None:
    """200 MB of zeros in 200 kB stop at the limit; the collector goes on serving."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    assert len(bomb) < LIMIT
    assert post(collector, bomb, content_encoding="gzip").status == 413
    assert post(collector, one_span().SerializeToString()).status == 200


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/grpc", "x/" + "y" * 300])
def test_other_media_types_are_415(collector: Collector, content_type: str) -> None:
    """A media type that OTLP/HTTP does not have is refused in JSON, the readable encoding."""
    reply = post(collector, one_span().SerializeToString(), content_type)
    assert reply.status == 415
    assert (
        "Content-Type must be application/x-protobuf or application/json" in reply.json["message"]
    )


def test_media_type_parameters_are_ignored(collector: Collector) -> None:
    """`; charset=utf-8` and capitals do not matter."""
    assert post(collector, b"{}", "Application/JSON; charset=utf-8").status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(collector: Collector, method: str) -> None:
    """Only POST and OPTIONS exist on /v1/traces, and Allow says so."""
    reply = send(collector, method, "/v1/traces")
    assert (reply.status, reply.headers["allow"]) == (405, "POST, OPTIONS")


def test_other_signals_are_404(collector: Collector) -> None:
    """Metrics and logs are told that this collector takes traces."""
    reply = send(collector, "POST", "/v1/metrics", b"", {"content-type": PROTOBUF})
    assert reply.status == 404
    assert "POST /v1/traces" in reply.json["error"]


@pytest.mark.parametrize("origin", ["https://shop.example", "null", "http://localhost:8000"])
def test_cors_echoes_the_origin(collector: Collector, origin: str) -> None:
    """Preflight and reply name the very origin, with credentials, also for 4xx and `null`."""
    preflight = send(
        collector,
        "OPTIONS",
        "/v1/traces",
        None,
        {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,content-encoding,x-team",
            "access-control-request-private-network": "true",
        },
    )
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-headers"] == (
        "content-type,content-encoding,x-team"
    )
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert preflight.headers["access-control-allow-private-network"] == "true"
    for reply in (
        preflight,
        post(collector, one_span().SerializeToString(), origin=origin),
        post(collector, b"garbage", origin=origin),
    ):
        assert reply.headers["access-control-allow-origin"] == origin
        assert reply.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in reply.headers["vary"]


def test_without_origin_there_are_no_cors_headers(collector: Collector) -> None:
    """A server's request gets no CORS headers."""
    assert not [
        name
        for name in post(collector, one_span().SerializeToString()).headers
        if name.startswith("access-control")
    ]


def test_other_sites_may_not_read_what_is_stored(collector: Collector) -> None:
    """The JSON API has no CORS: an origin is not allowed to see traces."""
    headers = get(collector, "/api/traces", origin="https://elsewhere.example").headers
    assert "access-control-allow-origin" not in headers


def test_a_chunked_body_is_limited_too(collector: Collector) -> None:
    """Without Content-Length the limit is held while reading."""

    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield bytes(LIMIT // 4)

    reply = send(collector, "POST", "/v1/traces", chunks(), {"content-type": PROTOBUF})  # type: ignore[arg-type]
    assert reply.status == 413


def test_a_body_announced_as_huge_is_refused_at_once(collector: Collector) -> None:
    """The refusal does not wait for a terabyte."""
    with socket.create_connection(urlsplit(collector.url).netloc.split(":"), 20) as raw:  # type: ignore[arg-type]
        raw.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"
            b"content-length: 1000000000000\r\n\r\n"
        )
        assert raw.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_sender_that_hangs_up_leaves_no_trace(collector: Collector) -> None:
    """A connection cut in mid-body stores nothing and disturbs nobody."""
    with socket.create_connection(urlsplit(collector.url).netloc.split(":"), 20) as raw:  # type: ignore[arg-type]
        raw.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"
            b"content-length: 1000\r\n\r\nabc"
        )
    assert post(collector, one_span().SerializeToString()).status == 200
    assert [record["status"] for record in collector.store.requests()] == [200]


def test_many_random_bodies_leave_the_collector_up(collector: Collector) -> None:
    """Truncations and bit flips of a valid request get 200 or 400, never 500."""
    valid = bytearray(page_load(2).SerializeToString())
    for position in range(0, len(valid), max(1, len(valid) // 60)):
        flipped = bytearray(valid)
        flipped[position] ^= 0xA5
        assert post(collector, bytes(flipped)).status in (200, 400)
        assert post(collector, bytes(valid[:position])).status in (200, 400)
    for trace in collector.store.traces():
        assert get(collector, f"/api/traces/{trace['trace_id']}").status == 200


def test_a_database_that_cannot_take_spans_is_503(tmp_path: os.PathLike[str]) -> None:
    """A failing database is the sender's cue to retry, not a loss: 503 with Retry-After."""
    with serve_in_thread(database=os.path.join(tmp_path, "full.sqlite")) as full:
        full.store._connection.execute("PRAGMA max_page_count = 1")
        reply = post(full, page_load(400).SerializeToString())
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        code, message = rpc_status(reply.body)
        assert code == 14
        assert "full" in message
        full.store._connection.execute("PRAGMA max_page_count = 1000000")
        assert post(full, page_load(400).SerializeToString()).status == 200
        assert full.store.span_count == 405


def test_json_and_protobuf_are_the_same_spans(collector: Collector) -> None:
    """A span sent in both encodings is one span: the second is a duplicate."""
    document = {
        "resourceSpans": [
            {
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": TRACE_ID.hex().upper(),
                                "spanId": "b2b2b2b2b2b2b2b2",
                                "name": "work",
                            }
                        ]
                    }
                ]
            }
        ]
    }
    assert post(collector, one_span().SerializeToString()).status == 200
    assert post(collector, json.dumps(document).encode(), JSON).status == 200
    assert collector.store.requests()[0]["duplicates"] == 1


def test_a_megabyte_in_many_sources_is_kept_apart(collector: Collector) -> None:
    """Spans of different resources and scopes keep their own."""
    request = ExportTraceServiceRequest()
    for n in range(30):
        part = one_span(span_id=bytes([n + 1] * 8))
        part.resource_spans[0].resource.attributes[0].value.string_value = f"service-{n}"
        request.MergeFrom(part)
    assert post(collector, request.SerializeToString()).status == 200
    assert [span["service"] for span in collector.store.spans()] == [
        f"service-{n}" for n in range(30)
    ]
