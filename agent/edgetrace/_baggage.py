# SPDX-License-Identifier: MIT OR Apache-2.0
"""W3C Baggage: names and values that travel with a request, as one header's text.

    userId=Am%C3%A9lie,plan=pro;ttl=6    {"userId": "Amélie", "plan": BaggageValue("pro", "ttl=6")}

Strings in, strings out; knows no carrier and no context. What is not as specified is left out, a
member or a property at a time, and nothing raises: a mistake costs the entry that it is in.
Properties are kept with their value and sent on, for whoever may need them further down.

Sources: W3C Baggage, https://www.w3.org/TR/baggage/ ; OpenTelemetry specification, baggage/api.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ._percent import percent_decode
from ._records import pattern

MAX_BAGGAGE_MEMBERS: Final = 64
MAX_BAGGAGE_BYTES: Final = 8192
"""What every platform has to propagate, and all that we do. W3C Baggage, "Limits"."""
MAX_READ_CHARS: Final = 32768
"""How far a header is read: four times its limit, since white space does not count."""
MAX_READ_MEMBERS: Final = 180
"""And how many of its members, repeated names and invalid ones too: the grammar's upper bound."""

# key OWS [ "=" OWS value ]: a key is a token (RFC 9110), a value is of baggage-octets, all visible
# characters but `"`, `,`, `;` and `\`. Only a property may stop after its key.
_PAIR: Final = pattern(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:[ \t]*(=)[ \t]*([!#-+\--:<-\[\]-~]*))?")
_TO_ENCODE: Final = pattern(rb"[^!#$&-+\--:<-\[\]-~]")  # all but baggage-octets, and "%"
_OWS: Final = " \t"


class BaggageValue(str):
    """A value with its properties; it compares and hashes as the plain value.

    Attributes:
        metadata: The properties as they travel: `key` or `key=value`, still encoded, joined by ";".
    """

    __slots__ = ("metadata",)
    metadata: str

    def __new__(cls, value: str, metadata: str = "") -> BaggageValue:
        """Join a value, decoded, and its properties, encoded."""
        self = super().__new__(cls, value)
        self.metadata = metadata
        return self


def parse_baggage(text: str) -> dict[str, str]:
    """Read a header, several joined by ",": name to decoded value, in order, at most 64.

    Of members with one name the last wins. A member with properties gives a `BaggageValue`. Encoded
    bytes that are not UTF-8 become U+FFFD; a "%" that encodes nothing stays.

    Source: W3C Baggage, "Header Content"; OpenTelemetry baggage/api, "Conflict Resolution".
    """
    if len(text) > MAX_READ_CHARS:
        text = text[: MAX_READ_CHARS + 1].rpartition(",")[0]  # never a part of a member
    baggage: dict[str, str] = {}
    for member in text.split(",", MAX_READ_MEMBERS)[:MAX_READ_MEMBERS]:
        pair, _, properties = member.partition(";")
        match = _PAIR.fullmatch(pair.strip(_OWS))
        if match is None or match[2] is None:
            continue
        if len(baggage) >= MAX_BAGGAGE_MEMBERS and match[1] not in baggage:
            continue
        value, metadata = percent_decode(match[3]), _clean(properties) if properties else ""
        baggage[match[1]] = BaggageValue(value, metadata) if metadata else value
    return baggage


def format_baggage(baggage: Mapping[str, str]) -> str:
    """Write a header of at most 64 members and 8,192 bytes; "" where there is nothing to send.

    Left out: names that are no token, which cannot be encoded, values that are no str, and each
    member for which there is no room. A lone surrogate is sent as "?".
    """
    members: list[str] = []
    room = MAX_BAGGAGE_BYTES
    for name, value in baggage.items():
        match = _PAIR.fullmatch(name) if isinstance(name, str) else None
        if match is None or match[2] is not None or not isinstance(value, str):
            continue
        metadata = _clean(value.metadata) if isinstance(value, BaggageValue) else ""
        member = f"{name}={_encode(value)}" + (f";{metadata}" if metadata else "")
        if len(member) <= room and len(members) < MAX_BAGGAGE_MEMBERS:
            members.append(member)
            room -= len(member) + 1
    return ",".join(members)


def _clean(properties: str) -> str:
    matches = [_PAIR.fullmatch(part.strip(_OWS)) for part in properties.split(";")]
    return ";".join(["".join(filter(None, m.groups())) for m in matches if m is not None])


def _encode(text: str) -> str:
    octets = text.encode("utf-8", "replace")
    return _TO_ENCODE.sub(lambda octet: b"%%%02X" % octet[0][0], octets).decode("ascii")
