# SPDX-License-Identifier: MIT OR Apache-2.0
"""A secret planted anywhere in a span is not among the bytes that are sent, in either encoding."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings, strategies as st

from edgetrace import Settings, SpanContext, SpanKind, Status, StatusCode
from edgetrace._otlp import PROTOBUF
from edgetrace._otlp_json import JSON
from edgetrace._redact import Redactor, span_redaction
from edgetrace._types import Event, Link, SpanData

MARK: Final = "pl4nted0123456789"
CONTEXT: Final = SpanContext(b"\1" * 16, b"\2" * 8)
SECRETS: Final = (
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{MARK}",
    f"{MARK}@mail.example",
    f"sk_live_{MARK}",
    f"ghp_{MARK}",
    f"Bearer {MARK}",
    f"password={MARK}",
    f"client_secret: {MARK}",
    f'"token": "{MARK}"',
    f"https://user:{MARK}@h.example/",
    f"https://h.example/p?a=1&session={MARK}",
    f"wss://h.example/#access_token={MARK}",
    f"/cb?next=%2Fp%3Fcode%3D{MARK}",
    f"Authorization: Basic {MARK}",
    f"-----BEGIN EC PRIVATE KEY-----\n{MARK}\n-----END EC PRIVATE KEY-----",
)
around = st.text(" \n\t,.!?()[]{}<>'\"abcXYZ019äß", max_size=12)


def spans_with(text: str) -> list[SpanData]:
    """One span for each place where a text can be."""
    bare = SpanData(CONTEXT, None, "GET", SpanKind.INTERNAL, 1, 2, {}, (), (), Status(), 0, 0, 0)
    mapping: dict[str, Any] = {"a": text}
    return [
        bare._replace(name=text),
        bare._replace(attributes=mapping),
        bare._replace(attributes={"n": 1, "deep": ({"b": (text,)}, text)}),
        bare._replace(events=[Event("exception", 1, {"exception.stacktrace": text})]),
        bare._replace(links=[Link(CONTEXT, mapping)]),
        bare._replace(status=Status(StatusCode.ERROR, text)),
        bare._replace(context=CONTEXT._replace(trace_state=(("vendor", text),))),
    ]


@pytest.mark.parametrize("secret", SECRETS)
@settings(max_examples=25)
@given(before=around, after=around)
def test_no_planted_secret_is_encoded(secret: str, before: str, after: str) -> None:
    """Wherever it stands, whatever stands around it."""
    own_line = secret.startswith("/")  # a path is one at the start alone
    redacted = span_redaction(Settings())
    for span in spans_with(f"{'' if own_line else before + ' '}{secret} {after}"):
        for encoding in (PROTOBUF, JSON):
            assert MARK.encode() not in encoding.span(redacted(span))


@given(st.text(max_size=60) | around.map(lambda text: f"token={text}") | st.sampled_from(SECRETS))
def test_redaction_of_texts_is_final(text: str) -> None:
    """Any text has a redacted form, and redacting that again changes nothing more."""
    once = Redactor("redact").text(text)
    assert Redactor("redact").text(once) == once
