# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which requests are the gateway's own, and which are the site's.

    POST, OPTIONS  /v1/traces          OTLP from browsers
    POST, OPTIONS  /edgetrace/raw      raw entries from browsers without Python
    GET, HEAD      /edgetrace/health   whether the gateway is up
    GET, HEAD      /edgetrace/metrics  its counters
    GET, HEAD      /edgetrace/<name>   the agent's files

Only these exact paths are ours. Nothing is decoded, cleaned or folded first: a path with %2e, "//",
"..", a backslash or a trailing dot is another path, and goes to the site byte for byte, as it would
have without a gateway. So there is no second reading of a path that could disagree with the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

from edgetrace._percent import percent_decode

FOLDER: Final = "/edgetrace/"
TRACES_PATH: Final = "/v1/traces"
"""OTLP's default path. OTLP specification, "OTLP/HTTP Request"."""

_SEGMENT: Final = r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"
_NAME: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,3}}")
"""Segments without empty parts between dots, none before the first: pyodide/pyodide.mjs."""
MAX_NAME_CHARS: Final = 128


class Route(Enum):
    """Who answers a request."""

    TRACES = "traces"
    RAW = "raw"
    FILE = "file"
    HEALTH = "health"
    METRICS = "metrics"
    SITE = "site"
    WRONG_METHOD = "wrong_method"


class Destination(NamedTuple):
    """Where a request goes.

    Attributes:
        route: Who answers.
        name: Of a FILE, relative to the folder: letters, digits, "_", "-", single dots and "/".
        allow: Of a WRONG_METHOD, the 405's Allow header.
    """

    route: Route
    name: str = ""
    allow: str = ""


_SITE: Final = Destination(Route.SITE)
_OURS: Final = {
    TRACES_PATH: Route.TRACES,
    FOLDER + "raw": Route.RAW,
    FOLDER + "health": Route.HEALTH,
    FOLDER + "metrics": Route.METRICS,
}
_READ: Final = ("GET", "HEAD")
_SEND: Final = ("POST", "OPTIONS")


def classify(method: str, raw_path: str) -> Destination:
    """Decide by method and path.

    Args:
        method: As sent; methods are case-sensitive. RFC 9110, section 9.1.
        raw_path: The URL's path as it came, undecoded; from "?" or "#" on it is not looked at.
    """
    path = raw_path.partition("#")[0].partition("?")[0]
    route, name = _OURS.get(path), ""
    if route is None:
        name = path.removeprefix(FOLDER)
        if name == path or len(name) > MAX_NAME_CHARS or not _NAME.fullmatch(name):
            return _SITE
        route = Route.FILE
    methods = _SEND if route in (Route.TRACES, Route.RAW) else _READ
    if method not in methods:
        return Destination(Route.WRONG_METHOD, allow=", ".join(methods))
    return Destination(route, name)


def matches(patterns: Iterable[str], path: str) -> bool:
    """Whether a path is one of the patterns', where * is any characters, "/" too.

    The path counts as it is and percent-decoded: /%61dmin is no way around /admin*. Linear in the
    path for each pattern.
    """
    decoded = percent_decode(path)
    return any(_matches(pattern, path) or _matches(pattern, decoded) for pattern in patterns)


def _matches(pattern: str, path: str) -> bool:
    first, *rest = pattern.split("*")
    if not rest:
        return path == pattern
    *middle, last = rest
    if not path.startswith(first):
        return False
    position = len(first)
    for part in middle:  # the leftmost place is always good enough
        found = path.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return len(path) - len(last) >= position and path.endswith(last)
