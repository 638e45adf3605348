# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whatever strangers send, the gateway's parts answer with a value of their kind and raise nothing
else.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import re
from typing import Any

from hypothesis import given, strategies as st

from edgetrace._nesting import is_nested_over
from edgetrace_gateway import cors
from edgetrace_gateway.csp import csp_nonce
from edgetrace_gateway.facts import client_key, edge_attributes
from edgetrace_gateway.files import file_headers
from edgetrace_gateway.inflate import Damaged, TooLarge, gunzip
from edgetrace_gateway.ingest import Accepted, Dropped, Refused, accept, gate
from edgetrace_gateway.keys import same
from edgetrace_gateway.loop import MAX_HOPS, extend
from edgetrace_gateway.page import changed_headers, is_page, is_shared, may_inject, unshared
from edgetrace_gateway.paths import Route, classify, matches
from edgetrace_gateway.rate import RateLimiter
from edgetrace_gateway.settings import EDGE_FACTS, GatewaySettings, normal_origin
from tests.strategies import HOSTILE, texts

S = 1_000_000_000
names = st.sampled_from(
    [
        *("origin", "sec-fetch-site", "sec-fetch-dest", "content-type", "content-length", "cookie"),
        *("content-encoding", "sec-gpc", "dnt", "x-edgetrace-key", "cf-connecting-ip", "vary"),
        *("cache-control", "expires", "date", "etag", "content-security-policy", "last-modified"),
        *("cdn-cache-control", "content-disposition", "content-range", "authorization"),
    ]
)
values = texts | st.sampled_from(
    [
        *("https://shop.example", "null", "application/json", "application/x-protobuf", "gzip"),
        *("text/html", "1", "max-age=60", "private", 'no-cache="', "2001:db8::1", '"etag"'),
        *("script-src 'nonce-a'; ,", "Fri, 01 Jan 2027 00:00:00 GMT", "same-origin", "ok=yes"),
    ]
)
headers = st.dictionaries(names, values, max_size=6)
settings = st.builds(
    GatewaySettings,
    allowed_origins=st.sampled_from([(), ("*",), ("https://a.example",)]),
    ingest_key=st.sampled_from(["", "key"]),
    consent_cookie=st.sampled_from([None, ("ok", "yes")]),
    max_body_bytes=st.sampled_from([10, 1_000]),
    max_expanded_bytes=st.sampled_from([10, 1_000]),
)


@given(st.sampled_from(["GET", "POST", "OPTIONS", "PATCH", ""]), headers, texts, settings)
def test_the_gate_has_an_answer(
    method: str, given_headers: dict[str, str], query: str, chosen: GatewaySettings
) -> None:
    """Refused with an HTTP status, dropped, or let in."""
    answer = gate(method, given_headers, query, chosen, "https://shop.example")
    assert answer is None or isinstance(answer, Refused | Dropped)
    if isinstance(answer, Refused):
        assert 400 <= answer.status < 500
    status, _ = cors.preflight(given_headers, chosen, "https://shop.example")
    assert status in (204, 403)


@given(headers, st.binary(max_size=40), st.booleans(), settings)
def test_a_body_is_accepted_or_refused(
    given_headers: dict[str, str], body: bytes, zipped: bool, chosen: GatewaySettings
) -> None:
    """Nothing that a body holds gets out as anything else."""
    sent = gzip.compress(body) if zipped else body
    answer = accept(given_headers, sent, chosen, {"a": 1})
    assert isinstance(answer, Accepted) or answer.status in (400, 413, 415)


@given(st.binary(max_size=60) | st.binary(max_size=300).map(gzip.compress), st.integers(0, 300))
def test_any_bytes_are_gunzipped_or_refused(body: bytes, allowed: int) -> None:
    """What comes out is what `gzip` says, and never more than was allowed."""
    with contextlib.suppress(TooLarge, Damaged):
        text = gunzip(body, allowed)
        assert len(text) <= allowed
        assert text == gzip.decompress(body)


@given(st.text("/.%2eEraw\\v1tcesdg\0?#;\n", max_size=30) | texts)
def test_only_safe_names_are_files(path: str) -> None:
    """A name stays inside of its folder, however it is read later."""
    for candidate in (path, "/edgetrace/" + path):
        route, name, _ = classify("GET", candidate)
        if route is Route.FILE:
            assert re.fullmatch(r"[\w./-]+", name, re.ASCII)
            assert ".." not in name
            assert "//" not in name
            assert not name.startswith(("/", "."))
            assert candidate.partition("?")[0].partition("#")[0] == "/edgetrace/" + name
        file_headers(name, path, path)


@given(st.text("ab*/", max_size=8), st.text("ab/", max_size=12))
def test_patterns_match_as_regular_expressions_would(pattern: str, path: str) -> None:
    """A star for any characters."""
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), path, re.DOTALL)
    assert matches([pattern], path) is (expected is not None)


@given(headers, texts)
def test_pages_are_judged_without_raising(given_headers: dict[str, str], text: str) -> None:
    """Headers of an origin may hold anything."""
    assert is_page("GET", 200, given_headers, given_headers) in (True, False)
    assert is_shared(given_headers) in (True, False)
    assert may_inject(text) in (True, False)
    assert "private" in unshared(text).lower()
    changed_headers(given_headers)
    assert re.fullmatch(r"[A-Za-z0-9+/_=-]*", csp_nonce({"content-security-policy": text}))
    assert re.fullmatch(r"(https?://[^\s/?#]+)?", normal_origin(text))
    assert same(text, text) is (text != "")


@given(st.ip_addresses() | texts)
def test_clients_are_grouped_as_ipaddress_groups_them(address: Any) -> None:
    """An IPv4 address, the /64 of an IPv6 one, or nobody in particular."""
    key = client_key({"cf-connecting-ip": str(address)})
    if isinstance(address, str):
        assert key
    elif address.version == 4:
        assert key == str(address)
    elif address.ipv4_mapped:
        assert key == str(address.ipv4_mapped)
    else:
        high = int(address) >> 64
        assert key == ":".join(f"{high >> s & 0xFFFF:x}" for s in (48, 32, 16, 0)) + "::/64"


@given(st.dictionaries(st.sampled_from(["country", "regionCode", "city", "asn", "colo"]), texts))
def test_facts_are_short_texts_and_numbers(cf: dict[str, object]) -> None:
    """Whatever a `cf` holds."""
    for kind in sorted(HOSTILE):
        said = edge_attributes({**cf, "city": HOSTILE[kind](), "asn": kind}, "", EDGE_FACTS)
        assert all(type(value) is int or len(str(value)) <= 128 for value in said.values())


@given(texts, texts)
def test_a_loop_is_found_on_the_second_pass(value: str, identity: str) -> None:
    """Whatever else the header holds."""
    once = extend(value, identity)
    if once is not None:
        assert len(once.split(",")) <= MAX_HOPS
        assert extend(once, identity) is None


@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 3 * S), st.sampled_from("ab")), max_size=40),
)
def test_no_window_lets_more_than_two_bursts_through(
    limit: int, window_s: int, steps: list[tuple[int, str]]
) -> None:
    """A token bucket: in any window at most a burst and what was refilled in it; waits suffice."""
    limiter = RateLimiter(limit, window_s)
    passed: dict[str, list[int]] = {"a": [], "b": []}
    now = 0
    for step, client in steps:
        now += step
        wait = limiter.check(client, now)
        assert 0 <= wait <= window_s
        if wait == 0:
            passed[client].append(now)
    for times in passed.values():
        for begin in times:
            assert sum(begin <= at < begin + window_s * S for at in times) <= 2 * limit
    for client in "ab":
        wait = limiter.check(client, now)
        assert limiter.check(client, now + wait * S) == 0 or wait == 0


def depth_of(value: Any) -> int:
    """Levels of a JSON value."""
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(depth_of, inner), default=0)


json_values = st.recursive(
    st.none() | st.integers() | st.text('[]{}"\\,:n\ud83d', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('[{"\\'), inner, max_size=3)
    ),
    max_leaves=15,
)


@given(json_values, st.booleans())
def test_the_depth_of_json_is_told_without_parsing(value: Any, escaped: bool) -> None:
    """Brackets in strings do not count, whatever else stands there."""
    text = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    depth = depth_of(value)
    assert not is_nested_over(text, depth)
    assert depth == 0 or is_nested_over(text, depth - 1)


@given(st.text('[]{}"\\,:1a \n', max_size=30), st.integers(0, 4))
def test_a_parser_goes_no_deeper_than_was_told(text: str, most: int) -> None:
    """What is no JSON too: up to its first mistake it was measured."""
    if not is_nested_over(text.encode(), most):
        deepest = depth = 0
        # A parser's own reading: strings whole, and nothing after what cannot be JSON.
        for token in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|.', text, re.DOTALL):
            if token in ('"', "\\"):
                break
            depth += (token in "[{") - (token in "]}") if len(token) == 1 else 0
            deepest = max(deepest, depth)
        assert deepest <= most
