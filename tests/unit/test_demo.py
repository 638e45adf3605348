# SPDX-License-Identifier: MIT OR Apache-2.0
"""The demo without a browser: ports, and what it prints as spans arrive."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.store import Store
from tasks import demo_ports, demo_print
from tasks.console import BuildError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that is in use."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store in memory."""
    made = Store()
    yield made
    made.close()


def add(store: Store, number: int, name: str, url: str, parent: int = 0) -> None:
    """Put one span of 5 ms into the store's one trace."""
    request = ExportTraceServiceRequest()
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(
            trace_id=b"t" * 16,
            span_id=number.to_bytes(8, "big"),
            parent_span_id=parent.to_bytes(8, "big") if parent else b"",
            name=name,
            start_time_unix_nano=10**18,
            end_time_unix_nano=10**18 + 5_000_000,
        )
    )
    span.attributes.add(key="url.full").value.string_value = url
    store.add(request)


def test_a_port_in_use_is_passed_over(taken: int) -> None:
    """Without a wish the next free port is taken."""
    with demo_ports.listen(None, taken, "--port") as bound:
        assert taken < bound.getsockname()[1] <= taken + 50


def test_a_port_that_was_asked_for_is_not_replaced(taken: int) -> None:
    """A wish that cannot be met is one line that names the option and the port."""
    with pytest.raises(BuildError, match=rf"^--port {taken} is in use; name another one"):
        demo_ports.listen(taken, 1, "--port")


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", ""])
def test_what_is_no_port_is_refused(text: str) -> None:
    """Ports are numbers from 1 to 65535."""
    with pytest.raises(argparse.ArgumentTypeError, match="is not a port"):
        demo_ports.port(text)


def test_a_trace_is_printed_once_and_then_only_what_is_new(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tree comes first; a span that arrives later is one line."""
    trace_id, known = (b"t" * 16).hex(), set[str]()
    add(store, 1, "documentLoad", "http://shop.test/")
    demo_print.print_news(store, trace_id, known)
    assert "documentLoad /" in capsys.readouterr().out
    add(store, 2, "resourceFetch", "http://shop.test/late.json", parent=1)
    demo_print.print_news(store, trace_id, known)
    assert capsys.readouterr().out == f"+ resourceFetch /late.json   5.0 ms   {trace_id[:12]}\n"
    demo_print.print_news(store, trace_id, known)
    assert capsys.readouterr().out == ""


def test_only_page_loads_are_drawn(store: Store) -> None:
    """A request at the edge that no page's trace joined is counted, not drawn."""
    add(store, 1, "GET", "http://shop.test/a.css")
    assert demo_print.page_traces(store) == []
    add(store, 2, "documentLoad", "http://shop.test/", parent=1)
    assert [trace["span_count"] for trace in demo_print.page_traces(store)] == [2]


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (0, "and 0 more traces, each of one request at the edge"),
        (1, "and one more trace, of a single request at the edge"),
        (40, "and 40 more traces, each of one request at the edge"),
    ],
)
def test_the_other_traces_are_one_line(count: int, line: str) -> None:
    """What is not drawn is told by its number."""
    assert demo_print.others_line(count) == line


def test_a_released_port_is_free(taken: int) -> None:
    """A server that binds by itself gets the port that was found for it."""
    number = demo_ports.release(demo_ports.listen(None, taken, "--port"))
    with demo_ports.listen(number, 1, "--port") as again:
        assert again.getsockname()[1] == number
