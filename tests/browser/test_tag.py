# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every way to place the script tag, from any origin, under the strictest policy."""

from __future__ import annotations

import json

from tasks.paths import DIST
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab

COUNT = 3
SPANS = COUNT + 2


def _integrity() -> str:
    files = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))["files"]
    return str(files["agent.js"]["integrity"])


def test_placements(tab: Tab, site: Site) -> None:
    """Classic, async, defer or module, first or last: all entries are seen, those before too."""
    rest = resources(COUNT)
    for kind in ("", "async", "defer", 'type="module"', 'type="module" async'):
        script = tag(kind=kind)
        for page in (html(script, rest), html(body=rest + script)):
            tab.store.clear()
            tab.visit(site.add("/", page))
            tab.flush()
            assert len(tab.spans()) == SPANS, page
            assert len(tab.spans("resourceFetch")) == COUNT, page
    assert tab.faults == []


def test_a_script_element_made_by_a_script(tab: Tab, site: Site) -> None:
    """A tag manager's way: created and appended long after the load."""
    tab.visit(site.add("/", html(body=resources(COUNT))))
    tab.page.evaluate(
        """new Promise(done => {
          const script = document.createElement("script");
          script.src = "/edgetrace/agent.js";
          script.dataset.serviceName = "late";
          script.onload = done;
          document.head.append(script);
        })"""
    )
    assert tab.flush()["exported"] == SPANS
    assert tab.only("documentLoad")["service"] == "late"


def test_a_second_tag_changes_nothing(tab: Tab, site: Site) -> None:
    """Two tags on a page, as two teams put them: one trace."""
    tab.visit(site.add("/", html(tag(kind="") + tag(kind="", service_name="b"), resources(COUNT))))
    assert tab.flush()["exported"] == SPANS
    assert {span["service"] for span in tab.spans()} == {"shop"}


def test_options_of_the_tag_reach_the_spans(tab: Tab, site: Site) -> None:
    """Service, version, environment, headers, query policy and phases, as the data-* say."""
    options = {
        "service_version": "1.2.3",
        "environment": "staging",
        "headers": "x-tenant=blue%20team",
        "url_query": "keep",
        "phases": "events",
    }
    tab.visit(site.add("/", html(tag(**options), '<img src="/r/a.svg?page=2" alt="">')))
    assert tab.flush()["exported"] == 3
    span = tab.only("resourceFetch")
    assert span["attributes"]["url.full"].endswith("/r/a.svg?page=2")
    assert "responseEnd" in {event["name"] for event in span["events"]}
    resource = span["resource"]["attributes"]
    assert resource["service.version"] == "1.2.3"
    assert resource["deployment.environment.name"] == "staging"
    assert site.received[-1]["x-tenant"] == "blue team"


def test_a_sample_ratio_of_zero_sends_nothing(tab: Tab, site: Site) -> None:
    """Unsampled page views are counted and not sent."""
    tab.visit(site.add("/", html(tag(sample_ratio="0"), resources(COUNT))))
    counters = tab.flush()
    assert (counters["exported"], counters["requests"]) == (0, 0)
    assert counters["view_unsampled"] >= COUNT


def test_hostile_attribute_names_stay_plain_data(tab: Tab, site: Site) -> None:
    """data-__proto__ and data-constructor pollute nothing and stop nothing."""
    hostile = {"__proto__": "evil", "constructor": "evil", "to_string": "evil"}
    script = tag().replace("<script", '<script data-__proto__="x" data-constructor="y"')
    tab.visit(site.add("/", html(script.replace("async", " async"), resources(COUNT))))
    assert tab.flush()["exported"] == SPANS
    for name in hostile:
        assert tab.page.evaluate("name => ({})[name] === 'evil'", name) is False


def test_integrity(tab: Tab, site: Site) -> None:
    """agent.js loads with the manifest's SRI hash, and a wrong one keeps it out."""
    good = tag(kind=f'async integrity="{_integrity()}"')
    tab.visit(site.add("/", html(good, resources(COUNT))))
    assert tab.flush()["exported"] == SPANS
    wrong = good.replace("sha384-", "sha384-A")
    tab.visit(site.add("/wrong", html(wrong, resources(COUNT))))
    assert tab.page.evaluate("window.edgetrace") is None


STRICT = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; style-src 'self'"
)


def test_a_strict_policy(tab: Tab, site: Site) -> None:
    """No inline script, no eval: 'self' with wasm-unsafe-eval, for the page and for the worker."""
    site.headers["Content-Security-Policy"] = STRICT
    tab.visit(site.add("/", html(tag(), resources(COUNT))))
    assert tab.flush()["exported"] == SPANS
    assert tab.violations == []


def test_the_page_itself_needs_no_wasm_unsafe_eval(tab: Tab, site: Site) -> None:
    """A worker of the page's origin has the policy of its own answer, not the page's."""
    policy = "default-src 'none'; script-src 'self'; worker-src 'self'; img-src 'self' data:"
    page = html(tag(), resources(COUNT))
    headers = {"Content-Security-Policy": policy + "; style-src 'self'"}
    tab.visit(site.add("/", page, headers=headers))
    assert tab.flush()["exported"] == SPANS
    assert tab.violations == []


def test_another_origin(tab: Tab, site: Site, cdn: Site) -> None:
    """agent.js, worker and Pyodide from a CDN: a blob brings the worker to the page's origin."""
    agent = cdn.url + "/edgetrace/agent.js"
    tab.visit(site.add("/", html(tag(source=agent, kind="async crossorigin"), resources(COUNT))))
    counters = tab.flush()
    assert (counters["runtime"], counters["exported"]) == ("shared", SPANS)
    assert site.requests["/edgetrace/edgetrace-worker.js"] == 0


def test_another_origin_under_a_strict_policy(tab: Tab, site: Site, cdn: Site) -> None:
    """The blob has the page's policy: CDN and blob: for workers, CDN for requests, wasm."""
    site.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {cdn.url} 'self' 'wasm-unsafe-eval'; "
        f"worker-src blob: {cdn.url}; connect-src 'self' {cdn.url}; img-src 'self' data:; "
        "style-src 'self'"
    )
    agent = cdn.url + "/edgetrace/agent.js"
    tab.visit(site.add("/", html(tag(source=agent), resources(COUNT))))
    assert tab.flush()["exported"] == SPANS
    assert tab.violations == []


def test_a_stub_on_the_pages_origin_shares_the_runtime(tab: Tab, site: Site, cdn: Site) -> None:
    """data-worker-url, one line of one's own that imports the CDN's worker: page views share it."""
    stub = f'import "{cdn.url}/edgetrace/edgetrace-worker.js"'
    site.add("/edgetrace.js", stub, content_type="text/javascript")
    agent = tag(source=cdn.url + "/edgetrace/agent.js", worker_url="/edgetrace.js")
    for visit in (1, 2):
        tab.visit(site.add("/", html(agent, resources(COUNT))))
        counters = tab.flush()
        assert (counters["connections"], counters["boots"]) == (visit, 1)
    assert len(tab.spans()) == 2 * SPANS


def test_pyodide_from_elsewhere(tab: Tab, site: Site, cdn: Site) -> None:
    """data-pyodide-url: the runtime comes from any base."""
    site.missing.add("/edgetrace/pyodide/pyodide.mjs")
    options = {"pyodide_url": cdn.url + "/edgetrace/pyodide"}
    tab.visit(site.add("/", html(tag(**options), resources(COUNT))))
    assert tab.flush()["exported"] == SPANS
    assert cdn.requests["/edgetrace/pyodide/python_stdlib.zip"] == 0


def test_a_start_asks_for_each_file_once(tab: Tab, site: Site) -> None:
    """Seven files, once each, by addresses that name the version; no HEAD, no library, no table."""
    tab.visit(site.add("/", html(tag(), resources(COUNT))))
    assert tab.flush()["exported"] == SPANS
    asked = {path: n for path, n in site.requests.items() if path.startswith("/edgetrace/")}
    pyodide = {"pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"}
    archives = {"edgetrace-bytecode.zip", "edgetrace-stdlib.zip"}
    ours = {"agent.js", "edgetrace-worker.js"} | archives
    names = ours | {f"pyodide/{name}" for name in pyodide}
    assert asked == {f"/edgetrace/{name}": 1 for name in names}


def test_another_pyodide(tab: Tab, site: Site, cdn: Site) -> None:
    """A Pyodide that the bytecode is not for starts from its own library, the agent from source."""
    for name in ("pyodide.mjs", "pyodide.asm.mjs"):
        text = (DIST / "pyodide" / name).read_text(encoding="utf-8")
        other = text.replace('"314.0.', '"314.1.')
        assert other != text
        cors = {"Access-Control-Allow-Origin": "*"}
        cdn.add(f"/edgetrace/pyodide/{name}", other, content_type="text/javascript", headers=cors)
    options = {"pyodide_url": cdn.url + "/edgetrace/pyodide"}
    tab.visit(site.add("/", html(tag(**options), resources(COUNT))))
    assert tab.flush()["exported"] == SPANS
    assert cdn.requests["/edgetrace/pyodide/python_stdlib.zip"] == 1
    assert site.requests["/edgetrace/edgetrace-agent.zip"] == 1
    assert site.requests["/edgetrace/edgetrace-stdlib.zip"] == 0


def test_an_endpoint_of_another_origin(tab: Tab, site: Site, collector_url: str) -> None:
    """Spans go to a collector elsewhere, which answers the browser's preflight."""
    tab.visit(site.add("/", html(tag(endpoint=collector_url), resources(COUNT))))
    assert tab.flush()["exported"] == SPANS
    assert site.requests["/v1/traces"] == 0
