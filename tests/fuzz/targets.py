# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is fuzzed: everything that reads what strangers send. Each target takes bytes and returns,
whatever they are; it raises only where a promise is broken.

Source: docs/verification.md, "Fuzzing", has the promises in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector.decode import (
    Encoding,
    decode_request,
    encode_response,
    encoding_of,
    take_out_invalid,
)
from collector.errors import RequestError
from edgetrace._baggage import format_baggage, parse_baggage
from edgetrace._columns import PackedEntries
from edgetrace._config import Settings
from edgetrace._entries import NUMBERS, mend, unpack_entries
from edgetrace._otlp import PROTOBUF
from edgetrace._otlp_json import JSON
from edgetrace._page import PageView
from edgetrace._page_info import PageInfo
from edgetrace._propagation import MAX_TRACESTATE_CHARS, extract, inject
from edgetrace._raw import RawError, read_raw
from edgetrace._retry import retry_after_ns
from edgetrace._sampler import sampler_from_settings
from edgetrace._server_timing import MAX_DURATION_MS, MAX_METRICS, parse_server_timing
from edgetrace._view_ids import ViewIds

NOW = 1_800_000_000_000_000_000
HOUR_NS = 3_600 * 10**9
ORIGIN_MS = 1_799_999_999_000.0


def propagation(data: bytes) -> None:
    """Headers, one a line: a context comes, and what is written of it is read as itself."""
    lines = [line.partition(b":")[::2] for line in data.split(b"\n")]
    context = extract([(name.strip(), value.strip()) for name, value in lines])
    carrier: dict[str, str] = {}
    inject(carrier, context)
    assert len(carrier.get("tracestate", "")) <= MAX_TRACESTATE_CHARS
    again: dict[str, str] = {}
    inject(again, extract(carrier))
    assert again == carrier, (carrier, again)


def baggage(data: bytes) -> None:
    """A baggage header: what is read of it is written so that it is read the same."""
    found = parse_baggage(data.decode("latin-1"))
    assert parse_baggage(format_baggage(found)) == found


def server_timing(data: bytes) -> None:
    """A Server-Timing header: few metrics, each with a name and a time that can be."""
    metrics = parse_server_timing(data.decode("utf-8", "replace"))
    assert len(metrics) <= MAX_METRICS
    for metric in metrics:
        assert metric.name
        assert 0.0 <= metric.duration_ms < MAX_DURATION_MS


def entries(data: bytes) -> None:
    """A packed batch, doubles before the first "\\xff": rows or a count of what is none, then spans
    that end when they have begun, by columns as one by one."""
    block, _, text = data.partition(b"\xff\xff\xff")
    lines = text.decode("utf-8", "replace")
    rows, malformed = unpack_entries(block, lines)
    packed = PackedEntries(block, lines)
    assert (len(packed), packed.malformed) == (len(rows), malformed)
    settings = Settings()
    ids = ViewIds(b"\x01" * 16, b"\x02" * 8)
    view = PageView(
        PageInfo(),
        settings,
        sampler_from_settings(settings),
        ids.new_trace_id,
        ids.new_span_id,
        new_fetch_id=ids.fetch_id,
    )
    spans = view.add(packed, ORIGIN_MS, NOW) + view.finish(NOW)
    assert view.counters["entries"] == len(rows)
    for span in spans:
        assert 0 <= span.start_unix_nano <= span.end_unix_nano <= NOW
        PROTOBUF.span(span)
    for row in rows:
        clean, _ = mend(row)
        numbers: tuple[Any, ...] = clean[: len(NUMBERS)]
        assert all(math.isfinite(number) and number >= 0 for number in numbers)
        assert mend(clean) == (clean, False)


def partial_success(data: bytes) -> None:
    """A receiver's answer: a number of spans it refused, 0 where it cannot be read."""
    for encoding in (PROTOBUF, JSON):
        refused, _ = encoding.partial_success(data)
        assert refused >= 0
    try:
        answer = ExportTraceServiceResponse.FromString(data)
    except DecodeError:
        return
    answer.DiscardUnknownFields()
    if answer.SerializeToString() == data:  # else something is unknown, or there twice
        refused, _ = PROTOBUF.partial_success(data)
        assert refused == max(answer.partial_success.rejected_spans, 0), (refused, answer)


def raw(data: bytes) -> None:
    """A body at the raw route: RawError, or the same spans twice, for the reference decoder."""
    try:
        result = read_raw(data, NOW, {})
    except RawError:
        return
    assert read_raw(data, NOW + 1, {}) == result or b'"now"' in data
    request = ExportTraceServiceRequest.FromString(result.message)
    spans = [
        span
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert len(spans) == result.spans
    assert len({span.span_id for span in spans}) == len(spans)
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)


def retry_after(data: bytes) -> None:
    """Retry-After and Date, a line each: none, or 0 to an hour."""
    value, _, date = data.decode("latin-1").partition("\n")
    wait = retry_after_ns({"retry-after": value, "date": date})
    assert wait is None or 0 <= wait <= HOUR_NS


def ingest(data: bytes) -> None:
    """The collector's door, media type in the first line: RequestError, or spans that a trace can
    hold."""
    media_type, _, body = data.partition(b"\n")
    try:
        encoding = encoding_of(media_type.decode("latin-1"))
        request = decode_request(body, encoding)
    except RequestError:
        return
    rejected = take_out_invalid(request)
    answer = encode_response(encoding, rejected)
    if encoding is Encoding.PROTOBUF:
        refused = ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans
        assert refused == rejected.spans
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert len(span.trace_id) == 16
                assert len(span.span_id) == 8


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    each.__name__: each
    for each in (
        propagation,
        baggage,
        server_timing,
        entries,
        partial_success,
        raw,
        retry_after,
        ingest,
    )
}
