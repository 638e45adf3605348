# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_attributes`: whatever an application sets becomes what OTLP can carry, or is refused."""

from __future__ import annotations

import enum
import math
from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from edgetrace._attributes import (
    INVALID,
    MAX_DEPTH,
    MAX_ELEMENTS,
    clean,
    clean_attributes,
    clean_scope,
    exact_str,
    put,
)
from tests.strategies import (
    HOSTILE,
    EndlessMapping,
    HostileDict,
    HostileFloat,
    HostileInt,
    HostileList,
    HostileStr,
)


class Level(enum.IntEnum):
    """An int subclass."""

    HIGH = 3


class Text(str):
    """A str subclass."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (Text("text"), "text"),
        (True, True),
        (False, False),
        (0, 0),
        (Level.HIGH, 3),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, "9223372036854775808"),
        (-(2**63) - 1, "-9223372036854775809"),
        (1.5, 1.5),
        (-math.inf, -math.inf),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcd")[::2], b"ac"),
        ([1, "a", None], (1, "a", None)),
        ((True, [2.5, b"x"]), (True, (2.5, b"x"))),
        ([], ()),
        ({}, {}),
        ({"k": {"n": [1]}}, {"k": {"n": (1,)}}),
        (MappingProxyType({"k": 1}), {"k": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (HostileStr("text"), "text"),
        (HostileInt(7), 7),
        (HostileFloat(0.5), 0.5),
    ],
    ids=range(25),
)
def test_what_can_be_carried(value: object, expected: object) -> None:
    """Values become exact built-in types; integers outside int64 become decimal strings."""
    cleaned = clean(value)
    assert cleaned == expected
    assert type(cleaned) is type(expected)


@pytest.mark.parametrize(
    "value",
    [None, object(), {1, 2}, range(3), 1j, {1: "a"}, [object()], {"k": [{3}]}, 1 << 5_000],
    ids=repr,
)
def test_what_cannot_be_carried(value: object) -> None:
    """None, unknown types, keys that are no strings and numbers without end are refused whole."""
    assert clean(value) is INVALID


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_never_raise(name: str) -> None:
    """Whatever a value's own methods do, cleaning gives a clean value or INVALID."""
    cleaned = clean(HOSTILE[name](), 10)
    assert cleaned is INVALID or _is_clean(cleaned)


def _is_clean(value: Any) -> bool:
    if type(value) is tuple:
        return all(_is_clean(item) for item in value)
    if type(value) is dict:
        return all(type(key) is str and _is_clean(item) for key, item in value.items())
    if type(value) is int:
        return -(2**63) <= value < 2**63
    return value is None or type(value) in (str, bool, float, bytes)


def _nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(("levels", "kept"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_depth_is_bounded(levels: int, kept: bool) -> None:
    """A value is nested 16 levels at most; what refers to itself is refused there."""
    assert (clean(_nested(levels)) is not INVALID) is kept


@pytest.mark.parametrize(("count", "kept"), [(MAX_ELEMENTS - 1, True), (MAX_ELEMENTS, False)])
def test_width_is_bounded(count: int, kept: bool) -> None:
    """A value has 10,000 elements at most, itself included."""
    assert (clean([0] * count) is not INVALID) is kept


@pytest.mark.parametrize(
    ("value", "limit", "expected"),
    [
        ("abcd", None, "abcd"),
        ("abcd", 4, "abcd"),
        ("abcd", 3, "abc"),
        ("abcd", 0, ""),
        (b"abcd", 3, b"abc"),
        (["abcd", {"k": b"abcd"}], 2, ("ab", {"k": b"ab"})),
        (12345, 2, 12345),
        (True, 0, True),
    ],
)
def test_the_length_limit_cuts_strings_and_bytes_at_any_depth(
    value: object, limit: int | None, expected: object
) -> None:
    """Numbers are never cut, nor are keys."""
    assert clean(value, limit) == expected


def test_the_length_limit_holds_for_subclasses() -> None:
    """A str subclass cannot slip past with a __len__ of its own."""
    assert clean(HostileStr("abcd"), 3) == "abc"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", "a"), (Text("a"), "a"), (HostileStr("a"), "a"), (b"a", None), (None, None)],
    ids=["str", "subclass", "hostile", "bytes", "none"],
)
def test_exact_str(text: object, expected: str | None) -> None:
    """Strings lose their subclass; anything else is None."""
    found = exact_str(text)
    assert found == expected
    assert found is None or type(found) is str


@pytest.mark.parametrize("name", HOSTILE)
def test_exact_str_of_hostile_objects(name: str) -> None:
    """Not even a mock that claims to be a string makes it raise."""
    assert type(exact_str(HOSTILE[name]())) in (str, type(None))


@pytest.mark.parametrize(
    ("key", "value", "outcome"),
    [
        ("a", 2, ""),  # replaces
        ("b", 1, "dropped"),
        (Text("a"), 2, ""),
        (HostileStr("a"), 2, ""),
        ("", 1, "invalid"),
        (5, 1, "invalid"),
        (None, 1, "invalid"),
        ("a", None, "invalid"),
        ("b", object(), "invalid"),  # not counted as dropped: there was nothing to keep
    ],
    ids=["replace", "full", "subclass", "hostile", "empty", "int", "none", "none value", "object"],
)
def test_put(key: object, value: object, outcome: str) -> None:
    """The count limit lets an attribute that is there be replaced, and no other in."""
    attributes: dict[str, Any] = {"a": 1}
    assert put(attributes, key, value, 1, None) == outcome
    assert attributes == ({"a": 2} if outcome == "" else {"a": 1})
    assert all(type(each) is str for each in attributes)


@pytest.mark.parametrize(
    ("given", "limit", "expected"),
    [
        (None, 9, ({}, 0, 0)),
        ({}, 9, ({}, 0, 0)),
        ({"a": 1, "b": "x"}, 9, ({"a": 1, "b": "x"}, 0, 0)),
        ({"a": 1, "b": 2, "c": 3}, 2, ({"a": 1, "b": 2}, 1, 0)),
        ({"a": 1, "b": 2}, 0, ({}, 2, 0)),
        ({"a": None, "": 1, 3: 4, "b": 2}, 9, ({"b": 2}, 0, 3)),
        ({"a": None, "b": 2, "c": 3}, 1, ({"b": 2}, 1, 1)),
        ("abc", 9, ({}, 0, 1)),
        ([("a", 1)], 9, ({}, 0, 1)),
        (object(), 9, ({}, 0, 1)),
        (HostileDict(), 9, ({"first": 1}, 0, 1)),
        (HostileList(), 9, ({}, 0, 1)),
    ],
    ids=range(12),
)
def test_whole_mappings(given: Any, limit: int, expected: object) -> None:
    """What fits is kept in order; what the limit drops and what is invalid are counted apart."""
    assert clean_attributes(given, limit, None) == expected


def test_a_mapping_without_end_ends() -> None:
    """No more than 10,000 attributes of one mapping are looked at."""

    class Numbers(EndlessMapping):
        """Flat, and endless."""

        def __getitem__(self, key: object) -> int:
            return 1

    kept, dropped, invalid = clean_attributes(Numbers(), 5, None)
    assert (len(kept), dropped, invalid) == (5, MAX_ELEMENTS - 5, 0)


def test_what_was_cleaned_is_the_caller_s_no_more() -> None:
    """Changing a list, dict or bytearray after it was set changes nothing."""
    inner: list[Any] = [1]
    given: dict[str, Any] = {"list": inner, "map": {"k": inner}, "bytes": bytearray(b"a")}
    kept, _, _ = clean_attributes(given, 9, None)
    inner.append(2)
    given["map"]["k"] = "changed"
    given["bytes"][0] = 0
    given["more"] = 1
    assert kept == {"list": (1,), "map": {"k": (1,)}, "bytes": b"a"}


@pytest.mark.parametrize("name", HOSTILE)
def test_scopes_are_clean_whatever_they_are_made_of(name: str) -> None:
    """A scope goes out with every request, so nothing odd may be in it."""
    value = HOSTILE[name]()
    scope = clean_scope(value, value, value, value)
    assert {type(scope.name), type(scope.version), type(scope.schema_url)} == {str}
    assert all(type(key) is str and _is_clean(item) for key, item in scope.attributes)


def test_a_scope_keeps_what_is_right() -> None:
    """Name, version, schema URL and attributes arrive in their places."""
    given: Mapping[str, Any] = {"a": [1]}
    assert clean_scope("lib", "1.0", "https://schema", given) == (
        *("lib", "1.0", (("a", (1,)),)),
        "https://schema",
    )
