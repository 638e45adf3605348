# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_priority`: which encoded spans are lost last, in both encodings."""

from __future__ import annotations

from typing import Any

import pytest

from edgetrace._otlp import PROTOBUF, Encoding
from edgetrace._otlp_json import JSON
from edgetrace._priority import is_important
from edgetrace._types import Attributes, Event, SpanContext, Status, StatusCode
from tests.strategies import simple_span

PARENT = SpanContext(b"t" * 16, b"p" * 8)
REMOTE = PARENT._replace(is_remote=True)
TALKATIVE: Attributes = {"parentSpanId": '"parentSpanId":', "status": "code", "int": 2}


@pytest.mark.parametrize("encoding", [PROTOBUF, JSON], ids=["protobuf", "json"])
@pytest.mark.parametrize(
    ("important", "fields"),
    [
        (True, {"parent": None}),
        (True, {"parent": REMOTE}),
        (False, {"parent": PARENT}),
        (False, {"parent": PARENT, "status": Status(StatusCode.OK)}),
        (False, {"parent": PARENT, "attributes": TALKATIVE, "events": [Event("e", 1, TALKATIVE)]}),
        (True, {"parent": PARENT, "status": Status(StatusCode.ERROR)}),
        (True, {"parent": PARENT, "status": Status(StatusCode.ERROR, "no"), "name": "n" * 300}),
        (True, {"parent": None, "attributes": TALKATIVE}),
    ],
)
def test_errors_and_what_begins_here(
    encoding: Encoding, important: bool, fields: dict[str, Any]
) -> None:
    """Roots, children of another process's spans, and errors; whatever else a span says."""
    assert is_important(encoding.span(simple_span(**fields))) is important
