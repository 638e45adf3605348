# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_edge_facts`: what Cloudflare knows of a client, and no more of it than was asked for."""

from __future__ import annotations

import pytest

from edgetrace._edge_facts import anonymized, connection_attributes


def test_all_that_is_known() -> None:
    """Each fact under its attribute."""
    cf = {
        **{"colo": "FRA", "asn": 13335, "country": "DE", "tlsCipher": "AEAD-AES128-GCM-SHA256"},
        **{"httpProtocol": "HTTP/3", "tlsVersion": "TLSv1.3"},
    }
    assert connection_attributes(cf, {"cf-ray": "8d1f-FRA"}, "off") == {
        "cloudflare.colo": "FRA",
        "client.as.number": 13335,
        "geo.country.iso_code": "DE",
        "tls.cipher": "AEAD-AES128-GCM-SHA256",
        "network.protocol.version": "3",
        "tls.protocol.version": "1.3",
        "cloudflare.ray_id": "8d1f",
    }


@pytest.mark.parametrize("value", [None, "", 1.5, [], {}, object()])
def test_what_is_not_as_expected_is_left_out(value: object) -> None:
    """Another host has no `cf`; a value of a type that nobody promised tells nothing."""
    names = ("colo", "asn", "country", "tlsCipher", "httpProtocol", "tlsVersion")
    assert connection_attributes(dict.fromkeys(names, value), {}, "full") == {}
    assert connection_attributes({"httpProtocol": "SPDY", "tlsVersion": "SSL"}, {}, "full") == {}


def test_texts_are_short() -> None:
    """A visitor can send these headers where Cloudflare is not in front."""
    long = "9" * 10_000
    found = connection_attributes(
        {"colo": long, "httpProtocol": "HTTP/" + long},
        {"cf-ray": long, "cf-connecting-ip": long},
        "full",
    )
    assert max(len(str(value)) for value in found.values()) == 256
    headers = {"cf-connecting-ip": f"{long}:{long}:{long}"}
    found = connection_attributes({}, headers, "anonymized")
    assert len(str(found["client.address"])) < 300


@pytest.mark.parametrize(
    ("policy", "expected"), [("off", None), ("anonymized", "203.0.113.0"), ("full", "203.0.113.9")]
)
def test_a_visitors_address(policy: str, expected: str | None) -> None:
    """Left out unless asked for."""
    found = connection_attributes({}, {"cf-connecting-ip": "203.0.113.9"}, policy)
    assert found.get("client.address") == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.77", "192.0.2.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("2001:db8::1", "2001:db8::"),
        ("::1", "::"),
        ("::ffff:192.0.2.77", "::"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_anonymized_addresses(address: str, expected: str) -> None:
    """What names a household is gone; what is no address is empty."""
    assert anonymized(address) == expected
