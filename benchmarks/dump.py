# SPDX-License-Identifier: MIT OR Apache-2.0
"""The workloads as JSON on stdout, for peers in JavaScript: ids in hex, nanoseconds as text."""

from __future__ import annotations

import json
import sys

import workloads
from workloads import PlainSpan


def plain(span: PlainSpan) -> dict[str, object]:
    """One span, as benchmarks/peers/encode.mjs reads it."""
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentId": span.parent_id.hex(),
        "name": span.name,
        "start": str(span.start),
        "end": str(span.end),
        "attributes": span.attributes,
        "events": [[name, str(time)] for name, time in span.events],
    }


def by_name() -> dict[str, list[PlainSpan]]:
    """W1, W2 and W3."""
    return {"W1": workloads.w1(), "W2": workloads.w2(), "W3": workloads.w3()}


if __name__ == "__main__":
    json.dump(
        {name: [plain(span) for span in made] for name, made in by_name().items()}, sys.stdout
    )
