# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pages: which responses are, what they are given, and what caches make of it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from edgetrace_gateway.csp import csp_nonce
from edgetrace_gateway.html import script_tag, server_timing, traceparent_meta
from edgetrace_gateway.page import (
    changed_headers,
    directives,
    is_page,
    is_shared,
    may_inject,
    unshared,
)

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("method", "status", "headers", "expected"),
    [
        ("GET", 200, HTML, True),
        ("POST", 200, {"content-type": "Text/HTML"}, True),
        ("GET", 404, HTML, True),
        ("GET", 503, HTML, True),
        ("HEAD", 200, HTML, False),
        ("OPTIONS", 200, HTML, False),
        ("GET", 101, HTML, False),
        ("GET", 204, HTML, False),
        ("GET", 206, HTML, False),
        ("GET", 302, HTML, False),
        ("GET", 304, HTML, False),
        ("GET", 200, {}, False),
        ("GET", 200, {"content-type": "application/xhtml+xml"}, False),
        ("GET", 200, {"content-type": "text/htmlx"}, False),
        ("GET", 200, {**HTML, "content-range": "bytes 0-1/2"}, False),
        ("GET", 200, {**HTML, "content-disposition": "Attachment; filename=x.html"}, False),
        ("GET", 200, {**HTML, "content-disposition": "inline"}, True),
    ],
)
def test_pages(method: str, status: int, headers: dict[str, str], expected: bool) -> None:
    """Whole HTML documents to be looked at, errors too."""
    assert is_page(method, status, headers) is expected


@pytest.mark.parametrize(
    ("destination", "expected"),
    [("document", True), ("iframe", True), ("empty", False), ("script", False)],
)
def test_what_a_script_fetches_is_no_page(destination: str, expected: bool) -> None:
    """Parts of a page, as htmx and Turbo load them, have the agent already."""
    assert is_page("GET", 200, HTML, {"sec-fetch-dest": destination}) is expected


def test_no_transform_is_heard() -> None:
    """In any case, among other directives, not inside of a value."""
    assert not may_inject("public, No-Transform")
    assert may_inject("max-age=60")
    assert may_inject("")
    assert may_inject('private="no-transform"')


def test_directives() -> None:
    """Quoted values keep their commas; of repeated ones the first counts."""
    assert directives('a, B = 1 ,, c="x, y", b=2; z, d="open') == {
        "a": "",
        "b": "1",
        "c": "x, y",
        "d": '"open',
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"cache-control": "private, max-age=60"}, False),
        ({"cache-control": "no-store"}, False),
        ({"cache-control": "no-cache"}, False),
        ({"cache-control": "public, max-age=0, must-revalidate"}, False),
        ({"cache-control": "max-age=600, s-maxage=0"}, False),
        ({"cache-control": "max-age=60"}, True),
        ({"cache-control": 'max-age="60"'}, True),
        ({"cache-control": "max-age=0, s-maxage=60"}, True),
        ({"cache-control": "s-maxage=0, stale-while-revalidate=60"}, True),
        ({"cache-control": "public"}, True),
        ({"cache-control": 'private="set-cookie", max-age=60'}, True),
        ({"cache-control": "max-age=60", "vary": "*"}, False),
        ({"last-modified": "Sat, 28 Nov 2026 08:00:00 GMT"}, True),
        ({"expires": "0"}, False),
        ({"expires": "-1", "last-modified": "Sat, 28 Nov 2026 08:00:00 GMT"}, False),
        (
            {
                "date": "Sat, 28 Nov 2026 08:00:00 GMT",
                "expires": "Sat, 28 Nov 2026 08:00:00 GMT",
            },
            False,
        ),
        (
            {
                "date": "Sat, 28 Nov 2026 08:00:00 GMT",
                "expires": "Fri, 01 Jan 2027 00:00:00 GMT",
            },
            True,
        ),
        ({"expires": "Fri, 01 Jan 2027 00:00:00 GMT"}, True),
        ({"cache-control": "private", "cdn-cache-control": "max-age=60"}, True),
        ({"cache-control": "max-age=0", "cloudflare-cdn-cache-control": "no-store"}, False),
        ({"surrogate-control": "max-age=60", "cache-control": "no-cache"}, True),
    ],
)
def test_a_page_that_others_may_be_given_names_no_trace(
    headers: dict[str, str], expected: bool
) -> None:
    """Shared is what a cache may give to the next visitor unasked; in doubt, it is."""
    assert is_shared(headers) is expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "private"),
        ("public, max-age=0, must-revalidate", "private, max-age=0, must-revalidate"),
        ("no-cache, s-maxage=0", "private, no-cache"),
        ("private, max-age=60", "private, max-age=60"),
        ('no-cache="a, b", Public', 'private, no-cache="a, b"'),
    ],
)
def test_a_page_with_a_trace_is_for_one_browser(before: str, after: str) -> None:
    """A cache that asks again would answer with another visitor's body."""
    assert unshared(before) == after


def test_what_changes_with_the_body() -> None:
    """Promises about the old bytes go; what is not there is not mentioned."""
    headers = {
        **HTML,
        "content-length": "10",
        "content-md5": "x",
        "repr-digest": "x",
        "digest": "x",
        "content-digest": "x",
        "accept-ranges": "bytes",
        "etag": '"abc"',
        "last-modified": "x",
    }
    assert changed_headers(headers) == {
        "content-length": None,
        "content-md5": None,
        "digest": None,
        "repr-digest": None,
        "content-digest": None,
        "accept-ranges": None,
        "etag": 'W/"abc"',
    }
    assert changed_headers({"etag": 'W/"abc"'}) == {}


@pytest.mark.parametrize(
    ("policy", "nonce"),
    [
        ("", ""),
        ("script-src 'self'", ""),
        ("script-src 'nonce-abc'", "abc"),
        ("default-src 'self' 'nonce-a'; script-src 'nonce-b'", "b"),
        ("default-src 'nonce-a'", "a"),
        ("script-src 'nonce-a'; script-src-elem 'nonce-b'", "b"),
        ("script-src-elem 'self'; script-src 'nonce-a'", ""),
        ("SCRIPT-SRC 'Nonce-aB+/-_=='", "aB+/-_=="),
        ("script-src 'nonce-a'; script-src 'nonce-b'", "a"),
        ("style-src 'nonce-a'", ""),
        ("script-src 'nonce-a\"onload=x'", ""),
        ("script-src 'nonce-'", ""),
        ("script-src 'nonce-a===' 'nonce-b'", "b"),
        (";;  ; script-src\t'nonce-a'", "a"),
        ("default-src 'self', script-src 'nonce-a'", "a"),
        ("script-src 'nonce-a' 'nonce-b', script-src 'nonce-b'", "b"),
        ("script-src 'nonce-a', script-src 'nonce-b'", "a"),
    ],
)
def test_the_nonce_of_a_policy(policy: str, nonce: str) -> None:
    """Of the directive that governs script elements; the first one all policies accept."""
    assert csp_nonce({"content-security-policy": policy}) == nonce


class Tags(HTMLParser):
    """Start tags as a browser reads them."""

    def __init__(self, text: str) -> None:
        """Parse."""
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep one."""
        self.found.append((tag, dict(attrs)))


def test_the_script_tag() -> None:
    """Attributes by name, asynchronous, with the nonce."""
    assert script_tag("/edgetrace/agent.js?v=1&x", {"data-service-name": "shop"}, "abc") == (
        '<script src="/edgetrace/agent.js?v=1&amp;x" data-service-name="shop" nonce="abc" async>'
        "</script>"
    )
    assert script_tag("/a.js", {}, integrity="sha384-x") == (
        '<script src="/a.js" integrity="sha384-x" async></script>'
    )
    assert 'crossorigin="anonymous"' in script_tag("//cdn.example/a.js", {}, "", "sha384-x")


def test_values_cannot_leave_their_attributes() -> None:
    """What is put in comes out of a parser as it was, and nothing else with it."""
    nasty = "\"'><script>alert(1)</script>&amp;&quot;<!--\n`="
    attributes = {"data-a": nasty, "onload": "x", "data-B": "x", 'data-c"': "x", "data": "x"}
    [(tag, found)] = Tags(script_tag(nasty, attributes, nasty)).found
    assert tag == "script"
    assert found == {"src": nasty, "data-a": nasty, "nonce": nasty, "async": None}


def test_the_trace_of_a_page() -> None:
    """By <meta> and by Server-Timing; nothing for what is no traceparent."""
    assert traceparent_meta(TRACEPARENT) == f'<meta name="traceparent" content="{TRACEPARENT}">'
    assert server_timing(TRACEPARENT) == f'traceparent;desc="{TRACEPARENT}"'
    for nonsense in ("", '00-"><script>', TRACEPARENT + '"'):
        assert traceparent_meta(nonsense) == ""
        assert server_timing(nonsense) == ""
