# SPDX-License-Identifier: MIT OR Apache-2.0
"""A pipeline: spans to the endpoint without a tracer."""

from __future__ import annotations

import asyncio
import os

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from edgetrace import ExportRequest, ExportResponse, Settings, SpanContext, SpanData, SpanKind
from edgetrace._pipeline import Pipeline
from edgetrace._types import Scope
from edgetrace.errors import ExportError
from edgetrace.testing import ManualClock

SPAN = SpanData(SpanContext(b"t" * 16, b"s" * 8, 1), None, "name", SpanKind.INTERNAL, 1, 2)


class Receiver:
    """Answers every request with one status and tells of each."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.bodies: list[bytes] = []
        self.received = asyncio.Event()

    async def send(self, request: ExportRequest) -> ExportResponse:
        """See `Transport`."""
        self.bodies.append(request.body)
        self.received.set()
        return ExportResponse(self.status, {}, b"")


def _pipeline(receiver: Receiver, errors: list[ExportError], **options: object) -> Pipeline:
    settings = Settings.from_options(compression="none", **options)
    return Pipeline(settings, ManualClock(), os.urandom, receiver, errors.append)


def test_what_is_emitted_is_sent_by_a_flush() -> None:
    """A span goes out under its scope, and is counted as delivered."""
    receiver = Receiver()
    pipeline = _pipeline(receiver, [])
    pipeline.emitter(Scope("s", "1"))(SPAN)
    assert asyncio.run(pipeline.force_flush())
    sent = ExportTraceServiceRequest.FromString(receiver.bodies[0]).resource_spans[0].scope_spans
    assert [(group.scope.name, group.spans[0].name) for group in sent] == [("s", "name")]
    assert pipeline.counters()["exported"] == 1


def test_a_full_batch_is_sent_without_a_flush() -> None:
    """The span that fills a batch wakes the pump."""

    async def fill() -> None:
        receiver = Receiver()
        pipeline = _pipeline(receiver, [], max_export_batch_size=2)
        emit = pipeline.emitter(Scope())
        emit(SPAN)
        emit(SPAN)
        await receiver.received.wait()
        pipeline.stop()

    asyncio.run(fill())


def test_a_refusal_is_told() -> None:
    """Failed sends reach the error handler."""
    errors: list[ExportError] = []
    pipeline = _pipeline(Receiver(400), errors)
    pipeline.emitter(Scope())(SPAN)
    assert asyncio.run(pipeline.force_flush())
    assert [str(error) for error in errors] == ["the endpoint answered 400: "]


def test_stop_drops_what_waits() -> None:
    """What was not sent is counted as dropped, and nothing more is taken."""
    receiver = Receiver()
    pipeline = _pipeline(receiver, [])
    emit = pipeline.emitter(Scope())
    emit(SPAN)
    pipeline.stop()
    emit(SPAN)
    assert pipeline.counters()["dropped_shutdown"] == 2
    assert receiver.bodies == []


def test_the_sampler_is_the_options() -> None:
    """`sampler` and `sample_ratio` decide, as they do for a provider."""
    ratio = _pipeline(Receiver(), [], sample_ratio=0.25).sampler.description
    assert ratio.startswith("ParentBased{root:TraceIdRatioBased{0.25}")
    assert _pipeline(Receiver(), [], sampler="always_off").sampler.description == "AlwaysOffSampler"
