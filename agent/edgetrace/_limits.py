# SPDX-License-Identifier: MIT OR Apache-2.0
"""How much a span may hold, and what all spans of a provider share.

Source: OpenTelemetry specification, trace/sdk "Span Limits".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ._config import Settings
from ._records import NamedTuple
from ._redact import Lenient, Redactor
from ._types import Clock, SpanData

MAX_UNIX_NANO: Final = 2**64 - 1
"""OTLP's times are fixed64."""


class SpanLimits(NamedTuple):
    """How much one span may hold: `OTEL_SPAN_*` and `OTEL_ATTRIBUTE_*`; length None is
    unlimited.
    """

    attributes: int = 128
    value_length: int | None = None
    events: int = 128
    links: int = 128
    event_attributes: int = 128
    link_attributes: int = 128

    @classmethod
    def from_settings(cls, settings: Settings) -> SpanLimits:
        """Read the options: `OTEL_SPAN_ATTRIBUTE_*` stand before `OTEL_ATTRIBUTE_*`."""
        count = settings.span_attribute_count_limit
        length = settings.span_attribute_value_length_limit
        return cls(
            settings.attribute_count_limit if count is None else count,
            settings.attribute_value_length_limit if length is None else length,
            settings.span_event_count_limit,
            settings.span_link_count_limit,
            settings.event_attribute_count_limit,
            settings.link_attribute_count_limit,
        )


class SpanSink:
    """What every span of a provider needs: one object, so that a span holds one reference.

    Attributes:
        clean_types: Of values that are clean as they are, beside int and str.
        keys: Some that hold no secret, see `Redactor`.
        texts: Some that are clean and hold none.
    """

    __slots__ = (
        *("clean_types", "clock", "keys", "limits", "max_attributes", "on_end", "on_misuse"),
        *("redactor", "texts"),
    )

    def __init__(
        self,
        clock: Clock,
        limits: SpanLimits,
        on_end: Callable[[SpanData], None],
        on_misuse: Callable[[str], None],
        redactor: Redactor | None = None,
    ) -> None:
        """Keep them; `on_end` takes the frozen span without what `redactor` takes out, None for
        nothing; `on_misuse` a sentence; neither may raise.
        """
        self.clock, self.limits, self.on_end, self.on_misuse = clock, limits, on_end, on_misuse
        self.max_attributes = limits.attributes
        self.clean_types = frozenset((float, bool))
        self.redactor = redactor or Lenient()
        self.keys = self.redactor.keys
        # One that may have to be cut is not clean.
        self.texts = self.redactor.texts if limits.value_length is None else frozenset()
