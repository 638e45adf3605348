# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the edge knows and does around requests: facts, rates, loops, files, counters."""

from __future__ import annotations

import math
import re

import pytest

from edgetrace_gateway.facts import client_key, edge_attributes
from edgetrace_gateway.files import IMMUTABLE, SHORT, file_headers, takes_brotli
from edgetrace_gateway.loop import MAX_HOPS, extend
from edgetrace_gateway.metrics import COUNTERS, Counters, prometheus
from edgetrace_gateway.rate import RateLimiter
from edgetrace_gateway.settings import EDGE_FACTS

S = 1_000_000_000
CF = {
    "country": "US",
    "regionCode": "TX",
    "city": "Austin",
    "continent": "NA",
    "colo": "DFW",
    "asn": 395747.0,
    "timezone": "America/Chicago",
    "tlsVersion": "TLSv1.3",
}


def test_all_facts() -> None:
    """OpenTelemetry's names where it has one, Cloudflare's where not."""
    assert edge_attributes(CF, "192.0.2.1", EDGE_FACTS) == {
        "geo.country.iso_code": "US",
        "geo.region.iso_code": "US-TX",
        "geo.locality.name": "Austin",
        "geo.continent.code": "NA",
        "cloudflare.colo": "DFW",
        "client.as.number": 395747,
        "geo.timezone": "America/Chicago",
        "client.address": "192.0.2.1",
    }


def test_only_what_is_wanted_and_known_is_said() -> None:
    """Tor has no country; outside of Cloudflare nothing is known; odd types are nothing."""
    assert edge_attributes(CF, "192.0.2.1", ("colo",)) == {"cloudflare.colo": "DFW"}
    assert edge_attributes({}, "", EDGE_FACTS) == {}
    odd = {"country": "T1", "regionCode": "TX", "asn": True, "city": 5, "colo": None}
    assert edge_attributes(odd, "", EDGE_FACTS) == {}
    for asn in (math.nan, math.inf, -1, 0, 1.5, 2**32, "5"):
        assert edge_attributes({"asn": asn}, "", EDGE_FACTS) == {}
    assert len(str(edge_attributes({"city": "x" * 999}, "", ["city"])["geo.locality.name"])) == 128


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:0db8:0001:0002::", "2001:db8:1:2::/64"),
        ("2001:db8::1", "2001:db8:0:0::/64"),
        ("::1", "0:0:0:0::/64"),
        ("::", "0:0:0:0::/64"),
        ("fe80::1%eth0", "fe80:0:0:0::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"),
        ("1:2:3:4:5:6:7", "unknown"),
        ("1:2:3:4:5:6:7:8:9", "unknown"),
        ("1::2::3", "unknown"),
        ("1:2:3:4:5:6:7::8:9", "unknown"),
        ("g::", "unknown"),
        (":::", "unknown"),
        ("::ffff:999.0.2.1", "unknown"),
        ("localhost", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_client_is_an_address_or_a_network(address: str, key: str) -> None:
    """A subscriber of IPv6 has a /64 of addresses, and is one client."""
    assert client_key({"cf-connecting-ip": address}) == key
    assert client_key({}) == "unknown"


def test_a_burst_and_then_the_rate() -> None:
    """3 in 60 s: three at once, then one every 20 s."""
    limiter = RateLimiter(3, 60)
    assert [limiter.check("a", 0) for _ in range(5)] == [0, 0, 0, 20, 20]
    assert limiter.check("b", 0) == 0
    assert limiter.check("a", 19 * S) == 1
    assert limiter.check("a", 20 * S) == 0
    assert limiter.check("a", 20 * S) == 20
    assert [limiter.check("a", 1_000 * S) for _ in range(4)] == [0, 0, 0, 20]


def test_the_wait_is_rounded_up() -> None:
    """Whoever waits as long as told is let in."""
    limiter = RateLimiter(1, 1)
    assert limiter.check("a", 0) == 0
    assert limiter.check("a", 1) == 1
    assert limiter.check("a", S) == 0


def test_memory_is_bounded() -> None:
    """The client unseen for longest is forgotten."""
    limiter = RateLimiter(1, 60, max_clients=2)
    for key in ("a", "b", "a", "c"):
        limiter.check(key, 0)
    assert len(limiter) == 2
    assert limiter.check("a", 0) == 60
    assert limiter.check("b", 0) == 0


def test_a_clock_that_goes_back_locks_nobody_out() -> None:
    """Nobody waits for longer than a window."""
    limiter = RateLimiter(2, 60)
    limiter.check("a", 10**18)
    assert limiter.check("a", 0) <= 60


def test_every_long_run_keeps_the_rate() -> None:
    """Asking each second for an hour, 10/60 lets 10 a minute in, and the first burst."""
    limiter = RateLimiter(10, 60)
    passed = sum(limiter.check("a", second * S) == 0 for second in range(3_600))
    assert 600 <= passed <= 610


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "shop"),
        ("edge-2", "edge-2, shop"),
        (" a , ,b", "a, b, shop"),
        ("shop", None),
        ("a, shop, b", None),
        (", ".join("abcdefgh"), None),
        (", ".join("abcdefg"), "a, b, c, d, e, f, g, shop"),
        ("x," * 100_000, None),
        ("shopping", "shopping, shop"),
    ],
)
def test_a_request_that_comes_back_is_a_loop(value: str, expected: str | None) -> None:
    """Or one that has passed eight gateways."""
    assert MAX_HOPS == 8
    assert extend(value, "shop") == expected


def test_an_identity_is_a_token() -> None:
    """Whatever a service is called, the header can be read back."""
    once = extend("", "my shop, \r\nü")
    assert once == "my-shop-"
    assert extend(once, "my shop, \r\nü") is None
    assert extend("", "") == "gateway"


@pytest.mark.parametrize(
    ("name", "query", "kind", "cache"),
    [
        ("agent.js", "v=1.2", "text/javascript; charset=utf-8", IMMUTABLE),
        ("agent.js", "", "text/javascript; charset=utf-8", SHORT),
        ("agent.js", "v=1.1", "text/javascript; charset=utf-8", SHORT),
        ("agent.js", "v=1.2&v=1.1", "text/javascript; charset=utf-8", SHORT),
        ("pyodide/pyodide.asm.wasm", "a&v=1%2E2", "application/wasm", IMMUTABLE),
        ("x.ZIP", "", "application/zip", SHORT),
        ("noend", "", "application/octet-stream", SHORT),
    ],
)
def test_files(name: str, query: str, kind: str, cache: str) -> None:
    """A URL with the version is for ever; all are for pages of any origin."""
    assert file_headers(name, query, "1.2") == {
        "content-type": kind,
        "cache-control": cache,
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        "timing-allow-origin": "*",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize(
    ("accepts", "takes"),
    [
        ("br", True),
        ("gzip, BR ;q=0.5", True),
        ("gzip;q=1, br; q=1.0", True),
        ("br;q=0", False),
        ("br; q=0.000, gzip", False),
        ("gzip, brotli", False),
        ("*", False),
        ("", False),
    ],
)
def test_brotli_is_sent_to_who_names_it(accepts: str, takes: bool) -> None:
    """Whatever its weight, unless that is zero."""
    assert takes_brotli(accepts) is takes


def test_no_version_is_never_for_ever() -> None:
    """`?v=` against nothing."""
    assert file_headers("agent.js", "v=", "")["cache-control"] == SHORT


LINE = re.compile(
    r"# HELP [a-z_]+ .+|# TYPE [a-z_]+ (?:counter|gauge)"
    r'|[a-z_]+(?:\{[a-z]+="[a-z_]+"\})? (?:-?[0-9.e+]+|NaN|[+-]Inf)'
)


def test_counters_are_written_as_prometheus_reads_them() -> None:
    """Every name from the start, each with its help and type, once."""
    counters = Counters()
    counters.add("requests", "site")
    counters.add("bodies_dropped", "garbage", 2)
    counters.add("spans_forwarded", amount=512)
    agent = {"ended": 7, "dropped_queue_full": 1, "queued": 3, "in_flight": 0, "Bad Name": 1}
    text = prometheus(counters.snapshot(), agent)
    lines = text.splitlines()
    assert text.endswith("\n")
    assert all(map(LINE.fullmatch, lines))
    assert 'edgetrace_gateway_requests_total{route="site"} 1' in lines
    assert 'edgetrace_gateway_bodies_dropped_total{cause="garbage"} 2' in lines
    assert 'edgetrace_gateway_bodies_dropped_total{cause="origin"} 0' in lines
    assert "edgetrace_gateway_spans_forwarded_total 512" in lines
    assert "edgetrace_agent_ended_total 7" in lines
    assert 'edgetrace_agent_dropped_total{cause="queue_full"} 1' in lines
    assert "# TYPE edgetrace_agent_queued gauge" in lines
    assert "edgetrace_agent_queued 3" in lines
    types = [line for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types)) == len(COUNTERS) + 4


def test_a_counter_that_is_not_there_is_a_fault() -> None:
    """Names are fixed: a typo shows in the caller's first test."""
    with pytest.raises(KeyError):
        Counters().add("requests", "mars")


def test_odd_numbers_are_written_too() -> None:
    """In Prometheus' words."""
    text = prometheus(
        {"spans_made": math.inf, "internal_errors": math.nan, "bodies_forwarded": 0.5}
    )
    assert "edgetrace_gateway_spans_made_total +Inf" in text
    assert "edgetrace_gateway_internal_errors_total NaN" in text
    assert "edgetrace_gateway_bodies_forwarded_total 0.5" in text
