# SPDX-License-Identifier: MIT OR Apache-2.0
"""What spans of HTTP requests are called and carry: the stable semantic conventions, both sides.

Values only: which platform the request came from is not known here. URLs come out redacted.

    server   http.request.method url.scheme url.path url.query server.address server.port
             user_agent.original http.request.body.size        http.route, http.response.*
    client   http.request.method url.full server.address server.port          http.response.*

Source: OpenTelemetry semantic conventions 1.44, http/http-spans.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ._context import Span
from ._records import NamedTuple
from ._types import AttributeValue, StatusCode
from ._urls import redact

METHODS: Final = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
"""Any other may be a stranger's invention: `_OTHER`, so that it cannot become a span's name."""
MAX_TEXT: Final = 1024
"""Characters of a header that is kept."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Url(NamedTuple):
    """An absolute URL in parts, as the platform normalised it; `port` is the scheme's if absent."""

    scheme: str
    host: str
    port: int
    path: str
    query: str


def split_url(url: str) -> Url:
    """Cut a URL into parts; what is none gives empty parts, and nothing raises."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return Url("", "", 0, *_path_and_query(url))
    authority, slash, tail = rest.partition("/")
    if "?" in authority or "#" in authority:  # no path
        end = min([at for mark in "?#" if (at := rest.find(mark)) >= 0])
        authority, slash, tail = rest[:end], "", rest[end:]
    authority = authority.rpartition("@")[2]
    host, colon, digits = authority.rpartition(":")
    if not colon or not digits.isdecimal():  # none, or a colon inside an IPv6 address
        host, digits = authority, ""
    port = int(digits[:5]) if digits else _DEFAULT_PORTS.get(scheme, 0)
    return Url(scheme, host, port, *_path_and_query(slash + tail))


def _path_and_query(text: str) -> tuple[str, str]:
    path, _, query = text.partition("#")[0].partition("?")
    return path or "/", query


def method_attributes(method: str) -> tuple[str, dict[str, AttributeValue]]:
    """A span's name without a route, and the attributes of its method."""
    if method in METHODS:
        return method, {"http.request.method": method}
    original = method[:MAX_TEXT]
    return "HTTP", {"http.request.method": "_OTHER", "http.request.method_original": original}


def server_span(
    method: str, url: str, headers: Mapping[str, str], url_query: str
) -> tuple[str, dict[str, AttributeValue]]:
    """Name and first attributes of a server's span.

    Args:
        method: As it came.
        url: Absolute.
        headers: Lower-case names.
        url_query: The policy of `redact`.
    """
    name, attributes = method_attributes(method)
    parts = split_url(redact(url, url_query))
    attributes["url.scheme"] = parts.scheme
    attributes["url.path"] = parts.path
    if parts.query:
        attributes["url.query"] = parts.query
    _put_server(attributes, parts)
    if agent := headers.get("user-agent"):
        attributes["user_agent.original"] = agent[:MAX_TEXT]
    _put_size(attributes, "http.request.body.size", headers)
    return name, attributes


def client_span(method: str, url: str, url_query: str) -> tuple[str, dict[str, AttributeValue]]:
    """Name and first attributes of a client's span; the arguments are as for `server_span`."""
    name, attributes = method_attributes(method)
    full = redact(url, url_query)
    attributes["url.full"] = full
    _put_server(attributes, split_url(full))
    return name, attributes


def set_route(span: Span, method: str, route: str) -> None:
    """Name a server's span by its route, `/items/{id}`, which has to be of low cardinality."""
    span.set_attribute("http.route", route)
    span.update_name(f"{method if method in METHODS else 'HTTP'} {route}")


def set_response(
    span: Span, status: int, headers: Mapping[str, str], *, server: bool = False
) -> None:
    """Record an answer: from 500 on it is an error of the server, from 400 on one for a client.

    Args:
        span: The request's.
        status: HTTP status.
        headers: Lower-case names; {} where they were not read.
        server: Whether the span is the server's.
    """
    span.set_attribute("http.response.status_code", status)
    if headers:
        size: dict[str, AttributeValue] = {}
        _put_size(size, "http.response.body.size", headers)
        span.set_attributes(size)
    if status >= (500 if server else 400):
        span.set_attribute("error.type", str(status))
        span.set_status(StatusCode.ERROR)


def _put_server(attributes: dict[str, AttributeValue], url: Url) -> None:
    if url.host:
        attributes["server.address"] = url.host
        attributes["server.port"] = url.port


def _put_size(attributes: dict[str, AttributeValue], key: str, headers: Mapping[str, str]) -> None:
    length = headers.get("content-length", "")
    if length.isdecimal() and len(length) < 16:
        attributes[key] = int(length)
