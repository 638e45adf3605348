# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a page measured itself, `edgetrace.span(...)` in JavaScript: checked, then a child span."""

from __future__ import annotations

from typing import Final

from ._attributes import clean_attributes
from ._entries import MAX_MS
from ._limits import SpanLimits
from ._records import NamedTuple
from ._timing import Frame, make_span
from ._types import AttributeValue, SpanData, Status, StatusCode

MAX_TEXT: Final = 1024
"""Characters of a name and of an error's message."""


class CustomSpan(NamedTuple):
    """A measurement that can be a span.

    Attributes:
        name: Not empty, at most `MAX_TEXT` characters.
        start_ms: In ms since the origin, from 0 on.
        end_ms: The same, not before the start.
        attributes: Clean.
        dropped: How many attributes the limits left out.
        error: Its message, if what was measured failed.
    """

    name: str
    start_ms: float
    end_ms: float
    attributes: dict[str, AttributeValue]
    dropped: int = 0
    error: str | None = None


def check(
    name: object,
    start_ms: object,
    end_ms: object,
    attributes: object,
    error: object,
    limits: SpanLimits,
) -> tuple[CustomSpan | None, int]:
    """Make a measurement of anything.

    Returns:
        None where it has no name or impossible times; and how many attributes were invalid.
    """
    if not isinstance(start_ms, int | float) or not isinstance(end_ms, int | float):
        return None, 0
    if not isinstance(name, str) or not name or not 0 <= start_ms <= end_ms < MAX_MS:
        return None, 0
    kept, dropped, invalid = clean_attributes(attributes, limits.attributes, limits.value_length)
    message = error[:MAX_TEXT] if isinstance(error, str) else None
    return CustomSpan(name[:MAX_TEXT], start_ms, end_ms, kept, dropped, message), invalid


def custom_span(custom: CustomSpan, span_id: bytes, frame: Frame) -> SpanData:
    """Turn a measurement into a child of documentLoad.

    "TypeError: x is not a function" is how JavaScript writes an error: its type is `error.type`.
    """
    attributes = custom.attributes
    if custom.error is not None:
        kind, colon, _ = custom.error.partition(":")
        attributes = {
            "error.type": kind if colon and kind.isidentifier() else "_OTHER",
            **attributes,
        }
    span = make_span(
        custom.name,
        frame.root._replace(span_id=span_id),
        frame.root,
        (frame.at(custom.start_ms), frame.at(custom.end_ms)),
        attributes,
        (),
        (),
        frame,
    )
    span = span._replace(dropped_attributes_count=span.dropped_attributes_count + custom.dropped)
    if custom.error is None:
        return span
    return span._replace(status=Status(StatusCode.ERROR, custom.error))
