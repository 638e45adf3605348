# SPDX-License-Identifier: MIT OR Apache-2.0
"""W3C Baggage: the working group's own tests and the specification's examples.

Sources, both of https://github.com/w3c/baggage at 9af80f4 (June 2025): test/test_baggage.py and
baggage/HTTP_HEADER_FORMAT.md, whose test or section each row names. Where the suite percent-encodes
more than it has to, ours encodes what it must; both decode to the same.
"""

from __future__ import annotations

import pytest

from edgetrace._baggage import BaggageValue, format_baggage, parse_baggage
from edgetrace._propagation import extract

ODD = "\t \"';=asdf!@#$%^&*()"
ODD_ENCODED = "%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29"

VECTORS = [
    ("test_parse_simple", "SomeKey=SomeValue", {"SomeKey": ("SomeValue", "")}),
    (
        "test_parse_multiple",
        "SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;ValueProp=PropVal",
        {"SomeKey": ("SomeValue", "SomeProp"), "SomeKey2": ("SomeValue2", "ValueProp=PropVal")},
    ),
    (
        "test_parse_multiple_ows",
        "SomeKey \t = \t SomeValue \t ; \t SomeProp \t , \t "
        "SomeKey2 \t = \t SomeValue2 \t ; \t ValueProp \t = \t PropVal",
        {"SomeKey": ("SomeValue", "SomeProp"), "SomeKey2": ("SomeValue2", "ValueProp=PropVal")},
    ),
    (
        "test_parse_multiple_equals",
        "SomeKey=SomeValue=equals",
        {"SomeKey": ("SomeValue=equals", "")},
    ),
    ("test_parse_percent_encoded", f"SomeKey={ODD_ENCODED}", {"SomeKey": (ODD, "")}),
    (
        "test_parse_percent_encoded_ows",
        f"SomeKey \t = \t {ODD_ENCODED} \t ",
        {"SomeKey": (ODD, "")},
    ),
    (
        "test_parse_multi_property",
        "SomeKey=SomeValue;SomeProp;SecondProp=PropValue",
        {"SomeKey": ("SomeValue", "SomeProp;SecondProp=PropValue")},
    ),
    (
        "test_parse_multiple_properties_same_name",
        "SomeKey=SomeValue;SomeProp;SomeProp=PropValue;SomeProp=AnotherPropValue",
        {"SomeKey": ("SomeValue", "SomeProp;SomeProp=PropValue;SomeProp=AnotherPropValue")},
    ),
    (
        "test_parse_percent_encoded_property",
        f"SomeKey=SomeValue;SomePropKey={ODD_ENCODED}",
        {"SomeKey": ("SomeValue", f"SomePropKey={ODD_ENCODED}")},
    ),
    (
        "test_parse_property_without_value_no_percent_decoding",
        "SomeKey=SomeValue;ValueProp%20%09%20%3D%20%09%20PropVal",
        {"SomeKey": ("SomeValue", "ValueProp%20%09%20%3D%20%09%20PropVal")},
    ),
    (
        "Example",
        "key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue",
        {
            "key1": ("value1", "property1;property2"),
            "key2": ("value2", ""),
            "key3": ("value3", "propertyKey=propertyValue"),
        },
    ),
    (
        "Examples of HTTP headers",
        "userId=Am%C3%A9lie,serverNode=DF%2028,isProduction=false",
        {"userId": ("Amélie", ""), "serverNode": ("DF 28", ""), "isProduction": ("false", "")},
    ),
    (
        "Examples of HTTP headers, values might begin and end with spaces",
        "userId =   alice,serverNode = DF%2028, isProduction = false",
        {"userId": ("alice", ""), "serverNode": ("DF 28", ""), "isProduction": ("false", "")},
    ),
    ("value: not UTF-8 MUST be U+FFFD", "k=%FF%C3%28", {"k": ("\ufffd\ufffd(", "")}),
    ("key: a token, not decoded", "a%20b=1", {"a%20b": ("1", "")}),
    ("value: may be empty", "k=,l= ;p", {"k": ("", ""), "l": ("", "p")}),
]


@pytest.mark.parametrize(("source", "header", "expected"), VECTORS)
def test_baggage(source: str, header: str, expected: dict[str, tuple[str, str]]) -> None:
    """A header is read as the source says, and what is written of it reads the same."""
    baggage = parse_baggage(header)
    read = {k: (str(v), getattr(v, "metadata", "")) for k, v in baggage.items()}
    assert read == expected, source
    again = parse_baggage(format_baggage(baggage))
    assert {k: (str(v), getattr(v, "metadata", "")) for k, v in again.items()} == expected, source


def test_several_headers() -> None:
    """Source: "Examples of HTTP headers", baggage split into two."""
    lines = [("baggage", "userId=alice"), ("baggage", "serverNode=DF%2028,isProduction=false")]
    expected = {"userId": "alice", "serverNode": "DF 28", "isProduction": "false"}
    assert extract(lines).baggage == expected


def test_64_members_are_sent() -> None:
    """Source: test_serialize_at_least_64; "Limits", condition 1."""
    baggage = {f"key{n}": "value" for n in range(64)}
    assert format_baggage(baggage).count(",") == 63
    assert parse_baggage(format_baggage(baggage)) == baggage


def test_8192_bytes_are_sent() -> None:
    """Source: test_serialize_long_entry; "Limits", condition 2; properties count as well."""
    for value in ("0123456789" * 819, BaggageValue("", "p" * 8189)):
        header = format_baggage({"a": value})
        assert len(header) == 8192
        assert parse_baggage(header) == {"a": value}


def test_no_part_of_a_member_is_sent() -> None:
    """Source: "Limits", MUST NOT propagate any partial list-members."""
    assert format_baggage({"a": "1", "b": "0" * 8192, "c": "2"}) == "a=1,c=2"
