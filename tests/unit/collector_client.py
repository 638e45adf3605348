# SPDX-License-Identifier: MIT OR Apache-2.0
"""A small HTTP client for the collector's tests: real requests, no exception on 4xx."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from collector.server import Collector

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


class Reply(NamedTuple):
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def send(
    collector: Collector,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send one request on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(collector.url).netloc, timeout=20)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, response.read())
    finally:
        connection.close()


def post(collector: Collector, body: bytes, content_type: str = PROTOBUF, **headers: str) -> Reply:
    """POST to /v1/traces; header names with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(collector, "POST", "/v1/traces", body, {"content-type": content_type, **named})


def get(collector: Collector, path: str, **headers: str) -> Reply:
    """GET a path."""
    return send(collector, "GET", path, None, {k.replace("_", "-"): v for k, v in headers.items()})
