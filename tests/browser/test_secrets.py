# SPDX-License-Identifier: MIT OR Apache-2.0
"""Secrets of a page and its visitor: none of them is sent or kept; and who else may be on the page.

What is looked at are bytes: every request body, unpacked, and all of the origin's storage.
"""

from __future__ import annotations

import gzip
import json
from typing import Any, Final

import pytest

from tasks.ladder_cells import DEDICATED
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab
from tests.browser.test_edge_runtime import RAW, EdgeSite

PLANTED: Final = "pl4nted"
"""Stands in every secret below, and in nothing else."""
JWT: Final = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{PLANTED}"
PATH: Final = f"/reset/{PLANTED}%40mail.example/{JWT}"
QUERY: Final = (
    f"?token={PLANTED}&q=1&to=%2Fcb%3Fcode%3D{PLANTED}#access_token={PLANTED}&state={JWT}"
)
RESOURCES: Final = "".join(
    f'<img src="{url}" alt="">'
    for url in (
        f"/r/a.svg?api_key={PLANTED}&v=1",
        f"/r/b.svg?next={JWT}",
        f"/r/c.svg?who={PLANTED}@mail.example",
        f"/r/{PLANTED}@mail.example/d.svg",
        f"/r/e.svg;jsessionid={PLANTED}",
    )
)
CALLS: Final = f"""
    edgetrace.setAttribute("password", "{PLANTED}1")
    edgetrace.setAttribute("note", "mail to {PLANTED}@mail.example")
    edgetrace.setAttribute("nested", {{list: ["{JWT}"], cookie: "{PLANTED}2"}})
    const headers = {{authorization: "Bearer {PLANTED}-0123456789"}}
    edgetrace.span("signed in", {{headers, jwt: "{JWT}"}}).end()
    edgetrace.span("failed").end(new Error("GET /a?token={PLANTED}1 with token={PLANTED}2"))
    fetch("/r/f.json?secret={PLANTED}", {{headers: {{"x-api-key": "{PLANTED}"}}}})
        .then((answer) => answer.text())
"""
STORED: Final = """async () => {
    const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value)
    const plain = (_, value) => isBytes(value) ? [...new Uint8Array(value.buffer ?? value)] : value
    const done = (request) => new Promise((resolve) => {
        request.onsuccess = () => resolve(request.result)
    })
    const found = [{...localStorage}, {...sessionStorage}]
    for (const {name} of await indexedDB.databases()) {
        const base = await done(indexedDB.open(name))
        for (const store of base.objectStoreNames)
            found.push(await done(base.transaction(store).objectStore(store).getAll()))
        base.close()
    }
    return JSON.stringify(found, plain)
}"""
"""All that the origin keeps, as JSON; bytes as lists of numbers."""


@pytest.fixture
def sent(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Each body that the endpoint got, unpacked."""
    bodies: list[bytes] = []
    forward = site.forward

    def note(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        bodies.append(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        return forward(body, headers)

    monkeypatch.setattr(site, "forward", note)
    return bodies


def packed(value: Any) -> list[bytes]:
    """The byte strings in what STORED found, unpacked."""
    if isinstance(value, dict):
        return packed(list(value.values()))
    if not isinstance(value, list):
        return []
    if len(value) > 2 and all(type(item) is int and 0 <= item < 256 for item in value):
        data = bytes(value)
        return [gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data]
    return [data for item in value for data in packed(item)]


def stored(tab: Tab) -> str:
    """All that the origin of the tab's page keeps, as one text."""
    found: str = tab.page.evaluate(STORED)
    return found + b"".join(packed(json.loads(found))).decode("latin-1")


def page(site: Site, agent: str) -> str:
    """A page full of secrets that was come to from another; its address."""
    site.add(PATH.replace("%40", "@"), "")
    site.add("/from", html(body=f'<a href="{PATH}{QUERY}">go</a>'))
    pin = "<script>addEventListener('unload', () => undefined)</script>"  # keeps out of the bfcache
    site.add(PATH, html(agent, RESOURCES + pin))
    return f"{site.url}/from?session={PLANTED}"


def come(tab: Tab, url: str) -> None:
    """Visit, and follow the link, so that there is a referrer."""
    tab.visit(url)
    tab.page.click("a")
    tab.page.wait_for_load_state()
    tab.page.wait_for_function("window.edgetrace")


def test_no_planted_secret_is_sent(tab: Tab, site: Site, sent: list[bytes]) -> None:
    """Of URLs, referrer, fragment, attributes, errors and headers: the collector gets none."""
    come(tab, page(site, tag(headers=f"x-key={PLANTED}", debug="")))
    tab.page.evaluate(f"() => {{ {CALLS} }}")
    tab.page.wait_for_function(
        "performance.getEntriesByType('resource').some(({name}) => name.includes('f.json'))"
    )
    counters = tab.flush()
    body = b"".join(sent)
    assert counters["exported"] == 2 + 6 + 2
    assert PLANTED.encode() not in body
    assert body.count(b"REDACTED") >= 15
    assert PLANTED not in str(counters)
    assert not any(PLANTED in text for text in tab.said)
    assert PLANTED not in stored(tab)
    assert {headers.get("x-key") for headers in site.received} == {PLANTED}  # where it belongs


def test_no_planted_secret_waits_in_storage(tab: Tab, site: Site, sent: list[bytes]) -> None:
    """A page that is left before its worker came: what waits for the next view has no secret."""
    worker = "/slow/worker.js?wait=script"
    imports = 'import "/edgetrace/edgetrace-worker.js"'
    site.add("/slow/worker.js", imports, content_type="text/javascript")
    come(tab, page(site, tag(worker_url=worker)))
    tab.page.evaluate(f"() => {{ {CALLS} }}")
    tab.visit(site.add("/away", html()))
    kept = stored(tab)
    assert "edgetrace" in kept
    assert kept.count("REDACTED") >= 10
    assert PLANTED not in kept
    site.gate("script").set()
    tab.visit(site.add("/next", html(tag(worker_url=worker))))
    tab.flush()
    assert len(tab.spans("documentLoad")) == 2
    assert PLANTED.encode() not in b"".join(sent)


@pytest.mark.parametrize("capabilities", ["", DEDICATED])
def test_no_header_waits_in_storage(tab: Tab, site: Site, capabilities: str) -> None:
    """What a tag sends requests with may be a key: the next page view has its own."""
    options = {"headers": f"x-key={PLANTED}"}
    if capabilities:
        options["debug_capabilities"] = capabilities
    site.broken.add("/v1/traces")
    tab.visit(site.add("/", html(tag(**options), resources(3))))
    tab.flush()
    tab.visit(site.add("/away", html()))
    kept = stored(tab)
    assert "endpoint" in kept
    assert PLANTED not in kept
    site.broken.clear()
    tab.visit(site.add("/next", html(tag(**options))))
    tab.flush()
    tab.wait_for(5 + 2)
    assert {headers.get("x-key") for headers in site.received} == {PLANTED}


def test_no_planted_secret_goes_to_the_gateway(tab: Tab, collector: Any) -> None:
    """Raw entries lose their secrets on the page, before they are beaconed or kept."""
    site = EdgeSite(collector.url)
    try:
        site.broken.add(RAW)
        come(tab, page(site, tag(runtime="edge")))
        tab.page.evaluate(f"() => {{ {CALLS} }}")
        assert tab.flush()["waiting"] >= 1
        tab.visit(site.add("/away", html()))
        assert "REDACTED" in stored(tab)
        assert PLANTED not in stored(tab)
        site.broken.clear()
        tab.visit(site.add("/next", html(tag(runtime="edge"))))
        assert tab.flush()["waiting"] == 0
        assert len(tab.spans("documentLoad")) == 2
        assert PLANTED.encode() not in b"".join(site.bodies)
        assert not any(PLANTED in str(span) for span in tab.spans())
    finally:
        site.close()


def test_what_a_tag_keeps_is_kept(tab: Tab, site: Site, sent: list[bytes]) -> None:
    """The options that switch it off do: data-url-query and data-attribute-values."""
    come(tab, page(site, tag(url_query="keep", attribute_values="keep")))
    tab.page.evaluate(f"() => {{ {CALLS} }}")
    tab.flush()
    body = b"".join(sent)
    assert f"token={PLANTED}".encode() in body
    assert f"{PLANTED}@mail.example".encode() in body


@pytest.mark.parametrize("allowed", ["", "trusted-types edgetrace; "])
def test_trusted_types_are_enough(tab: Tab, site: Site, allowed: str) -> None:
    """A page that demands Trusted Types gets its worker, with no report of a violation."""
    site.headers["Content-Security-Policy"] = f"{allowed}require-trusted-types-for 'script'"
    tab.visit(site.add("/", html(tag(), resources(3))))
    counters = tab.flush()
    assert (counters["runtime"], counters["exported"]) == ("shared", 5)
    assert (tab.violations, counters["failure"]) == ([], "")


def test_only_a_script_is_taken_for_the_tag(tab: Tab, site: Site) -> None:
    """Sanitizers let data-* through: an element of a stranger's names no worker."""
    decoy = '<div data-edgetrace data-worker-url="/evil.js" data-endpoint="/evil">Hi</div>'
    script = tag(kind='type="module"')
    tab.visit(site.add("/", html("", decoy + script + resources(3))))
    assert tab.flush()["exported"] == 5
    assert (site.requests["/evil.js"], site.requests["/evil"]) == (0, 0)


HOSTILE: Final = """async (url) => {
    const {dataset} = document.querySelector("script")
    const options = {...dataset, endpoint: location.origin + "/v1/traces"}
    const name = JSON.stringify([edgetrace.version, Object.entries(options).sort()])
    const {port} = new SharedWorker(url, {type: "module", name, extendedLifetime: true})
    for (const junk of [null, undefined, 1, "hello", [], {}, new Error(""), new Map([["kind", 1]])])
        port.postMessage(junk)
    const clock = {origin: 1, anchor: 1}
    const fields = [
        {}, clock, {...clock, numbers: "no", text: 7}, {page: null, view: {}}, {page: [], view: 1},
        {...clock, numbers: new Float64Array(31), text: "\\n".repeat(99)},
        {id: "__proto__", key: 1, value: "{"},
        {...clock, name: {}, start: "0", end: NaN, attributes: "[", error: 5},
        JSON.parse('{"view": 2, "page": {"__proto__": {"evil": 1}}, "__proto__": {"evil": 1}}'),
    ]
    for (const kind of ["__proto__", "hello", "entries", "span", "attribute", "leave", "boot", ""])
        for (const rest of fields) port.postMessage({kind, ...rest})
    port.postMessage({kind: "counters", id: 1})
    await new Promise((resolve) => {
        port.onmessage = ({data}) => data.kind == "counters" && resolve()
    })
    return ({}).evil
}"""


def test_a_hostile_script_does_not_stop_the_worker(tab: Tab, site: Site) -> None:
    """Anything at all said to it by another script of the page: the page's own data arrives."""
    tab.visit(site.add("/", html(tag(), resources(3))))
    tab.flush()
    worker = site.url + "/edgetrace/edgetrace-worker.js?v=" + tab.page.evaluate("edgetrace.version")
    assert tab.page.evaluate(HOSTILE, worker) is None
    tab.page.evaluate("fetch('/r/late.json').then((answer) => answer.text())")
    counters = tab.flush()
    assert counters["boots"] == 1
    urls = [str(span["attributes"].get("url.full")) for span in tab.spans("resourceFetch")]
    ours = {url.removeprefix(site.url) for url in urls if url.startswith(site.url)}
    assert ours == {"/r/0.js", "/r/1.svg", "/r/2.css", "/r/late.json"}
    assert tab.faults == []


def test_hostile_storage_costs_a_page_nothing(tab: Tab, site: Site) -> None:
    """Whatever another script has left under our key: each page view is traced, whole."""
    texts = ("{", '{"kind": "hello"}', "null", "7", '[null, 1, "x", [], {}, {"kind": {}}]')
    url = site.add("/", html(tag(), resources(3)))
    tab.visit(site.add("/away", html()))
    for visit, text in enumerate(texts, 1):
        tab.page.evaluate("text => { localStorage.edgetrace = text }", text)
        tab.visit(url)
        assert tab.flush()["exported"] == 5 * visit
        assert tab.page.evaluate("localStorage.length") == 0
    assert tab.faults == []
