# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_baggage`: what is left out, what is encoded, and where it ends."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from edgetrace._baggage import (
    MAX_BAGGAGE_BYTES,
    MAX_BAGGAGE_MEMBERS,
    MAX_READ_CHARS,
    BaggageValue,
    format_baggage,
    parse_baggage,
)


@pytest.mark.parametrize(
    "member",
    [
        *(
            "",
            "=",
            "=v",
            "k",
            "k;p",
            ";p=1",
            "a b=c",
            "k=a b",
            'k="v"',
            "k=\\",
            "é=1",
            "k=é",
            "k(=1",
        ),
        *("k=a\x00b", "k=\r\nx: y", "\n", "k\n=v", "k=v\n"),
    ],
)
def test_a_member_that_is_not_as_specified_is_left_out(member: str) -> None:
    """One bad member costs itself, not its neighbours."""
    assert parse_baggage(f"a=1,{member},b=2") == {"a": "1", "b": "2"}


def test_properties_are_kept_and_sent_on() -> None:
    """Metadata stays with its value, white space taken out; a property that is none is left out."""
    baggage = parse_baggage("k = v ; p ; q = %20 ;; a b ;r=, plain=1;")
    assert baggage == {"k": "v", "plain": "1"}
    assert isinstance(baggage["k"], BaggageValue)
    assert baggage["k"].metadata == "p;q=%20;r="
    assert type(baggage["plain"]) is str
    assert format_baggage(baggage) == "k=v;p;q=%20;r=,plain=1"


def test_a_value_with_metadata_is_a_string() -> None:
    """A BaggageValue equals, hashes, copies and pickles as its value, metadata included."""
    value = BaggageValue("v", "p")
    assert value == "v"
    assert hash(value) == hash("v")
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (twin, twin.metadata) == ("v", "p")


def test_metadata_of_an_application_is_checked() -> None:
    """What an application calls metadata cannot end the member or the header."""
    value = BaggageValue("v", "ok;a,b=2;x\r\ny: z;k=1")
    assert format_baggage({"n": value}) == "n=v;ok;k=1"
    assert format_baggage({"n": BaggageValue("v", ",")}) == "n=v"


def test_only_what_must_be_is_encoded() -> None:
    """Every baggage-octet but "%" goes as it is, every other byte of UTF-8 as %XX."""
    octets = "".join(map(chr, range(0x21, 0x7F)))
    plain = "".join(c for c in octets if c not in '",;\\%')
    assert format_baggage({"k": plain}) == f"k={plain}"
    assert format_baggage({"k": '\t ",;\\%\x7fé€😀'}) == (
        "k=%09%20%22%2C%3B%5C%25%7F%C3%A9%E2%82%AC%F0%9F%98%80"
    )
    assert format_baggage({"k": "a\ud800b"}) == "k=a?b"


def test_what_is_not_utf8_is_replaced() -> None:
    """Encoded bytes that are no UTF-8 become U+FFFD, a stray percent sign stays."""
    assert parse_baggage("a=%FFx%C3,b=%zz%4,c=%e2%82%ac") == {
        "a": "\ufffdx\ufffd",
        "b": "%zz%4",
        "c": "€",
    }


def test_names_and_values_that_cannot_be_sent_are_left_out() -> None:
    """A name that is no token has no encoding, and only str is a value."""
    baggage: Any = {"a b": "1", "": "1", "k=": "1", "k=v": "1", 7: "1", "n": 7, "ok": "", "ü": "1"}
    assert format_baggage(baggage) == "ok="


def test_at_most_64_members() -> None:
    """The first 64 names are read, and a later value of one of them is too; 64 are sent."""
    header = ",".join(f"k{n}={n}" for n in range(70)) + ",k0=last,k69=no"
    baggage = parse_baggage(header)
    assert list(baggage) == [f"k{n}" for n in range(MAX_BAGGAGE_MEMBERS)]
    assert baggage["k0"] == "last"
    assert format_baggage({f"k{n}": "" for n in range(70)}).count(",") == MAX_BAGGAGE_MEMBERS - 1


def test_at_most_8192_bytes_are_sent() -> None:
    """A member without room is left out whole, a smaller one after it still goes."""
    first = "x" * 8187
    full = format_baggage({"a": first, "no": "", "b": "", "c": ""})
    assert full == f"a={first},b="
    assert len(full) == MAX_BAGGAGE_BYTES
    assert format_baggage({"a": first + "xxx"}) == f"a={first}xxx"
    assert format_baggage({"a": first + "xxxx", "b": "1"}) == "b=1"


def test_a_huge_header_is_read_to_a_whole_member() -> None:
    """Beyond 32,768 characters nothing is read, and a member that lies across is left out."""
    head = "a=" + "x" * (MAX_READ_CHARS - 2)
    assert parse_baggage(head) == {"a": head[2:]}
    assert parse_baggage(head + ",b=2") == {"a": head[2:]}
    assert parse_baggage(head + "x") == {}
    assert parse_baggage("a=1," + head) == {"a": "1"}
    assert parse_baggage("a=1," * 179 + "b=2,c=3") == {"a": "1", "b": "2"}
