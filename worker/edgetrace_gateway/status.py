# SPDX-License-Identifier: MIT OR Apache-2.0
"""Answers to OTLP requests: `google.rpc.Status` for failures, the empty response for success.

"The response body for all HTTP 4xx and HTTP 5xx responses MUST be a Protobuf-encoded Status
message", in the encoding of the request.

Source: OTLP specification 1.10, "OTLP/HTTP Response"; google/rpc/status.proto and code.proto.
"""

from __future__ import annotations

import json
from typing import Final

from edgetrace._protobuf import delimited, utf8, varint

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_CODE: Final = b"\x08"
_MESSAGE: Final = b"\x12"
_UNKNOWN: Final = 2
_CODES: Final = {
    400: 3,  # INVALID_ARGUMENT
    401: 16,  # UNAUTHENTICATED
    403: 7,  # PERMISSION_DENIED
    404: 5,  # NOT_FOUND
    405: 12,  # UNIMPLEMENTED
    408: 4,  # DEADLINE_EXCEEDED
    413: 8,  # RESOURCE_EXHAUSTED
    415: 3,  # INVALID_ARGUMENT
    429: 8,  # RESOURCE_EXHAUSTED
    500: 13,  # INTERNAL
    502: 14,  # UNAVAILABLE
    503: 14,  # UNAVAILABLE
    504: 4,  # DEADLINE_EXCEEDED
    508: 10,  # ABORTED
}


def media_type(content_type: str) -> str:
    """The type alone, in lower case, without parameters. RFC 9110, section 8.3.1."""
    return content_type.partition(";")[0].strip().lower()


def answer_type(content_type: str) -> str:
    """The answer's content type for a request's: JSON for JSON, protobuf for all else."""
    return JSON if media_type(content_type) == JSON else PROTOBUF


def rpc_code(http_status: int) -> int:
    """The google.rpc.Code that is meant by an HTTP status; UNKNOWN for others."""
    return _CODES.get(http_status, _UNKNOWN)


def error_body(content_type: str, code: int, message: str) -> bytes:
    """A Status message.

    Args:
        content_type: Of the request; see `answer_type`.
        code: A google.rpc.Code; see `rpc_code`.
        message: For developers, in English.
    """
    if answer_type(content_type) == JSON:
        fields = {"code": code, "message": message}
        return utf8(json.dumps(fields, separators=(",", ":"), ensure_ascii=False))
    return _CODE + varint(code) + delimited(_MESSAGE, utf8(message))


def success_body(content_type: str) -> bytes:
    """An ExportTraceServiceResponse without partial success: all spans were taken."""
    return b"{}" if answer_type(content_type) == JSON else b""


def retry_after(seconds: int) -> dict[str, str]:
    """The header that says when to ask again, at least a second. RFC 9110, section 10.2.3."""
    return {"retry-after": str(max(1, seconds))}
