# SPDX-License-Identifier: MIT OR Apache-2.0
"""`configure()`: the one call that puts a provider together from options and the platform at hand.

Everything is validated here and raises here; afterwards nothing raises into the application.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from ._clock import AnchoredClock
from ._config import Settings
from ._export import Exporter
from ._propagation import propagators_from_names, set_propagators
from ._pump import Pump
from ._report import ErrorHandler, LogHandler, Reporter
from ._sampler import Sampler
from ._tracer import TracerProvider, set_tracer_provider
from ._types import Clock, Entropy, SpanExporter, Transport
from .errors import UnsupportedPlatformError


def configure(
    *,
    environ: Mapping[str, str] | None = None,
    sampler: Sampler | str | None = None,
    transport: Transport | None = None,
    exporter: SpanExporter | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    error_handler: ErrorHandler | None = None,
    **options: object,
) -> TracerProvider:
    """Make a provider and make it the program's, with the headers of `extract` and `inject`.

    Args:
        environ: `OTEL_*` variables, a Worker's `env` or `os.environ`; keywords stand before them.
        sampler: An object, or a name of OTEL_TRACES_SAMPLER.
        transport: What POSTs; default the platform's fetch.
        exporter: What takes spans in place of OTLP, `testing.InMemoryExporter` for instance.
        clock: Default the platform's.
        entropy: Default the platform's.
        error_handler: Told of misuse and failed exports; default logs each kind once a minute.
        options: Fields of `Settings`: `endpoint`, `service_name`, `sample_ratio`, ...

    Returns:
        The provider. An earlier one goes on with the spans that it has; shut it down yourself.

    Raises:
        ConfigError: An option is unknown, or its value is not of its form.
        UnsupportedPlatformError: Outside Pyodide, without a `transport` or an `exporter`.
    """
    if isinstance(sampler, str):
        options["sampler"], sampler = sampler, None
    settings = Settings.from_environ(environ or {}, **options)
    propagators = propagators_from_names(settings.propagators)
    if sys.platform == "emscripten":
        from . import _pyodide  # noqa: PLC0415  # importable in Pyodide alone

        clock = clock or _pyodide.page_clock()
        transport = transport or _pyodide.FetchTransport()
    elif transport is None and exporter is None:
        raise UnsupportedPlatformError(
            "this interpreter is not Pyodide and has no fetch; give configure() a "
            "transport=, or an exporter= such as edgetrace.testing.InMemoryExporter()"
        )
    clock = clock or AnchoredClock()
    entropy = entropy or os.urandom
    handler = error_handler or LogHandler(clock)
    delivery = None
    if exporter is None and transport is not None:
        exporter = wire = Exporter(settings, settings.resource(), entropy)
        delivery = Pump(wire, transport, clock, Reporter(handler).error)
    assert exporter is not None  # noqa: S101  # one of the two was given, see above
    provider = TracerProvider(
        settings,
        clock=clock,
        entropy=entropy,
        exporter=exporter,
        delivery=delivery,
        sampler=sampler,
        error_handler=handler,
    )
    set_propagators(propagators)
    set_tracer_provider(provider)
    return provider
