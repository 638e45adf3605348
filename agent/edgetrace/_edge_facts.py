# SPDX-License-Identifier: MIT OR Apache-2.0
"""What Cloudflare knows of a request's client and connection, as attributes of its server span.

Source: Cloudflare Workers, "IncomingRequestCfProperties" and "Spans and attributes" of its own
tracing, whose names are taken where OpenTelemetry has none; semantic conventions 1.44, geo, tls,
network, client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ._types import AttributeValue

FACTS: Final[Mapping[str, str]] = {
    "colo": "cloudflare.colo",
    "asn": "client.as.number",
    "country": "geo.country.iso_code",
    "tlsCipher": "tls.cipher",
}
"""Properties of `request.cf` and their attributes; two more need a prefix taken off."""
PROPERTIES: Final = (*FACTS, "httpProtocol", "tlsVersion")
_MAX_TEXT: Final = 256


def connection_attributes(
    cf: Mapping[str, object], headers: Mapping[str, str], client_address: str
) -> dict[str, AttributeValue]:
    """Attributes of a server span.

    Args:
        cf: `PROPERTIES` of the request's `cf`, as far as they are there.
        headers: Lower-case names.
        client_address: "off", "anonymized" or "full": what becomes of the visitor's address.
    """
    attributes: dict[str, AttributeValue] = {
        attribute: value[:_MAX_TEXT] if isinstance(value, str) else value
        for name, attribute in FACTS.items()
        if isinstance(value := cf.get(name), str | int) and value != ""
    }
    protocol, tls = cf.get("httpProtocol"), cf.get("tlsVersion")
    if isinstance(protocol, str) and protocol.startswith("HTTP/"):
        attributes["network.protocol.version"] = protocol[5:_MAX_TEXT]
    if isinstance(tls, str) and tls.startswith("TLSv"):
        attributes["tls.protocol.version"] = tls[4:_MAX_TEXT]
    if ray := headers.get("cf-ray"):
        attributes["cloudflare.ray_id"] = ray.partition("-")[0][:_MAX_TEXT]
    if client_address != "off" and (given := headers.get("cf-connecting-ip")):
        address = given[:_MAX_TEXT]
        anonymize = client_address == "anonymized"
        attributes["client.address"] = anonymized(address) if anonymize else address
    return attributes


def anonymized(address: str) -> str:
    """An address without the part that names a household: IPv4 to /24, IPv6 to /48."""
    if ":" not in address:
        head, dot, _ = address.rpartition(".")
        return f"{head}.0" if dot else ""
    groups = address.partition("::")[0].split(":")[:3]
    return ":".join(filter(None, groups)) + "::"
