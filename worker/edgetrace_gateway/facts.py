# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the edge knows of a request that no page could say of itself, as attributes.

    request.cf    attribute              Cloudflare's own tracing calls it
    country       geo.country.iso_code   geo.country.code
    regionCode    geo.region.iso_code    geo.locality.region, the region's name
    city          geo.locality.name      the same
    continent     geo.continent.code     the same
    timezone      geo.timezone           the same; OpenTelemetry has no name for it
    asn           client.as.number       cloudflare.asn
    colo          cloudflare.colo        the same
    the address   client.address         -

OpenTelemetry's names where it has one. Where a visitor is follows from the address: a city, and the
address itself, may be personal data, so neither is among the defaults.

Source: OpenTelemetry semantic conventions, registry: geo, client; Cloudflare Workers, "Spans and
attributes" and "IncomingRequestCfProperties".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

MAX_TEXT_CHARS: Final = 128
"""Of a city's name, the longest of these."""

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_REGION: Final = re.compile(r"[A-Z0-9]{1,3}")  # ISO 3166-2, after the country
_NO_COUNTRY: Final = ("XX", "T1")  # not known, and Tor, which ISO 3166 has no code for
_IPV4: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_GROUP: Final = re.compile(r"[0-9a-f]{1,4}")
_UNKNOWN: Final = "unknown"


def edge_attributes(
    cf: Mapping[str, object], client_address: str, wanted: Iterable[str]
) -> dict[str, str | int]:
    """Attributes for the resource of a browser's spans; what is not known is left out.

    Args:
        cf: The request's `cf` as a plain mapping; empty outside Cloudflare.
        client_address: The visitor's; "" where it is not known.
        wanted: Out of `settings.EDGE_FACTS`.
    """
    known: dict[str, tuple[str, str | int]] = {
        "country": ("geo.country.iso_code", _country(cf)),
        "region": ("geo.region.iso_code", _region(cf)),
        "city": ("geo.locality.name", _text(cf.get("city"))),
        "continent": ("geo.continent.code", _text(cf.get("continent"))),
        "timezone": ("geo.timezone", _text(cf.get("timezone"))),
        "asn": ("client.as.number", _number(cf.get("asn"))),
        "colo": ("cloudflare.colo", _text(cf.get("colo"))),
        "client": ("client.address", _text(client_address)),
    }
    chosen = [known[name] for name in wanted if name in known]
    return {key: value for key, value in chosen if value}


def client_key(headers: Mapping[str, str]) -> str:
    """Who asks, for the rate limit: an IPv4 address, or the /64 of an IPv6 one.

    A subscriber has at least a /64 and any of its addresses. RFC 6177. Only CF-Connecting-IP is
    read, which Cloudflare writes itself; without it, everybody is one client.
    """
    address = headers.get("cf-connecting-ip", "").strip().lower().partition("%")[0]
    if ":" not in address:
        return address if _IPV4.fullmatch(address) else _UNKNOWN
    groups = _ipv6_groups(address)
    if len(groups) != 8:
        return _UNKNOWN
    if groups[:6] == [0, 0, 0, 0, 0, 0xFFFF]:  # IPv4 by another name, ::ffff:192.0.2.1
        return ".".join([str(byte) for group in groups[6:] for byte in divmod(group, 256)])
    return ":".join([f"{group:x}" for group in groups[:4]]) + "::/64"


def _ipv6_groups(address: str) -> list[int]:
    """The eight numbers of an address, [] where it is none. RFC 4291, section 2.2."""
    head, colon, last = address.rpartition(":")
    if _IPV4.fullmatch(last):
        a, b, c, d = [int(part) for part in last.split(".")]
        address = f"{head}{colon}{a << 8 | b:x}:{c << 8 | d:x}"
    head, gap, tail = address.partition("::")
    left, right = (part.split(":") if part else [] for part in (head, tail))
    missing = 8 - len(left) - len(right)
    if missing < 1 if gap else missing != 0:
        return []
    groups = [*left, *["0"] * missing, *right]
    return [int(group, 16) for group in groups] if all(map(_GROUP.fullmatch, groups)) else []


def _text(value: object) -> str:
    return value.strip()[:MAX_TEXT_CHARS] if type(value) is str else ""


def _number(value: Any) -> int:
    # JavaScript's numbers may come as floats.
    if type(value) not in (int, float):
        return 0
    return int(value) if 0 < value < 2**32 and value == int(value) else 0


def _country(cf: Mapping[str, object]) -> str:
    code = _text(cf.get("country"))
    return code if _COUNTRY.fullmatch(code) and code not in _NO_COUNTRY else ""


def _region(cf: Mapping[str, object]) -> str:
    country, region = _country(cf), _text(cf.get("regionCode"))
    return f"{country}-{region}" if country and _REGION.fullmatch(region) else ""
