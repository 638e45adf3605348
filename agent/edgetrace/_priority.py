# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which spans are lost last: errors, and those that begin a trace here. Pure.

Read out of the encoded span, and only when something has to go, so that a span that is never in
question costs nothing. It knows both encodings' spans, as `_otlp` and `_otlp_json` write them.

Source: opentelemetry-proto 1.10, trace/v1/trace.proto (Span 4, 15, 16; Status 3).
"""

from __future__ import annotations

import json

from ._otlp import IS_REMOTE
from ._protobuf import read_fields
from ._types import StatusCode


def is_important(data: bytes) -> bool:
    """Whether an encoded span is an error, or has no parent in this process.

    Args:
        data: As `Encoding.span` gives it.
    """
    if data.startswith(b","):
        span = json.loads(data[1:])
        has_parent, flags = "parentSpanId" in span, span["flags"]
        code = span.get("status", {}).get("code")
    else:
        ((_, message),) = read_fields(data)
        fields = dict(read_fields(message))  # type: ignore[arg-type]
        has_parent, flags = 4 in fields, int.from_bytes(fields[16], "little")  # type: ignore[arg-type]
        code = dict(read_fields(fields.get(15, b""))).get(3)  # type: ignore[arg-type]
    return not has_parent or bool(flags & IS_REMOTE) or code == StatusCode.ERROR
