# SPDX-License-Identifier: MIT OR Apache-2.0
"""What an application sets, made into what OTLP can carry: cleaned once, when it is set.

After `clean` a value is an exact `str`, `bool`, `int` within int64, `float`, `bytes`, a `tuple` of
such or a `dict` from `str` to such, None only inside those; so the encoder needs no check and
cannot meet a surprise. Whatever cannot be carried becomes `INVALID`: dropped and counted by the
caller, never raised.

    int outside int64    decimal string        str over the length limit   cut
    list, tuple          tuple                 bytes over it               cut
    mapping              dict                  other types, None, cycles   INVALID

Source: OpenTelemetry specification, common "Attribute" and "Attribute Limits";
common/attribute-type-mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from ._types import Attributes, AttributeValue, Scope

MAX_DEPTH: Final = 16
"""Nesting beyond it is taken for a cycle. The JSON decoders of common backends stop at 32 or
above.
"""
MAX_ELEMENTS: Final = 10_000
"""Elements in one value, all levels together: a value that refers to itself widely has no other
end.
"""
MAX_INT_BITS: Final = 4096
"""Integers beyond it are not written out: Python refuses decimal strings above 4,300 digits."""

_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1


class _Invalid:
    """The type of `INVALID`."""

    __slots__ = ()


INVALID: Final = _Invalid()


def clean(value: object, max_length: int | None = None) -> AttributeValue | _Invalid:
    """Make one attribute's value fit to be encoded.

    Args:
        value: Anything at all.
        max_length: Characters of a string and bytes of a byte string, at any depth; None is no
        limit.

    Returns:
        The clean value, or `INVALID`. Never raises, whatever the value's own methods do.
    """
    kind = type(value)
    if kind is str:
        text: str = value  # type: ignore[assignment]  # narrowed by identity, which mypy does not follow
        return text if max_length is None or len(text) <= max_length else text[:max_length]
    if kind is bool or kind is float:
        return value  # type: ignore[return-value]  # as above
    if value is None:
        return INVALID
    try:
        return _clean_any(value, max_length, MAX_DEPTH, [MAX_ELEMENTS])
    except Exception:  # whatever an application's own type raises
        return INVALID


def _clean_any(
    value: object, max_length: int | None, depth: int, elements: list[int]
) -> AttributeValue:
    """Clean recursively; raises ValueError or TypeError where the whole value is invalid.

    Subclasses are converted by the base type's own method, so that no overridden one is run.
    """
    elements[0] -= 1
    if depth < 0 or elements[0] < 0:
        raise ValueError("nested too deeply or too large")
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return str.__str__(value)[:max_length]
    if isinstance(value, int):
        number = int.__int__(value)
        if _INT64_MIN <= number <= _INT64_MAX:
            return number
        if number.bit_length() > MAX_INT_BITS:
            raise ValueError("integer too large to be written out")
        return str(number)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(memoryview(value))[:max_length]
    if isinstance(value, Mapping):
        return {
            _key(key): _clean_any(item, max_length, depth - 1, elements)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return tuple([_clean_any(item, max_length, depth - 1, elements) for item in value])
    raise TypeError(f"{type(value).__name__} is no attribute value")


def _key(key: object) -> str:
    text = exact_str(key)
    if text is None:
        raise TypeError("attribute keys are strings")
    return text


def exact_str(text: object) -> str | None:
    """A string without its subclass; None for all else, even for a mock that claims to be one."""
    return str.__str__(text) if issubclass(type(text), str) else None


def put(
    attributes: dict[str, AttributeValue],
    key: object,
    value: object,
    max_count: int,
    max_length: int | None,
) -> str:
    """Set one attribute within the limits.

    Returns:
        "" where it was set, "dropped" where the count limit left no room, "invalid" where key or
        value cannot be carried.
    """
    if type(key) is not str:
        key = exact_str(key)
    if not key:
        return "invalid"
    cleaned = clean(value, max_length)
    if isinstance(cleaned, _Invalid):
        return "invalid"
    if len(attributes) >= max_count and key not in attributes:
        return "dropped"
    attributes[key] = cleaned
    return ""


def clean_attributes(
    attributes: object, max_count: int, max_length: int | None
) -> tuple[dict[str, AttributeValue], int, int]:
    """Clean a whole mapping.

    Args:
        attributes: A mapping or None; anything else is one invalid attribute.
        max_count: As many are kept, in the mapping's order.
        max_length: See `clean`.

    Returns:
        The clean attributes, how many the count limit dropped, how many were invalid.
    """
    kept: dict[str, AttributeValue] = {}
    counts = {"": 0, "dropped": 0, "invalid": 0}
    if attributes is None:
        return kept, 0, 0
    try:
        items: Iterable[tuple[object, object]] = attributes.items()  # type: ignore[attr-defined]  # that is the question
        for key, value in islice(items, MAX_ELEMENTS):
            counts[put(kept, key, value, max_count, max_length)] += 1
    except Exception:  # not a mapping, or one whose own methods fail midway
        counts["invalid"] += 1
    return kept, counts["dropped"], counts["invalid"]


def clean_scope(
    name: object, version: object, schema_url: object, attributes: Attributes | None
) -> Scope:
    """A clean scope: it is sent with every request, so nothing in it may fail there."""
    cleaned, _, _ = clean_attributes(attributes, 128, None)
    texts = [exact_str(text) or "" for text in (name, version, schema_url)]
    return Scope(texts[0], texts[1], tuple(cleaned.items()), texts[2])
