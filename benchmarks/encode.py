# SPDX-License-Identifier: MIT OR Apache-2.0
"""From ended spans to the bytes of a request: encode each, frame them, compress.

What the encoder memoises it has seen before after the first round, as in a page that stays open.
"""

from __future__ import annotations

import zlib

from edgetrace._otlp import PROTOBUF
from edgetrace._otlp_json import JSON
from edgetrace._types import Event, Resource, Scope, SpanContext, SpanData, SpanKind, Status
from measure import measure
from workloads import PlainSpan, w1, w2, w3


def span_data(span: PlainSpan) -> SpanData:
    """The agent's own kind of span."""
    return SpanData(
        context=SpanContext(span.trace_id, span.span_id, 1),
        parent=SpanContext(span.trace_id, span.parent_id, 1),
        name=span.name,
        kind=SpanKind.INTERNAL,
        start_unix_nano=span.start,
        end_unix_nano=span.end,
        attributes=span.attributes,
        events=[Event(name, time) for name, time in span.events],
        links=(),
        status=Status(),
    )


def main() -> None:
    """Print a line per workload, encoding and step."""
    for workload, plain in (("W1", w1()), ("W2", w2()), ("W3", w3())):
        spans = [span_data(span) for span in plain]
        for name, encoding in (("protobuf", PROTOBUF), ("json", JSON)):
            resource = encoding.resource(Resource({"service.name": "shop"}))
            scope = encoding.scope(Scope("edgetrace", "0.1.0"))
            encoded = [encoding.span(span) for span in spans]
            body = encoding.frame(resource, "", [(scope, "", encoded)])
            packed = zlib.compress(body, 6, wbits=zlib.MAX_WBITS | 16)
            facts = {
                "bytes_per_span": round(len(body) / len(spans), 1),
                "gzip_bytes_per_span": round(len(packed) / len(spans), 1),
            }
            measure(
                f"{workload} {name}: encode",
                lambda spans=spans, encode=encoding.span: [encode(span) for span in spans],
                count=len(spans),
                per="span",
                **facts,
            )
            measure(
                f"{workload} {name}: frame",
                lambda encoded=encoded, frame=encoding.frame, resource=resource, scope=scope: frame(
                    resource, "", [(scope, "", encoded)]
                ),
                count=len(spans),
                per="span",
            )
        measure(
            f"{workload} json: zlib level 6",
            lambda body=body: zlib.compress(body, 6),
            per="request",
        )


if __name__ == "__main__":
    main()
