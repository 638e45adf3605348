# SPDX-License-Identifier: MIT OR Apache-2.0
"""`instrument` on an ASGI application, on functions, on a Worker's bindings, in a real workerd."""

from __future__ import annotations

import urllib.request
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from tasks.paths import WHEELS
from tests.worker.ask import ask
from tests.worker.conftest import APPS, Edge
from tests.worker.libraries import CLIENT, PRODUCER, SERVER, Traced


@pytest.fixture(scope="module")
def starlette(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """tests/worker/apps/library_asgi.py."""
    packages = tmp_path_factory.mktemp("packages")
    for name in ("starlette", "anyio", "idna", "typing_extensions"):
        with zipfile.ZipFile(next(WHEELS.glob(f"{name}-*.whl"))) as wheel:
            wheel.extractall(packages)
    running = Traced(
        edge,
        "library_asgi",
        packages=[packages],
        bindings={"serviceBindings": {"ALONE": {"name": "app", "entrypoint": "Alone"}}},
    )
    yield running
    running.close()


@pytest.mark.parametrize(
    ("path", "name", "status"),
    [
        ("items/7", "GET /items/{id:int}", 200),
        ("sync", "GET /sync", 200),
        ("api/things/x", "GET /api/things/{name}", 200),
        ("none", "GET", 404),
        ("broken", "GET /broken", 500),
    ],
)
def test_spans_are_named_by_their_route(
    starlette: Traced, path: str, name: str, status: int
) -> None:
    """One server span per request, whatever became of it."""
    answer, spans = starlette.trace(path, name)
    assert answer.status == status
    (span,) = spans.values()
    assert (span["kind"], span["attributes"]["http.response.status_code"]) == (SERVER, status)
    assert span["attributes"].get("http.route", "") == name.partition(" ")[2]
    events = [event["name"] for event in span["events"]]
    assert events == (["exception"] if status == 500 else [])


def test_a_fetch_of_the_application(starlette: Traced) -> None:
    """Is a client span under the request's."""
    answer, spans = starlette.trace("calls", "GET /calls", "GET")
    assert spans["GET"]["parent_span_id"] == spans["GET /calls"]["span_id"]
    assert spans["GET"]["span_id"] in answer.json()["headers"]["traceparent"]


def test_an_application_whose_fetch_is_not_traced(starlette: Traced) -> None:
    """Has a server span of its own, of its caller's trace, and it is delivered."""
    trace_id = "a1" * 16
    answer = starlette.ask("items/7", trace_id, x_alone="1")
    assert answer.json() == {"id": 7}
    spans = {span["name"]: span for span in starlette.spans(trace_id, "GET /items/{id:int}")}
    assert spans["GET /items/{id:int}"]["attributes"]["http.response.status_code"] == 200


def test_a_streamed_response(starlette: Traced) -> None:
    """Streams, and its span has the route."""
    starlette.origin.gate.clear()
    headers = {"traceparent": f"00-{'5e' * 16}-{'c' * 16}-01"}
    request = urllib.request.Request(f"{starlette.url}/stream", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.read(5) == b"first"
        assert starlette.spans("5e" * 16, "GET /stream")
        starlette.origin.gate.set()
        assert response.read() == b"second"


def test_functions(edge: Edge) -> None:
    """on_fetch with two parameters, on_scheduled with three; bindings and fetches under them."""
    library = Traced(edge, "functions", bindings={"kvNamespaces": ["KV"]})
    answer, spans = library.trace("kv", "GET", "put KV", "get KV")
    assert answer.text == "value"
    assert spans["get KV"]["parent_span_id"] == spans["GET"]["span_id"]
    trace_id = "f0" * 16
    told = library.ask("other", trace_id).json()["headers"]["traceparent"]
    kinds = [span["kind"] for span in library.spans(trace_id, "GET")]
    assert told.split("-")[1] == trace_id
    assert sorted(kinds) == [SERVER, CLIENT]
    ask(f"{library.url}/cdn-cgi/local/scheduled?cron=1+2+3+4+5")
    assert library.named("scheduled")["attributes"]["faas.cron"] == "1 2 3 4 5"
    library.close()


@pytest.fixture(scope="module")
def bindings(edge: Edge) -> Iterator[Traced]:
    """tests/worker/apps/bindings/entry.py."""
    running = Traced(
        edge,
        APPS / "bindings" / "entry.py",
        vars={"GREETING": "hi"},
        bindings={
            "kvNamespaces": ["KV"],
            "r2Buckets": ["BUCKET"],
            "d1Databases": ["DB"],
            "queueProducers": {"QUEUE": "jobs"},
            "durableObjects": {"COUNTER": "Counter"},
        },
    )
    yield running
    running.close()


def under(bindings: Traced, path: str, *names: str) -> tuple[Any, list[Any]]:
    """The answer of a path, and the spans directly under its request's, oldest first."""
    answer, spans = bindings.trace(path, "GET", *names)
    trace = bindings.spans(next(iter(spans.values()))["trace_id"])
    (root,) = [span for span in trace if span["parent_span_id"] == "c" * 16]
    parts = [span for span in trace if span["parent_span_id"] == root["span_id"]]
    return answer.json(), sorted(parts, key=lambda span: (span["start_unix_nano"], span["name"]))


@pytest.mark.parametrize(
    ("path", "answer", "names", "kind", "known"),
    [
        (
            "kv",
            {"found": "hello", "missing": None, "keys": 1},
            {"put KV", "get KV", "list KV", "delete KV"},
            CLIENT,
            {"db.system.name": "cloudflare-kv", "cloudflare.binding.name": "KV"},
        ),
        (
            "r2",
            {"size": 6, "text": "a note", "objects": 1},
            {"put BUCKET", "head BUCKET", "get BUCKET", "list BUCKET", "delete BUCKET"},
            CLIENT,
            {"cloudflare.binding.name": "BUCKET"},
        ),
        (
            "d1",
            {"texts": ["one", "two"], "first": "two", "failed": True},
            None,
            CLIENT,
            {"db.system.name": "cloudflare-d1", "cloudflare.binding.name": "DB"},
        ),
        (
            "queue",
            {"sent": 3},
            None,
            PRODUCER,
            {"messaging.system": "cloudflare-queues", "cloudflare.binding.name": "QUEUE"},
        ),
        (
            "object",
            {"count": 3, "text": "3", "empty": "0"},
            {"COUNTER/increment", "GET"},
            CLIENT,
            {"cloudflare.binding.name": "COUNTER"},
        ),
        ("vars", {"greeting": "hi", "missing": False}, set(), CLIENT, {}),
    ],
)
def test_bindings(
    bindings: Traced,
    path: str,
    answer: dict[str, Any],
    names: set[str] | None,
    kind: int,
    known: dict[str, Any],
) -> None:
    """Each use is a span under its request, and answers what it did without us."""
    found, spans = under(bindings, path)
    assert found == answer
    if names is not None:
        assert {span["name"] for span in spans} == names
    assert {span["kind"] for span in spans} <= {kind}
    for span in spans:
        assert known.items() <= span["attributes"].items()
    if path == "d1":
        assert [span["status"]["code"] for span in spans].count(2) == 1
        assert any("SELECT" in span["name"] for span in spans)
