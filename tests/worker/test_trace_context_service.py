# SPDX-License-Identifier: MIT OR Apache-2.0
"""A Worker as a participant of W3C Trace Context: what it takes over, and what it begins anew.

Headers go over a socket as they are written here, repeated ones too.

Source: W3C Trace Context Level 2, https://www.w3.org/TR/trace-context-2/.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.worker.conftest import Edge
from tests.worker.libraries import Traced
from tests.worker.talk import Headers, Talk

TRACE, SPAN = "12345678901234567890123456789012", "1234567890123456"
PARENT = ("traceparent", f"00-{TRACE}-{SPAN}-01")


@pytest.fixture(scope="module")
def service(edge: Edge) -> Iterator[Traced]:
    """tests/worker/apps/trace_context.py."""
    running = Traced(edge, "trace_context")
    yield running
    running.close()


def told(service: Traced, headers: Headers, calls: int = 1) -> list[tuple[str, str | None]]:
    """POST with these headers; (traceparent, tracestate) of each call that the service made."""
    before = len(service.origin.asked)
    wanted = [{"url": f"{service.origin.url}/{n}", "arguments": []} for n in range(calls)]
    body = json.dumps(wanted).encode()
    fixed = [("content-type", "application/json"), ("content-length", str(len(body)))]
    with Talk(service.url) as talk:
        talk.open("POST", "/", [*fixed, *headers])
        talk.send(body)
        assert talk.read_head().status == 200
    asked = [each["headers"] for each in service.origin.asked[before:]]
    assert len(asked) == calls
    return [(each["traceparent"], each.get("tracestate")) for each in asked]


@pytest.mark.parametrize(
    "value",
    [
        *(f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f" \t00-{TRACE}-{SPAN}-01\t "),
        *(f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what-will-come", f"00-{TRACE}-{SPAN}-03"),
    ],
)
def test_a_trace_is_continued(service: Traced, value: str) -> None:
    """With a span of its own, in version 00, and the caller's decision."""
    ((parent, _),) = told(service, [("TraceParent", value)])
    version, trace_id, span_id, flags = parent.split("-")
    assert (version, trace_id) == ("00", TRACE)
    assert span_id != SPAN
    assert flags == value.strip().split("-")[3]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [PARENT, PARENT],
        [PARENT, ("traceparent", f"00-{'3' * 32}-{SPAN}-01")],
        [("traceparent", "")],
        [("traceparent", f"ff-{TRACE}-{SPAN}-01")],
        [("traceparent", f"00-{TRACE}-{SPAN}-01-more")],
        [("traceparent", f"00-{TRACE}-{SPAN}-01.")],
        [("traceparent", f"cc-{TRACE}-{SPAN}-01.what")],
        [("traceparent", f"0-{TRACE}-{SPAN}-01")],
        [("traceparent", f".0-{TRACE}-{SPAN}-01")],
        [("traceparent", f"00-{'0' * 32}-{SPAN}-01")],
        [("traceparent", f"00-{TRACE}-{'0' * 16}-01")],
        [("traceparent", f"00-{TRACE.replace('9', 'A')}-{SPAN}-01")],
        [("traceparent", f"00-{TRACE[1:]}-{SPAN}-01")],
        [("traceparent", f"00-{TRACE}1-{SPAN}-01")],
        [("traceparent", f"00-{TRACE}-{SPAN[1:]}-01")],
        [("traceparent", f"00-{TRACE}-{SPAN}-1")],
        [("traceparent", f"00-{TRACE}-{SPAN}-.1")],
        [("trace-parent", f"00-{TRACE}-{SPAN}-01")],
    ],
    ids=range(19),
)
def test_a_trace_is_begun(service: Traced, headers: Headers) -> None:
    """Where there is no traceparent, or not exactly one that is valid; tracestate goes with it."""
    ((parent, state),) = told(service, [*headers, ("tracestate", "a=1")])
    assert parent.split("-")[1] not in (TRACE, "0" * 32, "3" * 32)
    assert parent.endswith("-03")
    assert state is None


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (["foo=1,bar=2"], "foo=1,bar=2"),
        (["foo=1", "bar=2"], "foo=1,bar=2"),
        (["foo=1", "", "bar=2 \t,\t baz=3"], "foo=1,bar=2,baz=3"),
        (["foo=1,foo=2", "foo=3"], "foo=1"),
        ([""], None),
        (["", ""], None),
        (["foo=1,=2"], None),
        (["FOO=1"], None),
        (["foo=1=2"], None),
        (["foo 1"], None),
        ([",".join(f"a{n}={n}" for n in range(32))], ",".join(f"a{n}={n}" for n in range(32))),
        ([",".join(f"a{n}={n}" for n in range(33))], None),
        (["a@b=1,0a-_*/=2"], "a@b=1,0a-_*/=2"),
        ([f"{'a' * 256}=1"], f"{'a' * 256}=1"),
        ([f"{'a' * 257}=1"], None),
        ([f"a={'z' * 256}"], f"a={'z' * 256}"),
    ],
    ids=range(16),
)
def test_a_tracestate_is_carried(service: Traced, lines: list[str], state: str | None) -> None:
    """Several lines are one list; what is not as specified goes as a whole, the trace stays."""
    ((parent, carried),) = told(service, [PARENT, *[("tracestate", line) for line in lines]])
    assert parent.split("-")[1] == TRACE
    assert carried == state


@pytest.mark.parametrize("headers", [[PARENT], [], [("traceparent", "nonsense")]], ids=range(3))
def test_each_call_is_a_span(service: Traced, headers: Headers) -> None:
    """Of one trace, with an id of its own."""
    parents = [parent.split("-") for parent, _ in told(service, headers, calls=3)]
    assert len({parent[1] for parent in parents}) == 1
    assert len({parent[2] for parent in parents}) == 3
