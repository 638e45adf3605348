# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP as it is written down: golden requests, the table of statuses, the table of states.

golden/ holds what opentelemetry-proto 1.45.2 wrote with protobuf 7.36.2 (otlp_cases.py says how).
What can be held against protobuf at run time is in tests/property; these files stay as they are
when protobuf changes.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from edgetrace import _request_state
from edgetrace._config import Settings
from edgetrace._export import Exporter
from edgetrace._otlp import PROTOBUF, Encoding
from edgetrace._otlp_json import JSON
from edgetrace._request_state import TRANSITIONS, Signal, State
from edgetrace._types import ExportRequest, Resource, Scope
from edgetrace.errors import RejectedError, ThrottledError, TransportError
from tasks.paths import ROOT
from tests.conformance.otlp_cases import CASES, GOLDEN, MINIMAL, Case
from tests.strategies import simple_span

# Field by field, from https://protobuf.dev/programming-guides/encoding/ and trace.proto, by hand.
MINIMAL_HEX = """
0a 52                                                # resource_spans
   0a 00                                             # resource: present, empty
   12 4e                                             # scope_spans
      0a 05  0a 03 6c6962                            # scope: name "lib"
      12 45                                          # span
         0a 10 0af7651916cd43dd8448eb211c80319c      # trace_id
         12 08 00f067aa0ba902b7                      # span_id
         1a 0a 76656e646f723d613a31                  # trace_state "vendor=a:1"
         2a 01 78                                    # name "x"
         30 01                                       # kind INTERNAL
         39 004859e3faeb6f15                         # start_time_unix_nano, little-endian
         41 014859e3faeb6f15                         # end_time_unix_nano
         85 01 03010000                              # flags: sampled, random, origin known
"""


def encoded(encoding: Encoding, case: Case) -> bytes:
    """A case by the agent."""
    resource, groups = case
    return encoding.frame(
        encoding.resource(resource),
        resource.schema_url,
        [
            (encoding.scope(scope), scope.schema_url, [encoding.span(span) for span in spans])
            for scope, spans in groups
        ],
    )


@pytest.mark.parametrize("name", CASES)
def test_protobuf_is_golden_byte_for_byte(name: str) -> None:
    """The same fields in the same order, defaults left out, varints at their shortest."""
    assert encoded(PROTOBUF, CASES[name]) == (GOLDEN / f"{name}.binpb").read_bytes()


@pytest.mark.parametrize("name", CASES)
def test_json_is_golden(name: str) -> None:
    """The same document; JSON does not order an object's members."""
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert json.loads(encoded(JSON, CASES[name])) == golden


def test_the_smallest_request_by_hand() -> None:
    """Each byte is accounted for."""
    assert encoded(PROTOBUF, MINIMAL) == bytes.fromhex(re.sub("#.*", "", MINIMAL_HEX))


# OTLP specification 1.10, "OTLP/HTTP Response": "Retryable Response Codes", "All other 4xx or 5xx
# response status codes MUST NOT be retried", "Full Success", and that redirects are no success.
RETRYABLE = {429, 502, 503, 504}


def outcome(status: int) -> str:
    """What the specification says of a status."""
    if 200 <= status < 300:
        return "success"
    return "retry" if status in RETRYABLE else "drop"


def sent(**options: Any) -> tuple[Exporter, ExportRequest]:
    """An exporter with one span under way."""
    exporter = Exporter(Settings.from_options(**options), Resource(), bytes)
    exporter.offer(exporter.add_scope(Scope()), simple_span())
    exporter.force_flush()
    request = exporter.next_request(0)
    assert request is not None
    return exporter, request


@pytest.mark.parametrize("status", range(100, 600))
def test_each_status_means_what_the_specification_says(status: int) -> None:
    """Exported, tried again, or dropped and never sent again."""
    exporter, request = sent()
    error = exporter.receive_response(request.id, status, {}, b"", 0)
    counters = exporter.counters()
    again = exporter.next_request(3_600 * 10**9)
    expected = outcome(status)
    dropped = counters["dropped_rejected"] + counters["dropped_too_large"]
    assert (counters["exported"] == 1, again is request, dropped == 1) == (
        *(expected == "success", expected == "retry", expected == "drop"),
    )
    kinds = {"success": type(None), "retry": ThrottledError, "drop": RejectedError}
    assert type(error) is kinds[expected]


def test_no_connection_is_tried_again() -> None:
    """OTLP/HTTP Connection: a client that cannot connect retries, with exponential backoff."""
    exporter, request = sent()
    assert isinstance(exporter.receive_failure(request.id, "refused", 0), TransportError)
    assert exporter.next_request(3_600 * 10**9) is request


@pytest.mark.parametrize(
    ("body", "exported", "rejected"),
    [
        (b"", 1, 0),
        (b"\x0a\x00", 1, 0),  # "If the request is only partially accepted": nothing rejected
        (b"\x0a\x06\x12\x04warn", 1, 0),  # a warning
        (b"\x0a\x02\x08\x01", 0, 1),
        (b"\x0a\x02\x08\x01\x0a\x04\x12\x02no", 0, 1),  # an embedded message in two parts is merged
    ],
)
def test_partial_success_is_never_sent_again(body: bytes, exported: int, rejected: int) -> None:
    """Partial Success: "The client MUST NOT retry the request"."""
    exporter, request = sent()
    exporter.receive_response(request.id, 200, {}, body, 0)
    counters = exporter.counters()
    assert (counters["exported"], counters["dropped_partial_success"]) == (exported, rejected)
    assert exporter.next_request(3_600 * 10**9) is None


@pytest.mark.parametrize(
    ("options", "content_type"),
    [({}, "application/x-protobuf"), ({"protocol": "http/json"}, "application/json")],
)
def test_requests_are_posts_to_v1_traces(options: dict[str, str], content_type: str) -> None:
    """Default port 4318, path /v1/traces, the encoding's content type."""
    _, request = sent(**options)
    assert request.url == "http://localhost:4318/v1/traces"
    assert request.headers["content-type"] == content_type


Row = tuple[str, str, str, str]


def table() -> list[tuple[str, str, str]]:
    """TRANSITIONS as rows of names."""
    return [
        (state.name, signal.value, following.name)
        for (state, signal), following in TRANSITIONS.items()
    ]


def docstring_rows() -> list[Row]:
    """The table in _request_state's docstring."""
    line = re.compile(r"^    ([A-Z]+) +([a-z_]+) +-> ([A-Z]+) +(\S.*)$", re.MULTILINE)
    rows: list[Row] = line.findall(_request_state.__doc__ or "")
    return rows


def documented_rows() -> list[Row]:
    """The table in docs/architecture.md."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    line = re.compile(r"^\| ([A-Z]+) \| ([a-z_]+) \| ([A-Z]+) \| (.*) \|$", re.MULTILINE)
    rows: list[Row] = line.findall(text)
    return [row for row in rows if row[0] in State.__members__]  # the circuit has a table too


def test_the_table_of_states_is_the_one_that_is_documented() -> None:
    """The code, the module's docstring and docs/architecture.md print one table."""
    assert [row[:3] for row in docstring_rows()] == table()
    assert documented_rows() == docstring_rows()


def test_every_state_is_reached_and_every_signal_means_something() -> None:
    """Nothing in the table is dead."""
    assert set(TRANSITIONS.values()) == set(State)
    assert {signal for _, signal in TRANSITIONS} == set(Signal)
