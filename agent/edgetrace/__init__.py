# SPDX-License-Identifier: MIT OR Apache-2.0
"""edgetrace: the OpenTelemetry tracer for Python on WebAssembly.

    import edgetrace

    edgetrace.configure(endpoint="https://collector.example/v1/traces", service_name="shop")
    tracer = edgetrace.get_tracer(__name__)

    with tracer.start_as_current_span("checkout") as span:
        span.set_attribute("cart.items", 3)

Importing does nothing: no clock, no entropy, no environment, no thread. Names are OpenTelemetry's.
"""

from __future__ import annotations

from ._config import Settings
from ._configure import configure
from ._context import EMPTY, Context, NonRecordingSpan, Span, attach, detach, get_current
from ._current import get_current_span, use_span
from ._propagation import extract, inject
from ._sampler import (
    AlwaysOff,
    AlwaysOn,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from ._tracer import Tracer, TracerProvider, get_tracer, get_tracer_provider, set_tracer_provider
from ._types import (
    Event,
    ExportRequest,
    ExportResponse,
    Link,
    Resource,
    Scope,
    SpanContext,
    SpanData,
    SpanKind,
    Status,
    StatusCode,
    Transport,
)
from ._version import VERSION as __version__
from .errors import (
    AgentError,
    ConfigError,
    DropReason,
    ExportError,
    MisuseError,
    RejectedError,
    ThrottledError,
    TransportError,
    UnsupportedPlatformError,
)

__all__ = [
    "EMPTY",
    "AgentError",
    "AlwaysOff",
    "AlwaysOn",
    "ConfigError",
    "Context",
    "Decision",
    "DropReason",
    "Event",
    "ExportError",
    "ExportRequest",
    "ExportResponse",
    "Link",
    "MisuseError",
    "NonRecordingSpan",
    "ParentBased",
    "RejectedError",
    "Resource",
    "Sampler",
    "SamplingResult",
    "Scope",
    "Settings",
    "Span",
    "SpanContext",
    "SpanData",
    "SpanKind",
    "Status",
    "StatusCode",
    "ThrottledError",
    "TraceIdRatioBased",
    "Tracer",
    "TracerProvider",
    "Transport",
    "TransportError",
    "UnsupportedPlatformError",
    "__version__",
    "attach",
    "configure",
    "detach",
    "extract",
    "get_current",
    "get_current_span",
    "get_tracer",
    "get_tracer_provider",
    "inject",
    "set_tracer_provider",
    "use_span",
]
