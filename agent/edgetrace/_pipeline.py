# SPDX-License-Identifier: MIT OR Apache-2.0
"""Ended spans to the endpoint, without a tracer: what the script tag's runtime has in place of a
`TracerProvider`, so that a page downloads no more than it needs.

    PageViews --emit--> Exporter <--> Pump --> Transport

Knows no browser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ._config import Settings
from ._export import Exporter
from ._ids import IdGenerator
from ._pump import Pump
from ._redact import span_redaction
from ._sampler import sampler_from_settings
from ._types import Clock, Entropy, Scope, SpanData, Transport
from .errors import ExportError


class Pipeline:
    """The parts of one configuration, put together; see `_runtime.Provider`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
        transport: Transport,
        on_error: Callable[[ExportError], None],
    ) -> None:
        """Put the parts together; nothing is drawn, read or sent.

        Args:
            settings: Validated options.
            clock: Where times come from.
            entropy: Where ids come from, and the backoff's jitter.
            transport: What sends.
            on_error: Told of every failed send; must not raise.
        """
        self.settings, self.clock = settings, clock
        self.ids = IdGenerator(entropy)
        self.sampler = sampler_from_settings(settings)
        self._exporter = Exporter(settings, settings.resource(), entropy)
        self._pump = Pump(self._exporter, transport, clock, on_error)
        self._redact = span_redaction(settings)

    def emitter(self, scope: Scope) -> Callable[[SpanData | list[bytes]], None]:
        """What takes the ended, sampled spans of one scope, or lists of what they are sent as."""
        index = self._exporter.add_scope(scope)

        def emit(span: SpanData | list[bytes]) -> None:
            if isinstance(span, list):
                due = self._exporter.offer_all(index, span)
            else:
                due = self._exporter.offer(index, self._redact(span))
            if due:
                self._pump.wake()

        return emit

    def adopt(self, body: bytes, headers: Mapping[str, str], spans: int) -> None:
        """Send what is out of storage; see `Exporter.adopt`."""
        self._exporter.adopt(body, headers, spans)
        self._pump.wake()

    async def force_flush(self) -> bool:
        """Send everything queued now; True if nothing is left undelivered."""
        return await self._pump.flush(self.settings.export_timeout_ms / 1000)

    def stop(self) -> None:
        """Drop everything undelivered, now; final."""
        self._pump.stop()

    def counters(self) -> dict[str, int]:
        """The exporter's counters."""
        return self._exporter.counters()
