# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a request can be refused for, and what a start can fail on; each names its remedy.

| class        | raised by               | reaches                                                 |
|--------------|-------------------------|---------------------------------------------------------|
| RequestError | body, decode, otlp_json | the sender: an HTTP status and a google.rpc.Status body |
| StartError   | server, schema          | the person at the terminal: one line and exit code 1    |
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class RpcCode(IntEnum):
    """The canonical codes used here. Source: google/rpc/code.proto."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


class CollectorError(Exception):
    """Base of this package's errors; never raised itself."""


class RequestError(CollectorError):
    """A request is refused; nothing of it was stored."""

    def __init__(
        self,
        status: int,
        code: RpcCode,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


class StartError(CollectorError):
    """The collector cannot start; the message names the cause and the remedy."""
