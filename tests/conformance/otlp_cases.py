# SPDX-License-Identifier: MIT OR Apache-2.0
"""The requests in golden/, and the program that wrote them with opentelemetry-proto alone.

Run from the repository's root, with the pinned environment, when a case is added:

    PYTHONPATH=agent:. .venv/bin/python -m tests.conformance.otlp_cases

The agent's encoders have no part in it: `tests.otlp_messages` builds the messages, protobuf writes
them. JSON is protobuf's own mapping with OTLP's exceptions: ids in hex, enums as numbers.
"""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

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
from tests.otlp_messages import request_message

GOLDEN: Final = Path(__file__).parent / "golden"

TRACE_ID = bytes.fromhex("0af7651916cd43dd8448eb211c80319c")
PARENT = SpanContext(TRACE_ID, bytes.fromhex("b7ad6b7169203331"), 3, (("vendor", "a:1"),), True)
SPAN = SpanContext(TRACE_ID, bytes.fromhex("00f067aa0ba902b7"), 3, PARENT.trace_state)
START = 1_544_712_660_000_000_000
NAN = math.nan

Case = tuple[Resource, list[tuple[Scope, list[SpanData]]]]

MINIMAL: Final[Case] = (
    Resource(),
    [(Scope("lib"), [SpanData(SPAN, None, "x", SpanKind.INTERNAL, START, START + 1)])],
)
EVERYTHING: Final[Case] = (
    Resource(
        {"service.name": "shop", "process.pid": 42}, "https://opentelemetry.io/schemas/1.44.0"
    ),
    [
        (
            Scope(
                "lib",
                "1.2",
                (("scope.attribute", True),),
                "https://opentelemetry.io/schemas/1.40.0",
            ),
            [
                SpanData(
                    *(SPAN, PARENT, "GET /caf\u00e9 \U0001f600 \ud83d", SpanKind.CLIENT),
                    *(START, START + 1_000_000_000),
                    {
                        "string": "text",
                        "true": True,
                        "false": False,
                        "int.max": 2**63 - 1,
                        "int.min": -(2**63),
                        "double": 0.1,
                        "nan": NAN,
                        "infinity": -math.inf,
                        "bytes": b"\x00\xff",
                        "array": ("a", 1, None, (2.5,)),
                        "map": {"k": {"n": (False,)}},
                    },
                    [
                        Event("exception", START + 5, {"exception.type": "ValueError"}, 2),
                        Event("late", 2**64 - 1),
                    ],
                    [
                        Link(PARENT, {"why": "batch"}, 1),
                        Link(SPAN._replace(trace_flags=0, trace_state=())),
                    ],
                    Status(StatusCode.ERROR, "ValueError: no"),
                    *(1, 2**32 - 1, 3),
                )
            ],
        ),
        (
            Scope("edgetrace.page"),
            [
                SpanData(
                    SPAN, SPAN, "documentFetch", kind, START, START, status=Status(StatusCode.OK)
                )
                for kind in SpanKind
            ],
        ),
    ],
)
CASES: Final[dict[str, Case]] = {"minimal": MINIMAL, "everything": EVERYTHING}


def otlp_json(message: ExportTraceServiceRequest) -> dict[str, Any]:
    """A message as OTLP/JSON has it. Source: OTLP specification 1.10, "JSON Protobuf Encoding"."""
    document: dict[str, Any] = json_format.MessageToDict(message, use_integers_for_enums=True)
    for resource_spans in document["resourceSpans"]:
        for scope_spans in resource_spans["scopeSpans"]:
            for span in scope_spans["spans"]:
                for holder in (span, *span.get("links", ())):
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in holder:
                            holder[name] = base64.b64decode(holder[name]).hex()
    return document


def main() -> None:
    """Write golden/."""
    GOLDEN.mkdir(exist_ok=True)
    for name, (resource, groups) in CASES.items():
        message = request_message(resource, groups)
        (GOLDEN / f"{name}.binpb").write_bytes(message.SerializeToString())
        text = json.dumps(otlp_json(message), indent=1, ensure_ascii=False) + "\n"
        (GOLDEN / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
