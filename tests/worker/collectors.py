# SPDX-License-Identifier: MIT OR Apache-2.0
"""A receiver that answers what a test says, and remembers what it was sent; and OTLP bodies."""

from __future__ import annotations

import gzip

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.worker.site import Answer, Seen, Site

PATH = "/v1/traces"
PROTOBUF = ("Content-Type", "application/x-protobuf")
JSON = ("Content-Type", "application/json")


class Sink(Site):
    """A collector without a mind of its own; put `endpoint` where spans are to go."""

    def __init__(self) -> None:
        super().__init__()
        self.endpoint = self.url + PATH
        self.say(200)

    def say(self, status: int, *headers: tuple[str, str], body: bytes = b"") -> None:
        """Answer so from now on."""
        named = [("content-type", "application/x-protobuf"), *headers]
        self.put(PATH, Answer(status, named, body))

    def took(self) -> tuple[Seen, ExportTraceServiceRequest]:
        """The next request, and what its body says."""
        seen = self.seen(PATH)
        return seen, decoded(seen)


def decoded(seen: Seen) -> ExportTraceServiceRequest:
    """A protobuf request's message."""
    packed = seen.header("content-encoding") == "gzip"
    return ExportTraceServiceRequest.FromString(gzip.decompress(seen.body) if packed else seen.body)


def request(spans: int = 1, name: str = "of a page", **resource: str) -> ExportTraceServiceRequest:
    """A request with so many spans of one trace."""
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    for key, value in {"service.name": "page", **resource}.items():
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_spans.add()
    for number in range(spans):
        span = scope.spans.add(
            name=name, trace_id=b"\x07" * 16, span_id=(number + 1).to_bytes(8, "big")
        )
        span.start_time_unix_nano, span.end_time_unix_nano = 1, 2
    return message


def named(message: ExportTraceServiceRequest, name: str) -> int:
    """How many of the spans have a name."""
    return sum(
        span.name == name
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )


def resource_of(message: ExportTraceServiceRequest) -> dict[str, str | int]:
    """The attributes of the first resource, each of which may be there once."""
    found: dict[str, str | int] = {}
    for pair in message.resource_spans[0].resource.attributes:
        assert pair.key not in found
        found[pair.key] = pair.value.string_value or pair.value.int_value
    return found
