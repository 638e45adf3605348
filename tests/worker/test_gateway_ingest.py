# SPDX-License-Identifier: MIT OR Apache-2.0
"""What browsers send to the gateway: taken, told where it came from, and handed on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest

from tests.unit.test_raw import body as raw_body
from tests.worker.collectors import JSON, PROTOBUF, Sink, named, request, resource_of
from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway
from tests.worker.talk import Headers, Reply, Talk

SECRET = "Bearer of-the-collector"
CF = {"country": "DE", "regionCode": "BE", "city": "Berlin", "continent": "EU",
      "timezone": "Europe/Berlin", "asn": 64500, "colo": "TXL"}  # fmt: skip
BODY = request().SerializeToString()


class Ingest(Gateway):
    """A gateway whose collector is a sink."""

    def __init__(self, edge: Edge, **vars: str) -> None:
        self.sink = Sink()
        known = {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.sink.endpoint,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={SECRET.replace(' ', '%20')}",
        }
        super().__init__(edge, vars={**known, **vars})

    def post(self, body: bytes, *headers: tuple[str, str], target: str = "/v1/traces") -> Reply:
        """POST from one of the site's own pages."""
        return self.ask("POST", target, [("MF-CF-Blob", json.dumps(CF)), *headers], body)

    def close(self) -> None:
        """End all."""
        super().close()
        self.sink.close()


@pytest.fixture(scope="module")
def shared(edge: Edge) -> Iterator[Ingest]:
    """A gateway that adds all the edge knows."""
    known = "country,region,city,continent,colo,asn,timezone,client"
    running = Ingest(
        edge,
        EDGETRACE_EDGE_ATTRIBUTES=known,
        EDGETRACE_ALLOWED_ORIGINS="https://other.example",
        EDGETRACE_METRICS_TOKEN="open",
        EDGETRACE_MAX_BODY_BYTES="100000",
        EDGETRACE_MAX_EXPANDED_BYTES="1000000",
    )
    yield running
    running.close()


@pytest.fixture
def gateway(shared: Ingest) -> Ingest:
    """The same, its collector well again."""
    shared.sink.say(200)
    return shared


@pytest.fixture(scope="module")
def strict(edge: Edge) -> Iterator[Ingest]:
    """A gateway with a key and a limit of three requests."""
    running = Ingest(edge, EDGETRACE_INGEST_KEY="k3y", EDGETRACE_RATE_LIMIT="3/60")
    yield running
    running.close()


def test_protobuf_arrives_with_what_the_edge_knows(gateway: Ingest) -> None:
    """The resource has the place and network of the visitor beside the page's own attributes."""
    reply = gateway.post(BODY, PROTOBUF, ("CF-Connecting-IP", "192.0.2.7"))
    assert (reply.status, reply.body) == (200, b"")
    assert reply.header("content-type") == "application/x-protobuf"
    seen, message = gateway.sink.took()
    assert named(message, "of a page") == 1
    known = resource_of(message)
    assert {
        "service.name": "page",
        "geo.country.iso_code": "DE",
        "geo.region.iso_code": "DE-BE",
        "geo.locality.name": "Berlin",
        "geo.continent.code": "EU",
        "geo.timezone": "Europe/Berlin",
        "client.as.number": 64500,
        "cloudflare.colo": "TXL",
    }.items() <= known.items()
    assert known["client.address"]
    assert seen.header("authorization") == SECRET


def test_json_arrives_as_json(gateway: Ingest) -> None:
    """In the encoding that it was sent in, with the same attributes."""
    sent = {
        "resourceSpans": [
            {
                "resource": {"attributes": []},
                "scopeSpans": [
                    {"spans": [{"traceId": "1" * 32, "spanId": "2" * 16, "name": "json"}]}
                ],
            }
        ]
    }
    reply = gateway.post(json.dumps(sent).encode(), JSON)
    assert (reply.status, reply.text) == (200, "{}")
    seen = gateway.sink.seen("/v1/traces")
    assert seen.header("content-type") == "application/json"
    (resource,) = json.loads(seen.body)["resourceSpans"]
    assert resource["scopeSpans"] == sent["resourceSpans"][0]["scopeSpans"]
    pairs = {pair["key"]: pair["value"] for pair in resource["resource"]["attributes"]}
    assert pairs["geo.country.iso_code"] == {"stringValue": "DE"}


def test_gzip_arrives_as_gzip(gateway: Ingest) -> None:
    """Opened, added to, and closed again."""
    reply = gateway.post(gzip.compress(BODY), PROTOBUF, ("Content-Encoding", "gzip"))
    assert reply.status == 200
    seen, message = gateway.sink.took()
    assert seen.header("content-encoding") == "gzip"
    assert resource_of(message)["geo.country.iso_code"] == "DE"


def test_forged_attributes_are_replaced(gateway: Ingest) -> None:
    """A page cannot say where it is."""
    forged = request(1, "of a page", **{"geo.country.iso_code": "XX", "client.as.number": "1"})
    gateway.post(forged.SerializeToString(), PROTOBUF)
    known = resource_of(gateway.sink.took()[1])
    assert (known["geo.country.iso_code"], known["client.as.number"]) == ("DE", 64500)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"garbage", [PROTOBUF], 400),
        (b"{", [JSON], 400),
        (b"[" * 50_000, [JSON], 400),
        (BODY, [PROTOBUF, ("Content-Encoding", "gzip")], 400),
        (gzip.compress(BODY)[:-9], [PROTOBUF, ("Content-Encoding", "gzip")], 400),
        (BODY, [("Content-Type", "text/plain")], 415),
        (BODY, [], 415),
        (BODY, [PROTOBUF, ("Content-Encoding", "br")], 415),
        (b"\xff\xfe{\0}\0", [JSON], 400),
        (bytes(100_001), [PROTOBUF], 413),
        (gzip.compress(bytes(2_000_000)), [PROTOBUF, ("Content-Encoding", "gzip")], 413),
        (BODY, [PROTOBUF, ("Origin", "https://evil.example")], 403),
        (BODY, [PROTOBUF, ("Origin", "null")], 403),
        (BODY, [PROTOBUF, ("Sec-Fetch-Site", "cross-site")], 403),
    ],
)
def test_what_is_wrong_is_refused(
    gateway: Ingest, body: bytes, headers: Headers, status: int
) -> None:
    """With the status that says why, a Status message as the body, and nothing forwarded."""
    reply = gateway.post(body, *headers)
    assert reply.status == status
    assert reply.body
    assert reply.header("content-type") == (
        "application/json" if JSON in headers else "application/x-protobuf"
    )
    assert gateway.sink.count("/v1/traces") == 0


def test_a_body_without_a_length_is_measured(gateway: Ingest) -> None:
    """Chunks are counted as they come: 413 before the last one was sent."""
    with Talk(gateway.url) as talk:
        talk.open("POST", "/v1/traces", [PROTOBUF, ("Transfer-Encoding", "chunked")])
        for _ in range(11):
            talk.chunk(bytes(10_000))
        assert talk.read_head().status == 413


def test_other_pages_get_cors_where_they_are_allowed(gateway: Ingest) -> None:
    """The origin is echoed with credentials; a preflight says what may be sent."""
    origin = ("Origin", "https://other.example")
    reply = gateway.post(BODY, PROTOBUF, origin)
    assert reply.status == 200
    assert reply.header("access-control-allow-origin") == "https://other.example"
    assert reply.header("access-control-allow-credentials") == "true"
    gateway.sink.took()
    asked = ("Access-Control-Request-Method", "POST")
    preflight = gateway.ask("OPTIONS", "/v1/traces", [origin, asked])
    assert (preflight.status, preflight.body) == (204, b"")
    assert "content-encoding" in (preflight.header("access-control-allow-headers") or "")
    evil = gateway.ask("OPTIONS", "/v1/traces", [("Origin", "https://evil.example"), asked])
    assert (evil.status, evil.header("access-control-allow-origin")) == (403, None)


def test_the_own_site_may_always_send(gateway: Ingest) -> None:
    """A page of the gateway's own origin."""
    assert gateway.post(BODY, PROTOBUF, ("Origin", gateway.url)).status == 200
    gateway.sink.took()


@pytest.mark.parametrize(
    ("said", "status", "wait"),
    [
        ((429, ("retry-after", "7")), 429, "7"),
        ((503, ("retry-after", "9")), 503, "9"),
        ((400,), 400, None),
        ((401,), 503, "60"),
        ((404,), 503, "60"),
        ((302, ("location", "/")), 503, "60"),
        ((500,), 503, "60"),
    ],
)
def test_the_collectors_refusal_is_translated(
    gateway: Ingest, said: tuple[int, tuple[str, str]], status: int, wait: str | None
) -> None:
    """What means the same to a sender passes; our own misconfiguration costs nobody spans."""
    gateway.sink.say(*said)
    reply = gateway.post(BODY, PROTOBUF)
    assert (reply.status, reply.header("retry-after")) == (status, wait)
    assert SECRET not in str(reply)
    gateway.sink.took()


def test_nobody_sees_the_collectors_secret(gateway: Ingest) -> None:
    """It is in no answer, and in nothing that the site gets."""
    replies = [
        gateway.get("/secret"),
        gateway.get("/edgetrace/health"),
        gateway.ask("GET", "/edgetrace/metrics", [("Authorization", "Bearer open")]),
        gateway.post(b"garbage", PROTOBUF),
    ]
    assert "of-the-collector" not in str(replies) + str(gateway.site.seen("/secret"))
    assert gateway.sink.seen("/v1/traces").header("authorization") == SECRET  # the site's spans


def test_partial_success_reaches_the_sender(gateway: Ingest) -> None:
    """The body by which a collector says how many spans it refused."""
    said = b"\x0a\x04\x08\x01\x12\x00"
    gateway.sink.say(200, body=said)
    assert gateway.post(BODY, PROTOBUF).body == said
    gateway.sink.took()


def test_raw_entries_arrive_as_spans(gateway: Ingest) -> None:
    """A beacon of a page without Python becomes the page's spans, in its trace."""
    reply = gateway.post(
        json.dumps(raw_body()).encode(), ("Content-Type", "text/plain"), target="/edgetrace/raw"
    )
    assert (reply.status, reply.body) == (204, b"")
    _, message = gateway.sink.took()
    assert named(message, "documentLoad") == 1
    assert resource_of(message)["service.name"] == "shop"
    assert resource_of(message)["geo.country.iso_code"] == "DE"


def test_texts_that_are_no_unicode_arrive_repaired(gateway: Ingest) -> None:
    """JSON can name half a surrogate pair, and begin with a byte order mark."""
    half = json.dumps(raw_body(page={"url": "https://shop.example/\ud800", "user_agent": ""}))
    assert gateway.post(half.encode(), target="/edgetrace/raw").status == 204
    assert named(gateway.sink.took()[1], "documentLoad") == 1
    assert gateway.post(b"\xef\xbb\xbf{}", JSON).status == 200
    gateway.sink.seen("/v1/traces")


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 400), (b"{}", 400), (b"\xff\x00", 400), (b" " * 100_001, 413)]
)
def test_wrong_raw_bodies_are_refused(gateway: Ingest, body: bytes, status: int) -> None:
    """In words, and nothing is forwarded."""
    assert gateway.post(body, target="/edgetrace/raw").status == status
    assert gateway.sink.count("/v1/traces") == 0


def test_who_does_not_want_to_be_measured_is_not(gateway: Ingest) -> None:
    """Sec-GPC: the sender is told that all is well, and nothing goes on."""
    assert gateway.post(BODY, PROTOBUF, ("Sec-GPC", "1")).status == 200
    assert gateway.sink.count("/v1/traces") == 0


def test_other_methods_are_405(gateway: Ingest) -> None:
    """With the ones that are allowed."""
    for method, target, allow in (
        ("GET", "/v1/traces", "POST, OPTIONS"),
        ("PUT", "/edgetrace/raw", "POST, OPTIONS"),
        ("POST", "/edgetrace/agent.js", "GET, HEAD"),
        ("DELETE", "/edgetrace/health", "GET, HEAD"),
    ):
        reply = gateway.ask(method, target)
        assert (reply.status, reply.header("allow")) == (405, allow)


def test_a_key_is_asked_for_and_a_rate_is_kept(strict: Ingest) -> None:
    """401 without the key, 403 with a wrong one; after three requests 429 and when to return."""
    key = ("X-Edgetrace-Key", "k3y")
    assert strict.post(BODY, PROTOBUF).status == 401
    assert strict.post(BODY, PROTOBUF, ("X-Edgetrace-Key", "kex")).status == 403
    assert strict.post(BODY, PROTOBUF, target="/v1/traces?key=wrong").status == 403
    assert strict.post(BODY, PROTOBUF, target="/v1/traces?key=k3y").status == 200
    assert strict.post(BODY, PROTOBUF, key).status == 200
    assert strict.post(BODY, PROTOBUF, key).status == 200
    reply = strict.post(BODY, PROTOBUF, key)
    assert reply.status == 429
    assert 1 <= int(reply.header("retry-after") or 0) <= 60
    assert strict.sink.count("/v1/traces") == 3


def test_every_body_is_counted(gateway: Ingest) -> None:
    """What was forwarded and what was dropped, by cause."""
    gateway.post(b"garbage", PROTOBUF)
    gateway.post(BODY, PROTOBUF)
    gateway.sink.took()
    reply = gateway.ask("GET", "/edgetrace/metrics", [("Authorization", "Bearer open")])
    counts = dict(line.rsplit(" ", 1) for line in reply.text.splitlines() if line[:1] != "#")
    assert int(counts["edgetrace_gateway_bodies_forwarded_total"]) >= 1
    assert int(counts['edgetrace_gateway_bodies_dropped_total{cause="garbage"}']) >= 1
