# SPDX-License-Identifier: MIT OR Apache-2.0
"""Sampling by route: a share of its own for each kind of request, decided at the head of the trace.

    GET /api/*=0.1,/health=0      the first that matches decides; no match: the sampler beneath

`*` stands for any characters, slashes too. Like every head decision of ours it is a function of the
trace id, and a sampled parent is followed, so a trace is kept whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ._records import NamedTuple
from ._sampler import ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from ._threshold import ratio_to_threshold
from ._types import Attributes, Link, SpanContext, SpanKind

_ROUTE: Final = re.compile(r"(?:([A-Z]+) +)?(/[^=,\s]*|\*) *= *([0-9.eE+-]+)")


class RouteRatio(NamedTuple):
    """Keep `ratio` (0 to 1) of the requests to `path`, by `method` or "" for any."""

    method: str
    path: str
    ratio: float


def parse_routes(text: str) -> tuple[RouteRatio, ...]:
    """Read "GET /api/*=0.1,/health=0".

    Raises:
        ValueError: Anything else, or a ratio that is none.
    """
    routes = []
    for word in filter(None, map(str.strip, text.split(","))):
        match = _ROUTE.fullmatch(word)
        if match is None:
            raise ValueError(word)
        ratio_to_threshold(float(match[3]))
        routes.append(RouteRatio(match[1] or "", match[2], float(match[3])))
    return tuple(routes)


class RouteSampler:
    """A `Sampler` that gives each route its share, by `http.request.method` and `url.path`."""

    __slots__ = ("_fallback", "_routes")

    def __init__(self, routes: Sequence[RouteRatio], fallback: Sampler) -> None:
        """Set the routes, the first that matches decides, and who decides otherwise."""
        self._fallback: Final = fallback
        self._routes: Final = [
            (route.method, _pattern(route.path), ParentBased(TraceIdRatioBased(route.ratio)))
            for route in routes
        ]

    @property
    def description(self) -> str:
        """See `Sampler`."""
        return f"RouteSampler{{{len(self._routes)} routes,{self._fallback.description}}}"

    def should_sample(
        self,
        parent: SpanContext | None,
        trace_id: bytes,
        name: str,
        kind: SpanKind,
        attributes: Attributes | None,
        links: Sequence[Link],
    ) -> SamplingResult:
        """Pass on to the route's sampler; only servers' spans have a route."""
        chosen = self._fallback
        if kind == SpanKind.SERVER and attributes is not None:
            asked, path = attributes.get("http.request.method"), str(attributes.get("url.path", ""))
            for method, pattern, sampler in self._routes:
                if method in ("", asked) and pattern.fullmatch(path):
                    chosen = sampler
                    break
        return chosen.should_sample(parent, trace_id, name, kind, attributes, links)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, path.split("*"))), re.DOTALL)
