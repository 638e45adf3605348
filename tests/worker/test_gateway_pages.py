# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the gateway puts into pages, and which it leaves alone."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import pytest

from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway
from tests.worker.site import Answer
from tests.worker.talk import Reply

TAG = '<script src="/edgetrace/agent.js" data-service-name="shop" async></script>'
META = re.compile(
    r'<meta name="traceparent" content="00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})">'
)
WHOLE = "<!doctype html><html><head><title>x</title></head><body>hello</body></html>"
HTML = ("content-type", "text/html; charset=utf-8")


@pytest.fixture(scope="module")
def gateway(edge: Edge) -> Iterator[Gateway]:
    """A gateway whose tag names the service; /private* is skipped."""
    given = {
        "EDGETRACE_TAG_ATTRIBUTES": "service_name=shop",
        "EDGETRACE_SKIP_PATHS": "/private*",
    }
    running = Gateway(edge, vars=given)
    yield running
    running.close()


@pytest.fixture(scope="module")
def careful(edge: Edge) -> Iterator[Gateway]:
    """A gateway that measures who has consented, and samples nothing by itself."""
    given = {
        "EDGETRACE_CONSENT_COOKIE": "consent=yes",
        "EDGETRACE_PRIVACY_SIGNALS": "ignore",
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
    }
    running = Gateway(edge, vars=given)
    yield running
    running.close()


def page(
    gateway: Gateway, body: str | bytes = WHOLE, *headers: tuple[str, str], status: int = 200
) -> Reply:
    """A page as the visitor gets it."""
    data = body.encode() if isinstance(body, str) else body
    named = {name for name, _ in headers}
    gateway.site.put("/page", Answer(status, [*headers, *([HTML] * (HTML[0] not in named))], data))
    return gateway.get("/page")


def without_meta(text: str) -> str:
    """A page less the one <meta>."""
    assert len(META.findall(text)) == 1
    return META.sub("", text)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (WHOLE, WHOLE.replace("<head>", "<head>" + TAG)),
        (WHOLE.replace("head>", "HEAD>"), WHOLE.replace("head>", "HEAD>").replace(
            "<HEAD>", "<HEAD>" + TAG)),
        ('<head lang="de">a</head>', f'<head lang="de">{TAG}a</head>'),
        ("<html><body class=a>b</body></html>", f"<html><body class=a>{TAG}b</body></html>"),
        ("<p>a fragment", f"<p>a fragment{TAG}"),
        ("text alone", f"text alone{TAG}"),
        ("<!-- <head> --><head></head>", f"<!-- <head> --><head>{TAG}</head>"),
        ("<title><head></title><body>x", f"<title><head></title><body>{TAG}x"),
        ("<header>no</header>", f"<header>no</header>{TAG}"),
        ("<head></head><head></head><body><body>",
         f"<head>{TAG}</head><head></head><body><body>"),
        ("<frameset><frame src=a></frameset>", f"<frameset><frame src=a></frameset>{TAG}"),
        ("<head>\u00e9\u20ac</head>", f"<head>{TAG}\u00e9\u20ac</head>"),
        ("<he", f"<he{TAG}"),
    ],
)  # fmt: skip
def test_the_tag_goes_to_the_first_good_place_once(
    gateway: Gateway, body: str, expected: str
) -> None:
    """Into <head>, else <body>, else at the end; case, comments and repeats do not mislead it."""
    assert without_meta(page(gateway, body).text) == expected


def test_a_private_page_says_its_trace_twice(gateway: Gateway) -> None:
    """<meta> and Server-Timing name the server's span, and the page is for this visitor alone."""
    reply = page(gateway, WHOLE, ("server-timing", "db;dur=5"), ("etag", '"1"'))
    found = META.search(reply.text)
    assert found is not None
    trace, span, flags = found.groups()
    timing = ", ".join(reply.all("server-timing"))
    assert timing == f'db;dur=5, traceparent;desc="00-{trace}-{span}-{flags}"'
    assert reply.header("cache-control") == "private"
    assert reply.header("etag") == 'W/"1"'
    assert reply.header("content-length") is None
    spans = gateway.collector.store.wait_for(
        lambda store: [s for s in store.spans(trace) if s["kind"] == 2]
    )
    assert spans[0]["span_id"] == span


def test_a_shared_page_names_no_visitor(gateway: Gateway) -> None:
    """What a cache may keep is the same for two visitors: the tag, no id anywhere."""
    one = page(gateway, WHOLE, ("cache-control", "public, max-age=60"))
    two = page(gateway, WHOLE, ("cache-control", "public, max-age=60"))
    assert one == two
    assert one.text == WHOLE.replace("<head>", "<head>" + TAG)
    assert one.header("server-timing") is None
    assert one.header("cache-control") == "public, max-age=60"


@pytest.mark.parametrize(
    "headers",
    [
        [("cache-control", "no-transform")],
        [("content-disposition", "attachment; filename=a.html")],
        [("content-range", "bytes 0-4/9")],
        [("content-type", "application/xhtml+xml")],
        [("content-type", "text/plain")],
        [("content-type", "text/html; charset=utf-16")],
        [("content-type", "text/html; charset=no-such")],
        [("content-encoding", "zstd")],
        [("content-encoding", "deflate")],
        [("content-encoding", "gzip, gzip")],
    ],
)
def test_what_is_to_be_left_alone_is(gateway: Gateway, headers: list[tuple[str, str]]) -> None:
    """Saved files, parts, other types, and codings and charsets that cannot be rewritten."""
    reply = page(gateway, WHOLE, ("etag", '"1"'), *headers)
    assert reply.text == WHOLE
    assert reply.header("etag") == '"1"'
    assert reply.header("server-timing") is None


def test_nothing_is_put_into_nothing(gateway: Gateway) -> None:
    """An empty answer, which many servers call HTML, stays empty."""
    assert page(gateway, "").body == b""


def test_parts_of_pages_are_left_alone(gateway: Gateway) -> None:
    """206 passes byte for byte."""
    assert page(gateway, "<head>", ("content-range", "bytes 0-5/99"), status=206).text == "<head>"


def test_skipped_paths_are_left_alone(gateway: Gateway) -> None:
    """EDGETRACE_SKIP_PATHS, however the path is written."""
    for path in ("/private", "/private/a", "/%70rivate"):
        gateway.site.put(path, Answer(200, [HTML], WHOLE.encode()))
        assert gateway.get(path).text == WHOLE


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_error_pages_are_pages(gateway: Gateway, status: int) -> None:
    """Somebody looks at them."""
    reply = page(gateway, WHOLE, status=status)
    assert reply.status == status
    assert TAG in reply.text


def test_what_scripts_fetch_is_left_alone(gateway: Gateway) -> None:
    """Sec-Fetch-Dest: empty is no page view; a document or frame is."""
    page(gateway)
    assert gateway.get("/page", ("Sec-Fetch-Dest", "empty")).text == WHOLE
    assert TAG in gateway.get("/page", ("Sec-Fetch-Dest", "iframe")).text


def test_compressed_pages_are_opened_and_closed(gateway: Gateway) -> None:
    """gzip in, gzip out, the tag inside."""
    packed = gzip.compress(WHOLE.encode())
    page(gateway, packed, ("content-encoding", "gzip"))
    reply = gateway.get("/page", ("Accept-Encoding", "gzip"))
    assert reply.header("content-encoding") == "gzip"
    assert without_meta(gzip.decompress(reply.body).decode()) == WHOLE.replace(
        "<head>", "<head>" + TAG
    )


def test_the_nonce_is_taken_over(gateway: Gateway) -> None:
    """A policy's nonce is on the tag, so that the page runs it."""
    policy = ("content-security-policy", "script-src 'nonce-abc123' 'strict-dynamic'")
    assert 'nonce="abc123" async' in page(gateway, WHOLE, policy).text


@pytest.mark.parametrize("signal", ["Sec-GPC", "DNT"])
def test_privacy_signals_are_respected(gateway: Gateway, signal: str) -> None:
    """A visitor who does not want to be measured gets the page as it is."""
    page(gateway)
    assert gateway.get("/page", (signal, "1")).text == WHOLE


def test_consent_is_waited_for(careful: Gateway) -> None:
    """With a consent cookie set, only its bearers get the tag."""
    assert page(careful).text == WHOLE
    assert "<script" in careful.get("/page", ("Cookie", "a=1; consent=yes")).text
    assert careful.get("/page", ("Cookie", "consent=no")).text == WHOLE


def test_an_unsampled_trace_says_so(careful: Gateway) -> None:
    """The page learns that its trace is not recorded, so that it records nothing either."""
    page(careful)
    found = META.search(careful.get("/page", ("Cookie", "consent=yes")).text)
    assert found is not None
    assert int(found[3], 16) & 1 == 0
    sampled = f"00-{'1' * 32}-{'2' * 16}-01"
    text = careful.get("/page", ("Cookie", "consent=yes"), ("traceparent", sampled)).text
    found = META.search(text)
    assert found is not None
    assert (found[1], int(found[3], 16) & 1) == ("1" * 32, 1)


def test_posts_are_pages_and_heads_have_none(gateway: Gateway) -> None:
    """A form's answer gets the tag; HEAD passes."""
    page(gateway)
    assert TAG in gateway.ask("POST", "/page", [], b"a=1").text
    head = gateway.ask("HEAD", "/page")
    assert (head.status, head.body) == (200, b"")
