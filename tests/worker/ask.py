# SPDX-License-Identifier: MIT OR Apache-2.0
"""One HTTP request to a server under test."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """What came back; error statuses are answers too."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body, decoded."""
        return self.body.decode()

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def ask(url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """GET, or POST with ``data``; waits up to a minute."""
    request = urllib.request.Request(url, data=data, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())
