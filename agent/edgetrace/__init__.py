# SPDX-License-Identifier: MIT OR Apache-2.0
"""edgetrace: the OpenTelemetry tracer for Python on WebAssembly.

    import edgetrace

    edgetrace.configure(endpoint="https://collector.example/v1/traces", service_name="shop")
    tracer = edgetrace.get_tracer(__name__)

    with tracer.start_as_current_span("checkout") as span:
        span.set_attribute("cart.items", 3)

Importing does nothing: no clock, no entropy, no environment, no thread. A name's module is loaded
when the name is first used: compiling all of them takes Pyodide 0.1 s (November 2026), and a page's
runtime needs but half of them. Names are OpenTelemetry's.

Source: PEP 562, module `__getattr__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._version import VERSION as __version__

if TYPE_CHECKING:
    from ._config import Settings as Settings
    from ._configure import configure as configure
    from ._context import (
        EMPTY as EMPTY,
        Context as Context,
        NonRecordingSpan as NonRecordingSpan,
        Span as Span,
        attach as attach,
        detach as detach,
        get_current as get_current,
    )
    from ._current import get_current_span as get_current_span, use_span as use_span
    from ._propagation import extract as extract, inject as inject
    from ._sampler import (
        AlwaysOff as AlwaysOff,
        AlwaysOn as AlwaysOn,
        Decision as Decision,
        ParentBased as ParentBased,
        Sampler as Sampler,
        SamplingResult as SamplingResult,
        TraceIdRatioBased as TraceIdRatioBased,
    )
    from ._tracer import (
        Tracer as Tracer,
        TracerProvider as TracerProvider,
        get_tracer as get_tracer,
        get_tracer_provider as get_tracer_provider,
        set_tracer_provider as set_tracer_provider,
    )
    from ._types import (
        Event as Event,
        ExportRequest as ExportRequest,
        ExportResponse as ExportResponse,
        Link as Link,
        Resource as Resource,
        Scope as Scope,
        SpanContext as SpanContext,
        SpanData as SpanData,
        SpanKind as SpanKind,
        Status as Status,
        StatusCode as StatusCode,
        Transport as Transport,
    )
    from .errors import (
        AgentError as AgentError,
        ConfigError as ConfigError,
        DropReason as DropReason,
        ExportError as ExportError,
        MisuseError as MisuseError,
        RejectedError as RejectedError,
        ThrottledError as ThrottledError,
        TransportError as TransportError,
        UnsupportedPlatformError as UnsupportedPlatformError,
    )

_HOMES: Final = {
    "_config": "Settings",
    "_configure": "configure",
    "_context": "Context EMPTY NonRecordingSpan Span attach detach get_current",
    "_current": "get_current_span use_span",
    "_propagation": "extract inject",
    "_sampler": (
        "AlwaysOff AlwaysOn Decision ParentBased Sampler SamplingResult TraceIdRatioBased"
    ),
    "_tracer": "Tracer TracerProvider get_tracer get_tracer_provider set_tracer_provider",
    "_types": (
        "Event ExportRequest ExportResponse Link Resource Scope SpanContext "
        "SpanData SpanKind Status StatusCode Transport"
    ),
    "errors": (
        "AgentError ConfigError DropReason ExportError MisuseError RejectedError "
        "ThrottledError TransportError UnsupportedPlatformError"
    ),
}
"""Public names by the module that defines them; a test holds it against the imports above."""

__all__ = ["__version__", *[name for names in _HOMES.values() for name in names.split()]]


def __getattr__(name: str) -> object:
    """Load the module that defines a public name, once."""
    for module, names in _HOMES.items():
        if name in names.split():
            found: object = getattr(__import__(f"{__name__}.{module}", fromlist=[name]), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})
