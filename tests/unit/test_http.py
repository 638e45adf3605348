# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_http`: names and attributes of HTTP spans, by the stable conventions."""

from __future__ import annotations

import os
from typing import Any

import pytest

from edgetrace._config import Settings
from edgetrace._http import (
    MAX_TEXT,
    METHODS,
    client_span,
    method_attributes,
    server_span,
    set_response,
    set_route,
    split_url,
)
from edgetrace._tracer import TracerProvider
from edgetrace._types import StatusCode
from edgetrace.testing import InMemoryExporter, ManualClock


def recorded(act: Any) -> Any:
    """The span that `act` was given, once it has ended."""
    exporter = InMemoryExporter()
    provider = TracerProvider(
        Settings(), clock=ManualClock(), entropy=os.urandom, exporter=exporter
    )
    with provider.get_tracer("t").start_as_current_span("GET") as span:
        act(span)
    return exporter.spans[0]


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.example/p?q=1#f", ("https", "a.example", 443, "/p", "q=1")),
        ("http://a.example", ("http", "a.example", 80, "/", "")),
        ("http://a.example?q", ("http", "a.example", 80, "/", "q")),
        ("http://a.example#f", ("http", "a.example", 80, "/", "")),
        ("https://a.example:8443/p", ("https", "a.example", 8443, "/p", "")),
        ("https://u:p@a.example:1/@", ("https", "a.example", 1, "/@", "")),
        ("http://[::1]:8787/p", ("http", "[::1]", 8787, "/p", "")),
        ("http://[::1]/p", ("http", "[::1]", 80, "/p", "")),
        ("ws://a/", ("ws", "a", 80, "/", "")),
        ("wss://a/", ("wss", "a", 443, "/", "")),
        ("ftp://a/", ("ftp", "a", 0, "/", "")),
        ("http://a:99999999999/", ("http", "a", 99999, "/", "")),
        ("http://a:/", ("http", "a:", 80, "/", "")),
        ("/p?q", ("", "", 0, "/p", "q")),
        ("", ("", "", 0, "/", "")),
    ],
)
def test_urls_in_parts(url: str, parts: tuple[Any, ...]) -> None:
    """Whatever is no URL gives empty parts."""
    assert split_url(url) == parts


def test_methods() -> None:
    """Known ones name the span; a stranger's invention is an attribute, shortened."""
    for method in METHODS:
        assert method_attributes(method) == (method, {"http.request.method": method})
    assert method_attributes("BREW" * 1_000) == (
        "HTTP",
        {
            "http.request.method": "_OTHER",
            "http.request.method_original": ("BREW" * 1_000)[:MAX_TEXT],
        },
    )


def test_a_servers_span() -> None:
    """All that the conventions ask for, secrets redacted, texts of strangers shortened."""
    headers = {"user-agent": "u" * 2_000, "content-length": "12"}
    name, attributes = server_span("POST", "https://a.example/p?q=1&token=x", headers, "redact")
    assert name == "POST"
    assert attributes == {
        "http.request.method": "POST",
        "url.scheme": "https",
        "url.path": "/p",
        "url.query": "q=1&token=REDACTED",
        "server.address": "a.example",
        "server.port": 443,
        "user_agent.original": "u" * MAX_TEXT,
        "http.request.body.size": 12,
    }


@pytest.mark.parametrize("length", ["", "-1", "1.5", "x", "9" * 16])
def test_what_is_not_known_is_not_there(length: str) -> None:
    """No query, no agent, no length that is one, no host."""
    _, attributes = server_span("GET", "/p", {"content-length": length}, "redact")
    assert attributes == {"http.request.method": "GET", "url.scheme": "", "url.path": "/p"}


def test_a_clients_span() -> None:
    """The whole URL, redacted."""
    name, attributes = client_span("GET", "http://u:p@a.example:81/p?sig=x", "redact")
    assert name == "GET"
    assert attributes["http.request.method"] == "GET"
    assert "u:p" not in str(attributes["url.full"])
    assert "sig=REDACTED" in str(attributes["url.full"])
    assert (attributes["server.address"], attributes["server.port"]) == ("a.example", 81)


def test_a_route_names_the_span() -> None:
    """Method and route; of an unknown method HTTP."""
    span = recorded(lambda span: set_route(span, "GET", "/items/{id}"))
    assert (span.name, span.attributes["http.route"]) == ("GET /items/{id}", "/items/{id}")
    assert recorded(lambda span: set_route(span, "BREW", "/x")).name == "HTTP /x"


@pytest.mark.parametrize(
    ("status", "server", "error"),
    [
        *((200, True, False), (304, False, False), (400, True, False), (499, True, False)),
        *((400, False, True), (500, True, True), (599, False, True)),
    ],
)
def test_answers(status: int, server: bool, error: bool) -> None:
    """For a client 4xx is an error, for a server its own 5xx."""
    span = recorded(lambda span: set_response(span, status, {}, server=server))
    assert span.attributes["http.response.status_code"] == status
    assert span.attributes.get("error.type") == (str(status) if error else None)
    assert (span.status.code is StatusCode.ERROR) is error


def test_an_answers_length() -> None:
    """Where headers were read."""
    span = recorded(lambda span: set_response(span, 200, {"content-length": "7"}))
    assert span.attributes["http.response.body.size"] == 7
