# SPDX-License-Identifier: MIT OR Apache-2.0
"""The agent's files, health and metrics at the gateway."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.conftest import Edge
from tests.worker.gateways import Gateway
from tests.worker.site import Answer

FILES = {
    "agent.js": b"/* the loader */",
    "edgetrace-worker.js": b"/* the worker */",
    "edgetrace-agent.zip": b"PK",
    "pyodide/pyodide.asm.wasm": b"\0asm",
    "pyodide/pyodide.asm.wasm.br": b"\x8b\1\x80\0asm\3",  # RFC 7932, uncompressed
    "pyodide/pyodide.mjs": b"export {}",
    "pyodide/pyodide-lock.json": b"{}",
}
INTEGRITY = "sha384-" + base64.b64encode(hashlib.sha384(FILES["agent.js"]).digest()).decode()
MANIFEST = {
    "version": "9.8.7",
    "files": {
        "agent.js": {"integrity": INTEGRITY},
        "pyodide/pyodide.asm.wasm": {"br_bytes": len(FILES["pyodide/pyodide.asm.wasm.br"])},
    },
}
SHORT = "public, max-age=300, must-revalidate"
FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def gateway(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a bundle of known bytes."""
    assets = tmp_path_factory.mktemp("assets")
    for name, data in {**FILES, "manifest.json": json.dumps(MANIFEST).encode()}.items():
        path: Path = assets / "edgetrace" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    running = Gateway(edge, assets=assets, vars={"EDGETRACE_METRICS_TOKEN": "open"})
    yield running
    running.close()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("agent.js", "text/javascript; charset=utf-8"),
        ("edgetrace-agent.zip", "application/zip"),
        ("pyodide/pyodide.asm.wasm", "application/wasm"),
        ("pyodide/pyodide.mjs", "text/javascript; charset=utf-8"),
        ("pyodide/pyodide-lock.json", "application/json"),
    ],
)
def test_files_have_types_and_may_be_used_by_any_page(
    gateway: Gateway, name: str, kind: str
) -> None:
    """The bytes of the bundle, under the type that browsers ask for."""
    reply = gateway.get(f"/edgetrace/{name}")
    assert (reply.status, reply.body, reply.header("content-type")) == (200, FILES[name], kind)
    assert reply.header("cache-control") == SHORT
    assert reply.header("access-control-allow-origin") == "*"
    assert reply.header("cross-origin-resource-policy") == "cross-origin"
    assert reply.header("timing-allow-origin") == "*"
    assert reply.header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [("br", "br"), ("identity", None), ("br;q=0", None), ("", None)],  # else miniflare takes gzip
)
def test_a_brotli_form_is_for_who_takes_it(
    gateway: Gateway, accepts: str, coding: str | None
) -> None:
    """Handed out as it was built, under the file's own type; caches keep the forms apart."""
    name = "pyodide/pyodide.asm.wasm"
    reply = gateway.get(f"/edgetrace/{name}?v=9.8.7", ("Accept-Encoding", accepts))
    assert reply.status == 200
    assert reply.header("content-encoding") == coding
    assert reply.body == FILES[name + ".br" * bool(coding)]
    assert reply.header("content-type") == "application/wasm"
    assert reply.header("cache-control") == FOREVER
    assert reply.header("vary") == "accept-encoding"


def test_the_version_in_use_is_kept_for_ever(gateway: Gateway) -> None:
    """?v= with the manifest's version; any other is asked for again."""
    for query, kept in (("?v=9.8.7", FOREVER), ("?v=9.8.6", SHORT), ("?v=", SHORT)):
        assert gateway.get(f"/edgetrace/agent.js{query}").header("cache-control") == kept


def test_the_tag_names_version_and_hash(gateway: Gateway) -> None:
    """As the manifest has them, so that a browser takes the file."""
    gateway.site.put("/page", Answer(200, [("content-type", "text/html")], b"<head>"))
    body = gateway.get("/page").text
    assert 'src="/edgetrace/agent.js?v=9.8.7"' in body
    assert f'integrity="{INTEGRITY}"' in body


def test_a_file_can_be_asked_for_by_condition(gateway: Gateway) -> None:
    """304 with the headers of the file, and HEAD without its body."""
    first = gateway.get("/edgetrace/agent.js")
    again = gateway.get("/edgetrace/agent.js", ("If-None-Match", first.header("etag") or ""))
    assert (again.status, again.body, again.header("cache-control")) == (304, b"", SHORT)
    head = gateway.ask("HEAD", "/edgetrace/agent.js")
    assert (head.status, head.body, head.header("cache-control")) == (200, b"", SHORT)


def test_a_file_that_is_not_there_is_404(gateway: Gateway) -> None:
    """And not the site's to answer."""
    assert gateway.get("/edgetrace/nothing.js").status == 404
    assert gateway.site.count("/edgetrace/nothing.js") == 0


def test_health_says_version_and_tracing(gateway: Gateway) -> None:
    """Fresh each time."""
    reply = gateway.get("/edgetrace/health")
    said = json.loads(reply.body)
    assert (reply.status, said["status"], said["traced"]) == (200, "ok", True)
    assert reply.header("cache-control") == "no-store"


def test_metrics_are_for_who_has_the_token(gateway: Gateway) -> None:
    """401 without it; with it, counters that go up with what they count."""
    assert gateway.get("/edgetrace/metrics").status == 401
    assert gateway.get("/edgetrace/metrics", ("Authorization", "Bearer opem")).status == 401

    def read() -> dict[str, int]:
        reply = gateway.get("/edgetrace/metrics", ("Authorization", "Bearer open"))
        assert reply.status == 200
        lines = [line.rsplit(" ", 1) for line in reply.text.splitlines() if line[:1] != "#"]
        return {name: int(value) for name, value in lines}

    before = read()
    gateway.site.put("/counted", Answer(200, [("content-type", "text/html")], b"<head>"))
    gateway.get("/counted")
    gateway.get("/counted", ("DNT", "1"))
    gateway.get("/edgetrace/agent.js")
    gateway.ask("PUT", "/edgetrace/agent.js")
    after = read()
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    prefix = "edgetrace_gateway_"
    assert {
        f'{prefix}requests_total{{route="site"}}': 2,
        f'{prefix}requests_total{{route="file"}}': 1,
        f'{prefix}requests_total{{route="wrong_method"}}': 1,
        f'{prefix}requests_total{{route="metrics"}}': 1,
        f'{prefix}pages_total{{given="traceparent"}}': 1,
        f'{prefix}pages_total{{given="left_alone"}}': 1,
        f'{prefix}page_skips_total{{cause="privacy_signal"}}': 1,
        "edgetrace_agent_ended_total": 4,
    }.items() <= grown.items()


def test_without_a_token_there_are_no_metrics_and_without_assets_no_files(edge: Edge) -> None:
    """404, in a sentence that says what is missing; pages get the tag all the same."""
    gateway = Gateway(edge)
    assert gateway.get("/edgetrace/metrics").status == 404
    assert gateway.get("/edgetrace/agent.js").status == 404
    assert "ASSETS" in gateway.get("/edgetrace/agent.js").text
    gateway.site.put("/page", Answer(200, [("content-type", "text/html")], b"<head>"))
    assert '<script src="/edgetrace/agent.js"' in gateway.get("/page").text
    gateway.close()
