# SPDX-License-Identifier: MIT OR Apache-2.0
"""The JSON API and the viewer's files over real HTTP, as the viewer and the demo use them."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from collector.server import Collector, serve_in_thread
from tests.unit.collector_client import get, post, send
from tests.unit.collector_samples import START_UNIX_NANO, TRACE_ID, one_span, page_load


@pytest.fixture(scope="module")
def shared() -> Iterator[Collector]:
    """One collector for all tests of this file."""
    with serve_in_thread() as running:
        yield running


@pytest.fixture
def collector(shared: Collector) -> Collector:
    """The shared collector, emptied."""
    shared.store.clear()
    return shared


def test_a_trace_comes_in_waterfall_order_with_everything(collector: Collector) -> None:
    """Spans have depth, offsets, phases, resource and scope; the path is in ns from the start."""
    post(collector, page_load(3).SerializeToString())
    trace = get(collector, f"/api/traces/{TRACE_ID.hex().upper()}").json
    assert [(span["name"], span["depth"]) for span in trace["spans"]] == [
        ("GET /products", 0),
        ("SELECT products", 1),
        ("render", 1),
        ("documentLoad", 1),
        ("documentFetch", 2),
        ("resourceFetch", 2),
        ("resourceFetch", 2),
        ("resourceFetch", 2),
    ]
    root, page = trace["spans"][0], trace["spans"][3]
    assert root["kind"] == 2
    assert root["service"] == root["resource"]["attributes"]["service.name"] == "storefront-edge"
    assert root["scope"] == {
        "name": "edgetrace.worker",
        "version": "1.2.3",
        "attributes": {},
        "dropped_attributes_count": 0,
        "schema_url": "",
    }
    assert page["parent_span_id"] == root["span_id"]
    assert (page["start_offset_ns"], page["duration_ns"]) == (0, 1_408_700_000)
    assert page["start_unix_nano"] == START_UNIX_NANO + 3_100_000
    assert page["phases"][0] == {"name": "queued", "start_ns": 0, "end_ns": 1_900_000}
    assert page["marks"] == [{"name": "firstContentfulPaint", "at_ns": 698_900_000}]
    assert trace["services"] == ["shop-web", "storefront-edge"]
    assert trace["places"] == {"storefront-edge": "edge", "shop-web": "browser"}
    assert trace["critical_path"][0]["start_offset_ns"] == 0
    assert trace["critical_path"][-1]["end_offset_ns"] == trace["duration_ns"]


def test_values_that_json_or_javascript_cannot_hold_become_text(collector: Collector) -> None:
    """NaN, bytes and integers beyond 2**53 are written as proto3 JSON writes them."""
    request = one_span()
    attributes = request.resource_spans[0].scope_spans[0].spans[0].attributes
    attributes.add(key="nan").value.double_value = float("nan")
    attributes.add(key="inf").value.double_value = float("-inf")
    attributes.add(key="bytes").value.bytes_value = b"\x00\xff"
    attributes.add(key="big").value.int_value = 2**53
    attributes.add(key="safe").value.int_value = 2**53 - 1
    attributes.add(key="unset")
    attributes.add(key="list").value.array_value.values.add().double_value = float("inf")
    attributes.add(key="map").value.kvlist_value.values.add(key="k").value.bool_value = True
    post(collector, request.SerializeToString())
    assert get(collector, f"/api/traces/{TRACE_ID.hex()}").json["spans"][0]["attributes"] == {
        "nan": "NaN",
        "inf": "-Infinity",
        "bytes": "AP8=",
        "big": "9007199254740992",
        "safe": 2**53 - 1,
        "unset": None,
        "list": ["Infinity"],
        "map": {"k": True},
    }
    assert collector.store.spans()[0]["attributes"]["bytes"] == b"\x00\xff"


@pytest.mark.parametrize("trace_id", ["0" * 32, "nonsense", "%00", "..%2f..%2fetc%2fpasswd"])
def test_an_unknown_trace_is_404(collector: Collector, trace_id: str) -> None:
    """With a JSON body that says so."""
    reply = get(collector, f"/api/traces/{trace_id}")
    assert reply.status == 404
    assert reply.json["error"]


def test_an_unchanged_list_costs_a_304(collector: Collector) -> None:
    """The ETag holds until something arrives, and does not outlive the process."""
    post(collector, one_span().SerializeToString())
    first = get(collector, "/api/traces")
    etag = first.headers["etag"]
    assert get(collector, "/api/traces", if_none_match=etag).status == 304
    post(collector, one_span(trace_id=b"\x07" * 16).SerializeToString())
    again = get(collector, "/api/traces", if_none_match=etag)
    assert (again.status, again.headers["x-total-count"]) == (200, "2")
    with serve_in_thread() as other:
        assert get(other, "/api/traces").headers["etag"].split("-")[0] != etag.split("-")[0]


@pytest.mark.parametrize(
    ("limit", "count"), [("2", 2), ("0", 1), ("x", 3), ("-1", 3), ("9" * 40, 3)]
)
def test_limit_is_forgiving(collector: Collector, limit: str, count: int) -> None:
    """A limit that is no number is the default; the total is in a header."""
    for n in range(3):
        post(collector, one_span(trace_id=bytes([n + 1] * 16)).SerializeToString())
    reply = get(collector, f"/api/traces?limit={limit}")
    assert len(reply.json) == count
    assert reply.headers["x-total-count"] == "3"


def test_requests_and_health_count(collector: Collector) -> None:
    """Refused requests are listed with their reason, newest first."""
    post(collector, one_span().SerializeToString(), origin="https://shop.example")
    post(collector, b"garbage")
    requests = get(collector, "/api/requests").json
    assert requests["count"] == 2
    refused, taken = requests["requests"]
    assert (refused["status"], refused["spans"], refused["bytes"]) == (400, 0, 7)
    assert "not an ExportTraceServiceRequest" in refused["error"]
    assert (taken["status"], taken["spans"], taken["encoding"]) == (200, 1, "protobuf")
    assert taken["origin"] == "https://shop.example"
    health = get(collector, "/api/health").json
    assert (health["status"], health["traces"], health["spans"], health["requests"]) == (
        "ok", 1, 1, 2,
    )  # fmt: skip


def test_delete_clears(collector: Collector) -> None:
    """DELETE /api/traces leaves nothing."""
    post(collector, one_span().SerializeToString())
    assert send(collector, "DELETE", "/api/traces").status == 204
    assert get(collector, "/api/traces").json == []


def test_the_event_stream_tells_of_changes_and_ends_with_the_server() -> None:
    """A listener hears at once, again after a POST, and stop() does not wait for it."""
    collector = serve_in_thread()
    connection = http.client.HTTPConnection(urlsplit(collector.url).netloc, timeout=20)
    connection.request("GET", "/api/events")
    response = connection.getresponse()
    assert response.headers["content-type"].startswith("text/event-stream")

    def next_event() -> str:
        while not (line := response.readline().decode()).startswith("event:"):
            assert line, "the stream ended"
        return line.strip()

    assert next_event() == "event: change"
    post(collector, one_span().SerializeToString())
    assert next_event() == "event: change"
    collector.stop()
    assert response.read() is not None  # the rest, to the end: no hang, no error
    connection.close()
    collector.stop()  # once more does nothing


def test_the_viewer_needs_no_network_and_no_inline_code(collector: Collector) -> None:
    """Every file it names is served here, and the policy forbids everything else."""
    page = get(collector, "/")
    text = page.body.decode()
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    for path in ("css/tokens.css", "css/trace.css", "icon.svg", "js/main.js", "js/waterfall.js"):
        reply = get(collector, f"/{path}")
        assert reply.status == 200, path
    assert get(collector, "/js/main.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path", ["/nothing", "/js/../../app.py", "/..%2fapp.py", "/js/%2e%2e/%2e%2e/store.py"]
)
def test_files_outside_the_viewer_are_404(collector: Collector, path: str) -> None:
    """No path leads out of static/."""
    assert get(collector, path).status == 404
