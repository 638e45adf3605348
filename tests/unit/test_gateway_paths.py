# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which requests are the gateway's own."""

from __future__ import annotations

import time

import pytest

from edgetrace_gateway.paths import Destination, Route, classify, matches

SITE = Destination(Route.SITE)


@pytest.mark.parametrize(
    ("method", "path", "destination"),
    [
        ("POST", "/v1/traces", Destination(Route.TRACES)),
        ("OPTIONS", "/v1/traces", Destination(Route.TRACES)),
        ("POST", "/v1/traces?key=a/b", Destination(Route.TRACES)),
        ("POST", "/edgetrace/raw", Destination(Route.RAW)),
        ("GET", "/edgetrace/health", Destination(Route.HEALTH)),
        ("HEAD", "/edgetrace/metrics", Destination(Route.METRICS)),
        ("GET", "/edgetrace/agent.js?v=1", Destination(Route.FILE, "agent.js")),
        ("GET", "/edgetrace/pyodide/a.asm.mjs", Destination(Route.FILE, "pyodide/a.asm.mjs")),
        (
            "HEAD",
            "/edgetrace/edgetrace-0.1.0-py3-none-any.whl",
            Destination(Route.FILE, "edgetrace-0.1.0-py3-none-any.whl"),
        ),
        ("GET", "/v1/traces", Destination(Route.WRONG_METHOD, allow="POST, OPTIONS")),
        ("DELETE", "/edgetrace/raw", Destination(Route.WRONG_METHOD, allow="POST, OPTIONS")),
        ("POST", "/edgetrace/agent.js", Destination(Route.WRONG_METHOD, allow="GET, HEAD")),
        ("get", "/edgetrace/health", Destination(Route.WRONG_METHOD, allow="GET, HEAD")),
        ("GET", "/", SITE),
        ("GET", "", SITE),
        ("GET", "*", SITE),
        ("POST", "/cart", SITE),
    ],
)
def test_a_path_and_a_method_have_one_destination(
    method: str, path: str, destination: Destination
) -> None:
    """By exact path; the query has no say."""
    assert classify(method, path) == destination


@pytest.mark.parametrize(
    "path",
    [
        "/v1/traces/",
        "//v1/traces",
        "/v1//traces",
        "/V1/traces",
        "/v1/traces.",
        "/v1/traces;x",
        "/v1/traces%00",
        "/v1/%74races",
        "/v1/./traces",
        "/v1\\traces",
        "/edgetrace",
        "/edgetrace/",
        "/edgetrace//agent.js",
        "/edgetrace/../agent.js",
        "/edgetrace/..",
        "/edgetrace/.",
        "/edgetrace/.env",
        "/edgetrace/a/.git",
        "/edgetrace/a..js",
        "/edgetrace/agent.js.",
        "/edgetrace/agent.js/",
        "/edgetrace/agent.js\n",
        "/edgetrace/agent.js\0",
        "/edgetrace/%2e%2e/secret",
        "/edgetrace/%61gent.js",
        "/edgetrace/..%2fsecret",
        "/edgetrace/a\\b.js",
        "/edgetrace/a/b/c/d/e.js",
        "/edgetrace/agent.js;v=1",
        "/edgetrace/-rf",
        "/edgetrace/\uff41gent.js",
        "/edgetrace/" + "a" * 129,
        "/edgetrace/" + "a/" * 100_000,
    ],
)
def test_whatever_else_is_the_site_s(path: str) -> None:
    """Nothing is decoded or cleaned, so no trick can make a path ours or a name unsafe."""
    assert classify("GET", path) == SITE


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/admin", "/admin", True),
        ("/admin", "/admin/", False),
        ("/admin*", "/admin/users", True),
        ("/admin*", "/%61dmin/users", True),
        ("*", "/", True),
        ("*.pdf", "/a/b.pdf", True),
        ("*.pdf", "/a/b.pdfx", False),
        ("/a*b*c", "/a-b-c", True),
        ("/a*b*c", "/acb", False),
        ("/a*a", "/a", False),
        ("/a**b", "/ab", True),
        ("/[x]?", "/[x]?", True),
    ],
)
def test_patterns(pattern: str, path: str, expected: bool) -> None:
    """A star is any characters; nothing else is special."""
    assert matches([pattern], path) is expected


def test_no_patterns_match_nothing() -> None:
    """The default skips no page."""
    assert not matches((), "/")


def test_many_stars_stay_linear() -> None:
    """A long path against a pattern that would make a regular expression try everything."""
    begin = time.perf_counter()
    assert not matches(["/" + "*a" * 50 + "*b"], "/" + "a" * 100_000)
    assert time.perf_counter() - begin < 1.0
