# SPDX-License-Identifier: MIT OR Apache-2.0
"""What browsers send, before it goes on to the collector: let in, checked, told where it came from.

    gate     before the body is read     origin, key, size, then the visitor's own wish
    accept   with the body               type, encoding, sizes, OTLP; the edge's attributes

A body that needs no attributes goes on as it came, the same bytes in the same encoding.

Source: OTLP specification 1.10, "OTLP/HTTP"; RFC 9110, sections 8.4, 15.5.14 and 15.5.16.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edgetrace._frame import gzip
from edgetrace._percent import percent_decode

from . import wire, wire_json
from .consent import withheld
from .cors import KEY_HEADER, is_allowed
from .inflate import Damaged, TooLarge, gunzip
from .keys import same
from .resources import with_resource_attributes
from .settings import GatewaySettings
from .status import JSON, PROTOBUF, media_type

_LEVEL: Final = 1
"""Half of level 6's time for a seventh more bytes."""
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_ENCODINGS: Final = {"": False, "identity": False, "gzip": True, "x-gzip": True}
"""Whether to expand. `x-gzip` is the same: RFC 9110, section 8.4.1.3."""


@dataclass(frozen=True)
class Accepted:
    """What goes to the collector.

    Attributes:
        body: The request's body, in the encoding that `headers` name.
        headers: content-type, and content-encoding where it is compressed.
        spans: How many are in it.
    """

    body: bytes
    headers: Mapping[str, str]
    spans: int


@dataclass(frozen=True)
class Refused:
    """An answer that ends it; its body is `status.error_body`'s."""

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dropped:
    """To be answered as a success, and counted: the visitor does not want to be measured."""

    cause: str


def gate(
    method: str,
    headers: Mapping[str, str],
    query: str,
    settings: GatewaySettings,
    site_origin: str,
) -> Refused | Dropped | None:
    """Decide what can be known before the body is read; None lets it in.

    Args:
        method: Only POST passes; OPTIONS is `cors.preflight`'s.
        headers: By lower-case name.
        query: The URL's, without "?".
        settings: The gateway's.
        site_origin: Of the request's own URL.
    """
    if method != "POST":
        return Refused(405, "use POST", {"allow": "POST, OPTIONS"})
    if not is_allowed(headers, settings, site_origin):
        return Refused(403, "pages of this origin may not send here: EDGETRACE_ALLOWED_ORIGINS")
    if settings.ingest_key:
        given = headers.get(KEY_HEADER, "") or _parameter(query, "key")
        if not same(given, settings.ingest_key):
            return Refused(401 if not given else 403, f"send the key as {KEY_HEADER} or ?key=")
    length = headers.get("content-length", "").strip()
    # A length that is none is the transport's to refuse; the body is measured in any case.
    if _WHOLE_NUMBER.fullmatch(length) and int(length) > settings.max_body_bytes:
        return _too_large(settings)
    cause = withheld(headers, settings)
    return Dropped(cause) if cause else None


def accept(
    headers: Mapping[str, str],
    body: bytes,
    settings: GatewaySettings,
    edge_attributes: Mapping[str, str | int],
) -> Accepted | Refused:
    """Check a body and make of it what goes to the collector.

    Args:
        headers: By lower-case name.
        body: As it was sent.
        settings: The gateway's.
        edge_attributes: For every resource in it; see `facts.edge_attributes`.
    """
    if len(body) > settings.max_body_bytes:
        return _too_large(settings)
    content_type = media_type(headers.get("content-type", ""))
    if content_type not in (PROTOBUF, JSON):
        return Refused(415, f"the content type is not {PROTOBUF} or {JSON}")
    compressed = _ENCODINGS.get(headers.get("content-encoding", "").strip().lower())
    if compressed is None:
        accepted = {"accept-encoding": "gzip, identity"}
        return Refused(415, "the content encoding is not gzip", accepted)
    try:
        message = gunzip(body, settings.max_expanded_bytes) if compressed else body
        if content_type == JSON:
            spans, changed = wire_json.count_and_add(message, edge_attributes)
        else:
            spans = wire.count_spans(message)
            changed = with_resource_attributes(message, edge_attributes)
    except TooLarge as error:
        return Refused(413, str(error))
    except (Damaged, wire.Garbage) as error:
        return Refused(400, str(error))
    forwarded = {"content-type": content_type}
    if compressed:
        forwarded["content-encoding"] = "gzip"
    if changed is not message:
        body = gzip(changed, _LEVEL) if compressed else changed
    return Accepted(body, forwarded, spans)


def _parameter(query: str, name: str) -> str:
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return percent_decode(value)
    return ""


def _too_large(settings: GatewaySettings) -> Refused:
    return Refused(413, f"a body may have {settings.max_body_bytes} bytes")
