# SPDX-License-Identifier: MIT OR Apache-2.0
"""What each kind of event gives to Python on the standalone host.

The expectations are the native runtime's: cloudflare/workerd, src/pyodide
(python-entrypoint-helper.ts, introspection.py), November 2026.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tasks import chromium
from tasks.workerd import Server
from tests.worker.ask import ask
from tests.worker.conftest import Edge

PRODUCER = 'export default { fetch: () => new Response("traced") };'


@pytest.fixture(scope="module")
def events(edge: Edge) -> Server:
    """tests/worker/apps/events.py with every binding it names."""
    producer = {
        "name": "producer",
        "compatibilityDate": "2026-11-01",
        "modules": True,
        "script": PRODUCER,
        "tails": ["app"],
    }
    bindings = {
        "kvNamespaces": ["KV"],
        "queueProducers": {"QUEUE": "jobs"},
        "queueConsumers": {"jobs": {"maxBatchTimeout": 0, "maxBatchSize": 1}},
        "durableObjects": {"COUNTER": "Counter"},
        "serviceBindings": {
            "OTHER": {"name": "app", "entrypoint": "Other"},
            "PRODUCER": "producer",
        },
        "workflows": {"FLOW": {"name": "flow", "className": "Flow"}},
    }
    return edge("events", bindings=bindings, others=[producer])


def eventually(question: Callable[[], Any], accept: Callable[[Any], bool]) -> Any:
    """The first acceptable answer; asks for at most 30 seconds, for there is nothing to wait on."""
    deadline = time.monotonic() + 30
    while not accept(answer := question()):
        assert time.monotonic() < deadline, f"still {answer}"
    return answer


def noted(server: Server, key: str) -> list[str]:
    """What a handler wrote down about its arguments, once it has."""
    return json.loads(
        eventually(lambda: ask(f"{server.url}/{key}"), lambda found: found.status == 200).text
    )


def test_fetch(events: Server) -> None:
    """A request is the SDK's Request; `env` and `ctx` are on self."""
    assert ask(f"{events.url}/fetch").json() == [
        "Request",
        "_EnvWrapper",
        "JsProxy:ExecutionContext",
        "GET",
    ]


def test_scheduled(events: Server) -> None:
    """A cron trigger gives the JavaScript controller; `env` and `ctx` come as None, see self."""
    ask(f"{events.url}/cdn-cgi/local/scheduled?cron=1+2+3+4+5")
    assert noted(events, "scheduled") == [
        "JsProxy:ScheduledController",
        "NoneType",
        "NoneType",
        "str",
    ]


def test_queue(events: Server) -> None:
    """A batch is wrapped, so its messages' bodies are Python values."""
    ask(f"{events.url}/send")
    assert noted(events, "queue") == ["_BindingWrapper", "NoneType", "NoneType", "JsDict", "str"]


def test_email(events: Server) -> None:
    """A message is converted as any argument: Miniflare's is a plain object, so a JsDict."""
    mail = b"From: a@example.com\r\nTo: b@example.com\r\nMessage-ID: <1@example.com>\r\n\r\nhi"
    ask(f"{events.url}/cdn-cgi/local/email?from=a@example.com&to=b@example.com", mail)
    assert noted(events, "email")[0] == "JsDict"


def test_tail(events: Server) -> None:
    """Traces of another Worker come as a list."""
    assert ask(f"{events.url}/produce").json() == "traced"
    assert noted(events, "tail")[:2] == ["list", "JsProxy:TraceItem"]


def test_rpc(events: Server) -> None:
    """Methods of a named entrypoint take and give Python values, null as None."""
    assert ask(f"{events.url}/rpc").json() == {"sum": 3, "kinds": ["int", "JsDict", "NoneType"]}


def test_rpc_to_a_method_that_is_not_there(events: Server) -> None:
    """It is JavaScript's TypeError, with the native runtime's words."""
    assert ask(f"{events.url}/rpc/unknown").json() == "TypeError: Method nothing does not exist"


def test_durable_object(events: Server) -> None:
    """One instance per id keeps its state; its methods are RPC, its fetch gets a Request."""
    assert ask(f"{events.url}/object").json() == [2, "Request 2"]
    assert ask(f"{events.url}/object").json() == [4, "Request 4"]


def test_alarm(events: Server) -> None:
    """An object's alarm gets JavaScript's own argument, if it takes one."""
    assert ask(f"{events.url}/set/alarm").json() is True
    assert noted(events, "alarm") == ["JsProxy:AlarmInvocationInfo"]


def test_web_socket(events: Server) -> None:
    """Hibernating sockets reach webSocketMessage and webSocketClose, with as many as they take."""
    script = """url => new Promise((resolve, reject) => {
        const socket = new WebSocket(url);
        socket.onopen = () => socket.send("hello");
        socket.onmessage = ({ data }) => { socket.close(1000); resolve(data); };
        socket.onerror = () => reject(new Error("socket"));
    })"""

    def talk() -> object:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium.path(),
                args=list(chromium.PLAYWRIGHT_FLAGS),
            )
            page = browser.new_page()
            page.goto(f"{events.url}/fetch")
            said: object = page.evaluate(script, events.url.replace("http", "ws") + "/socket")
            browser.close()
            return said

    with ThreadPoolExecutor(1) as thread:  # in this one Playwright may be running already
        answer = thread.submit(talk).result()
    assert answer == "['JsProxy:WebSocket', 'str'] hello"
    assert noted(events, "close") == ["JsProxy:WebSocket", "int"]


def test_workflow(events: Server) -> None:
    """A workflow's steps run in order, and its output is what `run` returns."""
    identity = ask(f"{events.url}/workflow").json()
    status = eventually(
        lambda: ask(f"{events.url}/flow/status?id={identity}").json(),
        lambda found: found["status"] in ("complete", "errored"),
    )
    assert status == {"status": "complete", "output": {"n": 42}}


def test_legacy_handlers(edge: Edge) -> None:
    """Module-level on_fetch and on_scheduled get (event, env, ctx), as many as they take."""
    server = edge("legacy", vars={"NAME": "here"})
    assert ask(server.url).text == "Request here"
    ask(f"{server.url}/cdn-cgi/local/scheduled?cron=1+2+3+4+5")
    server.wait_for_log("scheduled 1 2 3 4 5 here")
