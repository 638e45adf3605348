# SPDX-License-Identifier: MIT OR Apache-2.0
"""Attributes on the wire: KeyValue and AnyValue messages, byte for byte protobuf's own.

The attributes of spans take most of an encoder's time, and the same few keys open all of them, with
values that are often the same too. So for each key is remembered what stands before a value of each
type, and the whole fields of its first values:

    4a 15  0a 0c "shop.user..."  12 05  0a 03 "EUR"        text     the whole field, by value
    4a 1a  0a 0d "shop.total..." 12 09  21 <8 bytes>       double   all before its 8 bytes
    4a .. ----- `head` ------------ ..  10 01              bool     the two whole fields

A key whose values turn out to be data, URLs say, forgets them at the 64th and goes on without.
Texts and integers are remembered apart, for 1 == True == 1.0. Five attributes take 1.6 us instead
of 5 (Pyodide in Node, November 2026); a property test holds the bytes against protobuf's.

Source: opentelemetry-proto 1.10, common/v1/common.proto.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from . import _fields as f
from ._protobuf import delimited, double, utf8, varint
from ._types import Attributes, AttributeValue

_K = TypeVar("_K")
_V = TypeVar("_V")

MAX_KEYS: Final = 512
"""Keys that are remembered; when there are more, they are data."""
MAX_VALUES: Final = 64
"""Values that are remembered of one key."""
MAX_TEXT_BYTES: Final = 64
"""Longer texts are not remembered."""

_TEXT: Final = f.ANY_VALUE_STRING_VALUE
_TRUE: Final = f.ANY_VALUE_BOOL_VALUE + b"\x01"
_FALSE: Final = f.ANY_VALUE_BOOL_VALUE + b"\x00"


class Key:
    """What is remembered of one key of spans' attributes."""

    __slots__ = (
        *("before_double", "before_integer", "false", "head", "integers", "room", "short"),
        *("short_text", "size", "texts", "true"),
    )

    def __init__(self, key: str) -> None:
        self.head = _head(key)
        self.size = len(self.head) + 3  # of the message around a short text
        self.short = 128 - self.size  # of such a text, every length takes one byte
        self.short_text = (
            f.SPAN_ATTRIBUTES + b"%c" + self.head.replace(b"%", b"%%") + b"%c" + _TEXT + b"%c%b"
        )
        self.before_double = self.field(f.ANY_VALUE_DOUBLE_VALUE + double(0.0))[:-8]
        self.true, self.false = self.field(_TRUE), self.field(_FALSE)
        self.texts: dict[str, bytes] = {}
        self.integers: dict[int, bytes] = {}
        self.before_integer: dict[int, bytes] = {}
        self.room = MAX_VALUES

    def field(self, value: bytes) -> bytes:
        """The whole field for an AnyValue message."""
        return delimited(f.SPAN_ATTRIBUTES, delimited(self.head, value))

    def text(self, text: str) -> bytes:
        """The whole field for a text that is not remembered; for the next time it may be."""
        value = utf8(text)
        size = len(value)
        if size < self.short:
            field = self.short_text % (self.size + size, size + 2, size, value)
        else:
            field = self.field(delimited(_TEXT, value))
        if self.room and len(value) <= MAX_TEXT_BYTES:
            self.texts[text] = field
            self._use_room()
        return field

    def integer(self, number: int) -> bytes:
        """The whole field for an integer, likewise."""
        value = varint(number)
        size = len(value)
        field = (self.before_integer.get(size) or self.before_integer_of(size)) + value
        if self.room:
            self.integers[number] = field
            self._use_room()
        return field

    def before_integer_of(self, size: int) -> bytes:
        """What stands before an integer of `size` bytes."""
        before = self.field(f.ANY_VALUE_INT_VALUE + bytes(size))[:-size]
        self.before_integer[size] = before
        return before

    def before_text_of(self, size: int) -> bytes:
        """What stands before a text of `size` bytes; nothing is remembered."""
        return self.field(_TEXT + varint(size) + bytes(size))[: -size or None]

    def _use_room(self) -> None:
        self.room -= 1
        if not self.room:  # its values are data
            self.texts.clear()
            self.integers.clear()


_keys: Final[dict[str, Key]] = {}


def add_attributes(pieces: list[bytes], attributes: Attributes) -> None:
    """Add the `attributes` fields of a Span to the pieces of which it will be joined."""
    for key, value in attributes.items():
        known = _keys.get(key) or key_of(key)
        kind = type(value)
        if kind is str:
            pieces.append(known.texts.get(value) or known.text(value))  # type: ignore[arg-type]  # narrowed by identity
        elif kind is float:
            pieces.append(known.before_double)
            pieces.append(double(value))
        elif kind is int:
            pieces.append(known.integers.get(value) or known.integer(value))  # type: ignore[arg-type]  # as above
        elif value is True:
            pieces.append(known.true)
        elif value is False:
            pieces.append(known.false)
        else:
            pieces.append(known.field(any_value(value)))


def key_of(key: str) -> Key:
    """What is remembered of a key."""
    return _keys.get(key) or keep(_keys, key, Key(key))


def keep(memory: dict[_K, _V], key: _K, value: _V) -> _V:
    """Remember `value`; what grows beyond `MAX_KEYS` was no small set, and is forgotten."""
    if len(memory) >= MAX_KEYS:
        memory.clear()
    memory[key] = value
    return value


def _head(key: str) -> bytes:
    """What a KeyValue message begins with: the key, and the key of the value's field."""
    return (delimited(f.KEY_VALUE_KEY, utf8(key)) if key else b"") + f.KEY_VALUE_VALUE


def key_values(opening: bytes, attributes: Iterable[tuple[str, AttributeValue]]) -> bytes:
    """Attributes of whatever message has them under the field key `opening`."""
    fields = [
        delimited(opening, delimited(_head(key), any_value(value))) for key, value in attributes
    ]
    return b"".join(fields)


def any_value(value: AttributeValue) -> bytes:
    """Encode an AnyValue message, without a key; None is the empty message."""
    kind = type(value)
    if kind is str:
        return delimited(f.ANY_VALUE_STRING_VALUE, utf8(value))  # type: ignore[arg-type]  # narrowed by identity
    if kind is int:
        return f.ANY_VALUE_INT_VALUE + varint(value)  # type: ignore[arg-type]  # as above
    if kind is float:
        return f.ANY_VALUE_DOUBLE_VALUE + double(value)
    if value is True:
        return _TRUE
    if value is False:
        return _FALSE
    if isinstance(value, bytes):
        return delimited(f.ANY_VALUE_BYTES_VALUE, value)
    if isinstance(value, dict):
        return delimited(
            f.ANY_VALUE_KVLIST_VALUE, key_values(f.KEY_VALUE_LIST_VALUES, value.items())
        )
    if isinstance(value, tuple):
        items = [delimited(f.ARRAY_VALUE_VALUES, any_value(item)) for item in value]
        return delimited(f.ANY_VALUE_ARRAY_VALUE, b"".join(items))
    if value is None:
        return b""
    raise TypeError(f"{kind.__name__} was not cleaned")
