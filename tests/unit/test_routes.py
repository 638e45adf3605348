# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_routes`: a share of its own for each kind of request."""

from __future__ import annotations

import pytest

from edgetrace._routes import RouteRatio, RouteSampler, parse_routes
from edgetrace._sampler import AlwaysOff, AlwaysOn, Decision
from edgetrace._types import SpanContext, SpanKind

TRACE_ID = bytes(range(16))


def sampled(
    routes: str,
    method: str = "GET",
    path: str = "/",
    kind: SpanKind = SpanKind.SERVER,
    parent: SpanContext | None = None,
) -> bool:
    """Whether a request is kept, where what no route takes is not."""
    attributes = {"http.request.method": method, "url.path": path}
    result = RouteSampler(parse_routes(routes), AlwaysOff()).should_sample(
        parent, TRACE_ID, method, kind, attributes, ()
    )
    return result.decision is Decision.RECORD_AND_SAMPLE


def test_reading() -> None:
    """Method, path, ratio; spaces where people put them."""
    assert parse_routes(" GET /api/*=0.1, /health = 0,*=1e-3,, ") == (
        RouteRatio("GET", "/api/*", 0.1),
        RouteRatio("", "/health", 0.0),
        RouteRatio("", "*", 0.001),
    )
    assert parse_routes("") == ()


@pytest.mark.parametrize(
    "text",
    [
        *("api=1", "/a", "/a=", "/a=x", "/a=2", "/a=-1", "/a=1e-30", "get /a=1", "/a=.", "=1"),
        "GET/a=1",
    ],
)
def test_what_is_no_route_raises(text: str) -> None:
    """Before the Worker is asked anything."""
    with pytest.raises(ValueError, match=r".*"):
        parse_routes(text)


def test_the_first_that_matches_decides() -> None:
    """By method and path."""
    routes = "POST /a=0,/a=1,/b/*=1,/b/c=0"
    assert sampled(routes, "GET", "/a")
    assert not sampled(routes, "POST", "/a")
    assert sampled(routes, "GET", "/b/c")
    assert not sampled(routes, "GET", "/other")


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        *(("/api/", True), ("/api/x/y", True), ("/api/x\ny", True)),
        *(("/api", False), ("/xapi/", False), ("/api.", False)),
    ],
)
def test_stars(path: str, taken: bool) -> None:
    """Stand for any characters; all others for themselves."""
    assert sampled("/api/*=1", path=path) is taken


def test_a_parents_decision_is_followed() -> None:
    """A trace is kept whole."""
    parent = SpanContext(TRACE_ID, bytes(7) + b"\x01", 1, (), True)
    assert sampled("/a=0", path="/a", parent=parent)
    assert not sampled("/a=1", path="/a", parent=parent._replace(trace_flags=0))


def test_only_servers_have_routes() -> None:
    """A client's span, and one without attributes, is for the sampler beneath."""
    assert not sampled("*=1", kind=SpanKind.CLIENT)
    sampler = RouteSampler(parse_routes("*=0"), AlwaysOn())
    result = sampler.should_sample(None, TRACE_ID, "x", SpanKind.SERVER, None, ())
    assert result.decision is Decision.RECORD_AND_SAMPLE


def test_the_description_names_what_is_beneath() -> None:
    """For people."""
    sampler = RouteSampler(parse_routes("*=0,/a=1"), AlwaysOn())
    assert sampler.description == "RouteSampler{2 routes,AlwaysOnSampler}"
