# SPDX-License-Identifier: MIT OR Apache-2.0
"""What browsers send: whose it is, whether it may, and what of it goes on to the collector."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from edgetrace._otlp import PROTOBUF, Encoding
from edgetrace._otlp_json import JSON
from edgetrace._types import Resource, Scope
from edgetrace_gateway.consent import withheld
from edgetrace_gateway.cors import answer_headers, preflight
from edgetrace_gateway.ingest import Accepted, Dropped, Refused, accept, gate
from edgetrace_gateway.keys import bearer, same
from edgetrace_gateway.settings import GatewaySettings
from tests.otlp_messages import parse_json
from tests.strategies import simple_span

SITE = "https://shop.example"
EDGE: dict[str, str | int] = {"geo.country.iso_code": "DE", "client.as.number": 3320}


def body_of(encoding: Encoding, spans: int = 2) -> bytes:
    """A request."""
    return encoding.frame(
        encoding.resource(Resource({"service.name": "shop"})),
        "",
        [(encoding.scope(Scope("lib")), "", [encoding.span(simple_span())] * spans)],
    )


BODY = body_of(PROTOBUF)


def passes(headers: dict[str, str], query: str = "", **settings: Any) -> object:
    """What the gate says to a POST."""
    return gate("POST", headers, query, GatewaySettings(**settings), SITE)


def status(answer: object) -> int:
    """Of a refusal."""
    assert isinstance(answer, Refused)
    return answer.status


@pytest.mark.parametrize(
    ("headers", "allowed", "expected"),
    [
        ({}, (), True),
        ({"origin": SITE}, (), True),
        ({"origin": "https://SHOP.example:443"}, (), True),
        ({"origin": "http://shop.example"}, (), False),
        ({"origin": "https://evil.example"}, (), False),
        ({"origin": "null"}, (), False),
        ({"origin": ""}, (), False),
        ({"origin": "https://shop.example.evil.example"}, (), False),
        ({"origin": "https://a.example"}, ("https://a.example",), True),
        ({"origin": "https://evil.example"}, ("*",), True),
        ({"origin": "null"}, ("*",), True),
        ({"sec-fetch-site": "same-origin"}, (), True),
        ({"sec-fetch-site": "none"}, (), True),
        ({"sec-fetch-site": "same-site"}, (), False),
        ({"sec-fetch-site": "cross-site"}, (), False),
        ({"sec-fetch-site": "cross-site"}, ("*",), True),
    ],
)
def test_only_pages_of_named_origins_may_send(
    headers: dict[str, str], allowed: tuple[str, ...], expected: bool
) -> None:
    """The site's own always may; without an Origin, Sec-Fetch-Site decides."""
    answer = passes(headers, allowed_origins=allowed)
    assert answer is None if expected else status(answer) == 403


def test_only_posts_pass() -> None:
    """Anything else learns what to use."""
    refused = gate("PUT", {}, "", GatewaySettings(), SITE)
    assert isinstance(refused, Refused)
    assert (refused.status, refused.headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ({"x-edgetrace-key": "k+1"}, "", None),
        ({}, "key=k%2B1", None),
        ({}, "a=b&key=k+1&c", None),
        ({}, "", 401),
        ({}, "key", 401),
        ({"x-edgetrace-key": "k+2"}, "", 403),
        ({"x-edgetrace-key": "k+1k+1"}, "", 403),
        ({"x-edgetrace-key": "k"}, "key=k+1", 403),
    ],
)
def test_the_key_is_asked_for(headers: dict[str, str], query: str, expected: int | None) -> None:
    """In a header, or in the URL where a beacon can send none."""
    answer = passes(headers, query, ingest_key="k+1")
    assert (answer and status(answer)) == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [("10", None), ("11", 413), ("", None), ("-5", None), ("x", None), ("9" * 18, 413)],
)
def test_a_length_over_the_limit_is_refused_unread(length: str, expected: int | None) -> None:
    """One that is none is let through: the body itself is measured."""
    answer = passes({"content-length": length}, max_body_bytes=10)
    assert (answer and status(answer)) == expected


@pytest.mark.parametrize(
    ("headers", "settings", "cause"),
    [
        ({"sec-gpc": "1"}, {}, "privacy_signal"),
        ({"dnt": "1"}, {}, "privacy_signal"),
        ({"dnt": "0", "sec-gpc": "?0"}, {}, ""),
        ({"dnt": "1"}, {"privacy_signals": "ignore"}, ""),
        ({}, {"consent_cookie": ("ok", "yes")}, "no_consent"),
        ({"cookie": "a=b; ok=yes"}, {"consent_cookie": ("ok", "yes")}, ""),
        ({"cookie": "ok=yes"}, {"consent_cookie": ("ok", "yes")}, ""),
        ({"cookie": "ok=no; nok=yes"}, {"consent_cookie": ("ok", "yes")}, "no_consent"),
        ({"cookie": "ok=yes", "dnt": "1"}, {"consent_cookie": ("ok", "yes")}, "privacy_signal"),
    ],
)
def test_visitors_have_the_last_word(
    headers: dict[str, str], settings: dict[str, Any], cause: str
) -> None:
    """What they do not want measured is dropped, by cause, not refused."""
    assert withheld(headers, GatewaySettings(**settings)) == cause
    assert passes(headers, **settings) == (Dropped(cause) if cause else None)


def test_a_body_goes_on_as_it_came() -> None:
    """Without attributes to add: the same object, in the same encoding."""
    sent = gzip.compress(BODY)
    headers = {"content-type": "Application/X-Protobuf; x=y", "content-encoding": "GZIP"}
    accepted = accept(headers, sent, GatewaySettings(), {})
    assert isinstance(accepted, Accepted)
    assert accepted.body is sent
    assert accepted.spans == 2
    assert accepted.headers == {
        "content-type": "application/x-protobuf",
        "content-encoding": "gzip",
    }


@pytest.mark.parametrize("compressed", [True, False])
def test_the_edge_adds_what_it_knows(compressed: bool) -> None:
    """To the resource, in the encoding and the compression that came."""
    settings = GatewaySettings()
    messages = []
    for encoding in (PROTOBUF, JSON):
        body = body_of(encoding)
        headers = {"content-type": encoding.content_type}
        if compressed:
            body, headers["content-encoding"] = gzip.compress(body), "gzip"
        accepted = accept(headers, body, settings, EDGE)
        assert isinstance(accepted, Accepted)
        assert accepted.spans == 2
        assert accepted.headers == headers
        plain = gzip.decompress(accepted.body) if compressed else accepted.body
        messages.append(
            parse_json(plain) if encoding is JSON else ExportTraceServiceRequest.FromString(plain)
        )
    assert messages[0] == messages[1]
    attributes = messages[0].resource_spans[0].resource.attributes
    assert [item.key for item in attributes] == ["service.name", *EDGE]


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, BODY, 415),
        ({"content-type": "text/plain"}, BODY, 415),
        ({"content-type": "application/x-protobuf", "content-encoding": "br"}, BODY, 415),
        ({"content-type": "application/x-protobuf", "content-encoding": "gzip, gzip"}, BODY, 415),
        ({"content-type": "application/x-protobuf", "content-encoding": "gzip"}, BODY, 400),
        ({"content-type": "application/x-protobuf"}, gzip.compress(BODY), 400),
        ({"content-type": "application/json"}, BODY, 400),
        ({"content-type": "application/x-protobuf"}, BODY[:-1], 400),
        ({"content-type": "application/x-protobuf"}, bytes(1_001), 413),
        (
            {"content-type": "application/x-protobuf", "content-encoding": "gzip"},
            gzip.compress(bytes(5_001)),
            413,
        ),
    ],
)
def test_what_is_not_otlp_is_refused(headers: dict[str, str], body: bytes, expected: int) -> None:
    """By the status that OTLP's senders take for final."""
    settings = GatewaySettings(max_body_bytes=1_000, max_expanded_bytes=5_000)
    none: dict[str, str | int] = {}
    for edge in (none, EDGE):
        refused = accept(headers, body, settings, edge)
        assert status(refused) == expected
        assert isinstance(refused, Refused)
        assert refused.message


def test_an_unknown_encoding_is_told_which_are_known() -> None:
    """RFC 9110, 15.5.16."""
    headers = {"content-type": "application/json", "content-encoding": "zstd"}
    refused = accept(headers, b"{}", GatewaySettings(), {})
    assert isinstance(refused, Refused)
    assert refused.headers == {"accept-encoding": "gzip, identity"}


def test_an_identity_encoding_is_none() -> None:
    """Some senders name it."""
    headers = {"content-type": "application/json", "content-encoding": "identity"}
    accepted = accept(headers, b"{}", GatewaySettings(), {})
    assert accepted == Accepted(b"{}", {"content-type": "application/json"}, 0)


def test_preflights() -> None:
    """Pages that may send are told so, by name; others are not; the site needs none."""
    settings = GatewaySettings(allowed_origins=("https://a.example",))
    code, headers = preflight({"origin": "https://a.example"}, settings, SITE)
    assert code == 204
    assert headers["access-control-allow-origin"] == "https://a.example"
    assert headers["access-control-allow-methods"] == "POST"
    assert "x-edgetrace-key" in headers["access-control-allow-headers"]
    code, headers = preflight({"origin": "https://evil.example"}, settings, SITE)
    assert code == 403
    assert not any(name.startswith("access-control") for name in headers)
    code, headers = preflight({}, settings, SITE)
    assert (code, headers["allow"]) == (204, "POST, OPTIONS")


def test_answers_are_readable_by_the_pages_that_may_send() -> None:
    """The origin is echoed, for a beacon has credentials; and caches keep answers apart."""
    settings = GatewaySettings(allowed_origins=("*",))
    answer = answer_headers({"origin": "https://x.example"}, settings, SITE)
    assert answer["access-control-allow-origin"] == "https://x.example"
    assert answer["access-control-allow-credentials"] == "true"
    assert answer["vary"] == "origin"
    assert answer_headers({"origin": "https://x.example"}, GatewaySettings(), SITE) == {
        "vary": "origin"
    }


@pytest.mark.parametrize(
    ("given", "expected", "equal"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("", "", False),
        ("", "a", False),
        ("a", "", False),
        ("aa", "a", False),
        ("é", "é", True),
        ("\ud83d", "\ufffd", True),
    ],
)
def test_secrets(given: str, expected: str, equal: bool) -> None:
    """Equal texts, of which none is empty."""
    assert same(given, expected) is equal


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("abc", ""), ("", "")],
)
def test_bearer_tokens(header: str, token: str) -> None:
    """The scheme in any case."""
    assert bearer({"authorization": header}) == token
    assert bearer({}) == ""
