# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bytes and a content type in, a checked OTLP request out; and the replies in the same encoding.

| case                | status | body                                                              |
|---------------------|--------|-------------------------------------------------------------------|
| all spans taken     | 200    | ExportTraceServiceResponse, partial_success unset                 |
| some spans unusable | 200    | partial_success with rejected_spans and error_message             |
| anything refused    | 4xx    | google.rpc.Status; in JSON when the request's type was not known  |

Source: OTLP specification 1.9, "OTLP/HTTP Response".
"""

from __future__ import annotations

import json
from collections import Counter
from enum import Enum
from typing import NamedTuple

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.errors import RequestError, RpcCode
from collector.otlp_json import request_from_json

_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8


class Encoding(Enum):
    """The two encodings of OTLP/HTTP; the value is the media type of the replies."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


class Rejected(NamedTuple):
    """Spans that were left out of a request, and why, in words for the sender."""

    spans: int
    message: str


def encoding_of(content_type: str) -> Encoding:
    """Tell the encoding from a Content-Type header; parameters such as charset are ignored.

    Raises:
        RequestError: 415 for anything but the two types OTLP/HTTP has.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    # application/protobuf is what IANA registered in 2024; a few senders use it already.
    if media_type in ("application/x-protobuf", "application/protobuf"):
        return Encoding.PROTOBUF
    if media_type == "application/json":
        return Encoding.JSON
    shown = f"not {media_type[:60]!r}" if media_type else "and it is missing"
    raise RequestError(
        415,
        RpcCode.INVALID_ARGUMENT,
        f"Content-Type must be application/x-protobuf or application/json, {shown}",
    )


def decode_request(body: bytes, encoding: Encoding) -> ExportTraceServiceRequest:
    """Decode a request body.

    Raises:
        RequestError: 400 when the bytes are not a request in that encoding.
    """
    if encoding is Encoding.JSON:
        return request_from_json(body)
    try:
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
    except DecodeError as exc:
        raise RequestError(
            400,
            RpcCode.INVALID_ARGUMENT,
            "the body is not an ExportTraceServiceRequest in protobuf; "
            "if it is compressed, set Content-Encoding: gzip",
        ) from exc
    return request


def take_out_invalid(request: ExportTraceServiceRequest) -> Rejected:
    """Remove the spans that no trace could hold (bad ids), in place.

    Returns:
        How many were removed, and a message that names each reason once with its count.

    Source: opentelemetry-proto trace.proto, "trace_id ... is considered invalid" if all zeroes.
    """
    reasons: Counter[str] = Counter()
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            faults = [_fault(span) for span in scope_spans.spans]
            if any(faults):
                reasons.update(fault for fault in faults if fault)
                kept = [
                    span for span, fault in zip(scope_spans.spans, faults, strict=True) if not fault
                ]
                # Copies, because clearing the field invalidates what it held.
                copies = [Span.FromString(span.SerializeToString()) for span in kept]
                scope_spans.ClearField("spans")
                scope_spans.spans.extend(copies)
    message = "; ".join(f"{count} x {reason}" for reason, count in reasons.items())
    return Rejected(reasons.total(), message)


def _fault(span: Span) -> str:
    if len(span.trace_id) != _TRACE_ID_BYTES or not any(span.trace_id):
        return "trace_id must be 16 bytes, not all zero"
    if len(span.span_id) != _SPAN_ID_BYTES or not any(span.span_id):
        return "span_id must be 8 bytes, not all zero"
    if len(span.parent_span_id) not in (0, _SPAN_ID_BYTES):
        return "parent_span_id must be empty or 8 bytes"
    return ""


def encode_response(encoding: Encoding, rejected: Rejected) -> bytes:
    """Encode the 200 reply: partial_success is present only if a span was rejected."""
    response = ExportTraceServiceResponse()
    if rejected.spans:
        response.partial_success.rejected_spans = rejected.spans
        response.partial_success.error_message = rejected.message
    if encoding is Encoding.JSON:
        return json.dumps(json_format.MessageToDict(response)).encode()
    return bytes(response.SerializeToString())


def encode_status(encoding: Encoding, code: RpcCode, message: str) -> bytes:
    """Encode google.rpc.Status {int32 code = 1; string message = 2}.

    By hand, because two fields are not worth a dependency on googleapis-common-protos.
    """
    if encoding is Encoding.JSON:
        return json.dumps({"code": int(code), "message": message}).encode()
    text = message.encode("utf-8", "replace")
    return b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
