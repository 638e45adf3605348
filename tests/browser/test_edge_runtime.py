# SPDX-License-Identifier: MIT OR Apache-2.0
"""data-runtime="edge": no Python in the page; what it beacons, `read_raw` makes into spans."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest

from collector.server import Collector
from edgetrace._raw import RawError, read_raw
from tests.browser.pages import html, resources, tag
from tests.browser.site import Document, Site
from tests.browser.tab import Tab
from tests.browser.test_page_load import COUNT, PARENT_ID, TRACE_ID, TRACEPARENT, _assert_times

RAW = "/edgetrace/raw"
MODULE = "/edgetrace/edgetrace-edge.js"
LATE = "fetch('/r/late.json').then(answer => answer.text())"


class EdgeSite(Site):
    """A site with the gateway's route for raw entries.

    Attributes:
        bodies: All that was POSTed there, whatever the answer.
        answer_raw: What the route answers instead of reading the body, while it is set.
    """

    def __init__(self, collector_url: str) -> None:
        super().__init__(collector_url)
        self.bodies: list[bytes] = []
        self.answer_raw: Document | None = None
        site, other = self, self._server.RequestHandlerClass

        class Handler(other):  # type: ignore[misc, valid-type]
            def do_POST(self) -> None:
                if self.path != RAW or self.path in site.broken:
                    return super().do_POST()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                return self._send(site.take(body))

        self._server.RequestHandlerClass = Handler

    def take(self, body: bytes) -> Document:
        """As the gateway's route does."""
        self.requests[RAW] += 1
        self.bodies.append(body)
        if self.answer_raw:
            return self.answer_raw
        try:
            message = read_raw(body, time.time_ns(), {"geo.country": "AQ"}).message
        except RawError as exc:
            return Document(str(exc).encode(), "text/plain", status=400)
        if message:
            status, _ = self.forward(message, {"content-type": "application/x-protobuf"})
            assert status == 200
        return Document(b"", status=204)


@pytest.fixture
def site(collector: Collector) -> Iterator[EdgeSite]:
    """The origin of the pages, and its gateway."""
    site = EdgeSite(collector.url)
    yield site
    site.close()


def edge_tag(**options: str) -> str:
    """The script tag."""
    return tag(runtime="edge", **options)


def urls(tab: Tab) -> list[str]:
    """Which resources have arrived, by the ends of their addresses, sorted."""
    spans = tab.spans("resourceFetch")
    return sorted(str(span["attributes"]["url.full"]).rpartition("/")[2] for span in spans)


def test_sixty_resources_are_one_trace_with_the_browsers_own_times(
    tab: Tab, site: EdgeSite
) -> None:
    """1 documentLoad, 1 documentFetch, 60 resourceFetch, one trace id, right parents and times."""
    tab.visit(site.add("/", html(edge_tag(), resources(COUNT))))
    counters = tab.flush()

    names = Counter(span["name"] for span in tab.spans())
    assert names == {"documentLoad": 1, "documentFetch": 1, "resourceFetch": COUNT}
    root = tab.only("documentLoad")
    assert root["parent_span_id"] == ""
    assert {span["trace_id"] for span in tab.spans()} == {root["trace_id"]}
    children = [span for span in tab.spans() if span["parent_span_id"]]
    assert len(children) == COUNT + 1
    assert {span["parent_span_id"] for span in children} == {root["span_id"]}
    assert {span["service"] for span in tab.spans()} == {"shop"}

    origin: float = tab.page.evaluate("performance.timeOrigin")
    navigation = tab.page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    _assert_times(root, origin, navigation, "fetchStart", "loadEventEnd")
    _assert_times(tab.only("documentFetch"), origin, navigation, "fetchStart", "responseEnd")
    entries = {entry["name"]: entry for entry in _resources(tab)}
    for span in tab.spans("resourceFetch"):
        entry = entries.pop(str(span["attributes"]["url.full"]))
        _assert_times(span, origin, entry, "fetchStart", "responseEnd")
    assert not entries

    assert (counters["runtime"], counters["state"]) == ("edge", "edge")
    assert counters["bodies"] == counters["sent"] == len(site.bodies) == 1
    assert len(site.bodies[0]) < 48 * 1024
    assert not any("pyodide" in path or "worker" in path for path in site.requests)
    assert (tab.said, tab.faults) == ([], [])


def _resources(tab: Tab) -> list[dict[str, Any]]:
    return [entry for entry in tab.resources() if not entry["name"].endswith(RAW)]


@pytest.mark.parametrize("delay_ms", [0, 100, 2000])
def test_a_page_left_after_the_load_arrives_whole(tab: Tab, site: EdgeSite, delay_ms: int) -> None:
    """Left 0, 100 or 2,000 ms after load: all spans arrive, in one trace."""
    site.add("/next", html())
    go = f"setTimeout(() => {{ location.href = '/next' }}, {delay_ms})"
    leave = f"<script>addEventListener('load', () => {go})</script>"
    tab.page.goto(site.add("/", html(edge_tag(), resources(COUNT) + leave)), wait_until="commit")
    tab.page.wait_for_url("**/next")
    tab.wait_for(COUNT + 2)
    assert len(tab.spans("resourceFetch")) == COUNT
    assert len({span["trace_id"] for span in tab.spans()}) == 1


@pytest.mark.parametrize("pin", ["", "addEventListener('unload', () => undefined)"])
def test_a_page_left_before_the_module_came_is_reported_by_the_next(
    tab: Tab, site: EdgeSite, pin: str
) -> None:
    """The module is still on its way when the page goes, for good or into the back/forward cache:
    the next page view sends what it had to say, as a view of its own with its own times."""
    slow = "/edgetrace/edgetrace-slow.js?wait=module"
    site.add(slow, f'export * from "{MODULE}"', content_type="text/javascript")
    first = edge_tag(worker_url=slow)
    url = site.add("/", html(first, resources(COUNT) + f"<script>{pin}</script>"))
    tab.visit(url)
    started: float = tab.page.evaluate("performance.timeOrigin")
    site.add("/next", html(edge_tag(), resources(2)))
    tab.visit(site.url + "/next")
    tab.flush()
    assert len(tab.spans("resourceFetch")) == COUNT + 2
    roots = {str(span["attributes"]["url.full"]): span for span in tab.spans("documentLoad")}
    assert roots.keys() == {url, site.url + "/next"}
    assert abs(roots[url]["start_unix_nano"] / 1e6 - started) < 1000
    assert roots[url]["trace_id"] != roots[site.url + "/next"]["trace_id"]
    assert tab.page.evaluate("localStorage.edgetrace") is None
    site.gate("module").set()


def test_a_gateway_that_is_down_until_it_is_back(tab: Tab, site: EdgeSite) -> None:
    """No answer, then an answer: everything arrives, once, without being asked for."""
    site.broken.add(RAW)
    tab.visit(site.add("/", html(edge_tag(), resources(3))))
    counters = tab.flush()
    assert (counters["sent"], counters["waiting"]) == (0, 1)
    assert counters["failed"] >= 1  # the flush tries once more what failed before it
    site.broken.clear()
    tab.wait_for(5)
    assert tab.counters()["retried"] >= 1
    assert len(tab.spans()) == 5
    assert (tab.said, tab.faults) == ([], [])


def test_what_a_gateway_that_is_down_did_not_take_comes_with_the_next_page_view(
    tab: Tab, site: EdgeSite
) -> None:
    """The page goes while the gateway is down: the next page view delivers for it."""
    site.broken.add(RAW)
    tab.visit(site.add("/", html(edge_tag(), resources(3))))
    assert tab.flush()["waiting"] == 1
    tab.visit(site.add("/next", html()))
    site.broken.clear()
    tab.visit(site.add("/after", html(edge_tag())))
    assert tab.flush()["waiting"] == 0
    assert len(tab.spans("documentLoad")) == 2
    assert urls(tab) == ["0.js", "1.svg", "2.css"]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_gateway_that_asks_to_wait_is_left_in_peace(tab: Tab, site: EdgeSite, form: str) -> None:
    """503 with Retry-After: kept, and not even a flush sends again before that."""
    wait = "60" if form == "seconds" else formatdate(time.time() + 60, usegmt=True)
    site.answer_raw = Document(b"busy", "text/plain", {"Retry-After": wait}, status=503)
    tab.visit(site.add("/", html(edge_tag(), resources(3))))
    for _ in range(2):
        counters = tab.flush()
        assert (counters["waiting"], counters["last_error"]) == (1, "503 busy")
    assert len(site.bodies) == 1


def test_a_body_that_is_refused_is_told(tab: Tab, site: EdgeSite) -> None:
    """An option that is not of its form: the gateway's sentence is in the counters."""
    tab.visit(site.add("/", html(edge_tag(sample_ratio="half"), resources(3))))
    counters = tab.flush()
    assert (counters["refused"], counters["waiting"]) == (1, 0)
    assert "data-sample-ratio='half': use a number from 0 to 1" in counters["last_error"]


def test_a_gateway_that_redirects_is_not_followed(tab: Tab, site: EdgeSite) -> None:
    """What a page has seen goes to the gateway, and to nobody that it names: kept, and told."""
    site.answer_raw = Document(b"", "text/plain", {"Location": "/elsewhere"}, status=307)
    tab.visit(site.add("/", html(edge_tag(), resources(3))))
    counters = tab.flush()
    assert counters["waiting"] == 1
    assert counters["failed"] >= 1  # the page may have tried before it was asked to
    assert "TypeError" in counters["last_error"]
    assert site.requests["/elsewhere"] == 0


def test_a_page_of_an_unsampled_request_sends_no_spans(tab: Tab, site: EdgeSite) -> None:
    """The server's flag says 00: bodies come, spans do not."""
    meta = f'<meta name="traceparent" content="{TRACEPARENT[:-2]}00">'
    tab.visit(site.add("/", html(edge_tag() + meta, resources(3))))
    assert tab.flush()["sent"] == 1
    assert tab.spans() == []


@pytest.mark.parametrize("way", ["meta", "server-timing"])
def test_the_page_joins_the_servers_trace_with_every_body(
    tab: Tab, site: EdgeSite, way: str
) -> None:
    """documentLoad is a child of the server's span; entries of later bodies are in that trace."""
    meta = f'<meta name="traceparent" content="{TRACEPARENT}">' if way == "meta" else ""
    headers = {"Server-Timing": f'traceparent;desc="{TRACEPARENT}", db;dur=53;desc="a, b"'}
    document = html(edge_tag() + meta, resources(3))
    tab.visit(site.add("/", document, headers=headers if way != "meta" else {}))
    tab.flush()
    tab.page.evaluate("edgetrace.span('work', {a: 1}, () => 1)")
    tab.page.evaluate(LATE)
    tab.flush()
    assert len(site.bodies) >= 2
    assert len(tab.spans()) == 7
    root = tab.only("documentLoad")
    assert (root["trace_id"], root["parent_span_id"]) == (TRACE_ID, PARENT_ID)
    assert {span["trace_id"] for span in tab.spans()} == {TRACE_ID}
    assert tab.only("work")["parent_span_id"] == root["span_id"]
    assert urls(tab) == ["0.js", "1.svg", "2.css", "late.json"]


def test_later_entries_are_sent_without_being_asked_for(tab: Tab, site: EdgeSite) -> None:
    """A second after a late fetch its span arrives, in the trace that the page itself began."""
    tab.visit(site.add("/", html(edge_tag(), resources(1))))
    tab.wait_for(3)
    tab.page.evaluate(LATE)
    tab.wait_for(4)
    assert len({span["trace_id"] for span in tab.spans()}) == 1
    assert len({span["span_id"] for span in tab.spans()}) == 4


def test_attributes_that_a_page_sets_are_on_its_documents(tab: Tab, site: EdgeSite) -> None:
    """setAttribute before the load ends, from the queue too, is on documentLoad."""
    call = "<script>(window.edgetrace ||= []).push(['setAttribute', 'tier', 'gold'])</script>"
    tab.visit(site.add("/", html(call + edge_tag())))
    tab.flush()
    assert tab.only("documentLoad")["attributes"]["tier"] == "gold"


def test_a_large_page_goes_in_bodies_that_browsers_and_gateways_take(
    tab: Tab, site: EdgeSite
) -> None:
    """600 fetches: no body above 48 KB, each resource once."""
    all_of_them = "Promise.all([...Array(600).keys()].map(n => fetch(`/r/n${n}.txt`)))"
    tab.visit(site.add("/", html(edge_tag())))
    tab.page.evaluate(f"{all_of_them}.then(all => Promise.all(all.map(one => one.text())))")
    tab.flush()
    assert len(site.bodies) > 2
    assert max(map(len, site.bodies)) <= 48 * 1024
    assert len(tab.spans("resourceFetch")) == 600
    assert len({span["trace_id"] for span in tab.spans()}) == 1


def test_a_large_page_that_is_left_comes_whole_with_the_next_page_view(
    tab: Tab, site: EdgeSite
) -> None:
    """More than browsers let out of a page that goes: the rest is sent by the next, nothing twice
    under another id."""
    all_of_them = "Promise.all([...Array(600).keys()].map(n => fetch(`/r/n${n}.txt`)))"
    tab.visit(site.add("/", html(edge_tag())))
    tab.page.evaluate(f"{all_of_them}.then(all => Promise.all(all.map(one => one.text())))")
    tab.visit(site.add("/next", html(edge_tag())))
    assert tab.flush()["waiting"] == 0
    assert len(tab.spans("resourceFetch")) == len(set(urls(tab))) == 600
    assert len(tab.spans("documentLoad")) == 2


def test_a_span_that_fits_nowhere_is_counted(tab: Tab, site: EdgeSite) -> None:
    """100 KB of attributes cannot leave a page that may go; what else there is does."""
    tab.visit(site.add("/", html(edge_tag(), resources(2))))
    tab.flush()
    tab.page.evaluate("edgetrace.span('large', {text: 'x'.repeat(1e5)}, () => 1)")
    tab.page.evaluate("edgetrace.span('small', {}, () => 1)")
    assert (tab.flush()["dropped"], len(tab.spans("small"))) == (1, 1)


def test_a_restore_from_the_back_forward_cache_is_a_view_of_its_own(
    tab: Tab, site: EdgeSite
) -> None:
    """Going back gives a second trace: documentLoad alone, and what is fetched from then on."""
    listen = "addEventListener('pageshow', event => { window.persisted = event.persisted })"
    url = site.add("/", html(edge_tag(), resources(2) + f"<script>{listen}</script>"))
    site.add("/next", html())
    tab.visit(url)
    tab.flush()
    assert len(tab.spans()) == 4
    tab.visit(site.url + "/next")
    tab.page.go_back(wait_until="commit")
    tab.page.wait_for_function("window.persisted")
    tab.page.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    tab.page.evaluate(LATE)
    tab.flush()
    first, second = sorted(tab.spans("documentLoad"), key=lambda span: span["start_unix_nano"])
    assert first["trace_id"] != second["trace_id"]
    assert second["start_unix_nano"] < second["end_unix_nano"]
    assert len(tab.spans("documentFetch")) == 1
    late = [span for span in tab.spans("resourceFetch") if span["trace_id"] == second["trace_id"]]
    assert [span["attributes"]["url.full"] for span in late] == [site.url + "/r/late.json"]


def test_a_strict_policy_is_enough(tab: Tab, site: EdgeSite) -> None:
    """script-src and connect-src 'self': no worker, no WebAssembly, no eval, no complaint."""
    policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:"
    site.headers["Content-Security-Policy"] = f"{policy}; style-src 'self'"
    tab.visit(site.add("/", html(edge_tag(), resources(3))))
    assert tab.flush()["sent"] == 1
    assert len(tab.spans()) == 5
    assert tab.violations == []


def test_a_missing_module(tab: Tab, site: EdgeSite) -> None:
    """404 of the module: the page works, the counters say what is missing."""
    site.missing.add(MODULE)
    tab.visit(site.add("/", html(edge_tag(), resources(3))))
    counters = tab.flush()
    assert counters["runtime"] == "none"
    assert "edgetrace-edge.js" in counters["cause"]
    assert (tab.said, tab.faults) == ([], [])


def test_stop_erases(tab: Tab, site: EdgeSite) -> None:
    """What waits for a gateway that is down is gone, and nothing is collected any more."""
    site.broken.add(RAW)
    tab.visit(site.add("/", html(edge_tag(), resources(3))))
    assert tab.flush()["waiting"] == 1
    tab.page.evaluate("edgetrace.stop()")
    site.broken.clear()
    tab.page.evaluate(LATE)
    tab.visit(site.add("/next", html(edge_tag())))
    tab.flush()
    assert [span["attributes"]["url.full"] for span in tab.spans("documentLoad")] == [
        site.url + "/next"
    ]
    assert tab.spans("resourceFetch") == []


def test_debug_tells_the_console_what_is_sent(tab: Tab, site: EdgeSite) -> None:
    """With data-debug the console says what became of each body."""
    tab.visit(site.add("/", html(edge_tag(debug=""), resources(3))))
    tab.flush()
    assert len(tab.said) == 1
    assert tab.said[0].startswith("[edgetrace] ")
    assert tab.said[0].endswith("204 ")
