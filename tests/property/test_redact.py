# SPDX-License-Identifier: MIT OR Apache-2.0
"""Property tests: secrets are found as attributes are set as they are in a walk over the span."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, strategies as st

from edgetrace._limits import SpanLimits, SpanSink
from edgetrace._redact import _PLAIN, _SECRET, _SHORT, _URL, Redactor
from edgetrace._span import RecordingSpan
from edgetrace._types import SpanContext, SpanData, SpanKind, StatusCode
from edgetrace.testing import ManualClock

CONTEXT = SpanContext(b"\1" * 16, b"\2" * 8)
SECRET = "s3cr3t-V4lue-0123456789"
TEXTS = st.one_of(
    st.sampled_from(
        (
            *("", "EUR", "user-17", "ann@mail.example", f"token={SECRET}", f"Bearer {SECRET}"),
            *("https://h/?token=abc&q=1", "/p?nonce=abc", "AKIA" + "IOSFODNN7EXAMPLE"),
        )
    ),
    st.text(max_size=20),
)
KEYS = st.sampled_from(("a", "b", "password", "url.full", "url.path", "shop.token", ""))
VALUES = st.one_of(
    TEXTS,
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.floats(),
    st.lists(TEXTS, max_size=2),
    st.dictionaries(KEYS, TEXTS, max_size=2),
)


def ended(redactor: Redactor | None, way: str, items: dict[str, Any], name: str) -> SpanData:
    """A span to which these were set."""
    spans: list[SpanData] = []
    sink = SpanSink(ManualClock(1), SpanLimits(), spans.append, lambda misuse: None, redactor)
    span = RecordingSpan(CONTEXT, None, name, SpanKind.INTERNAL, None, sink)
    if way == "one by one":
        for key, value in items.items():
            span.set_attribute(key, value)
    elif way == "together":
        span.set_attributes(items)
    elif way == "event":
        span.add_event(name, items)
    elif way == "link":
        span.add_link(CONTEXT, items)
    else:
        span.update_name(way)
        span.set_status(StatusCode.ERROR, way)
    span.end()
    return spans[0]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from(("one by one", "together", "event", "link")), TEXTS),
            st.dictionaries(KEYS, VALUES, max_size=5),
            TEXTS,
        ),
        max_size=5,
    ),
    st.sampled_from(("redact", "drop", "keep")),
)
def test_no_secret_is_missed_when_it_is_set(
    spans: list[tuple[str, dict[str, Any], str]], policy: str
) -> None:
    """Whatever was remembered of spans before, and however attributes came."""
    found, walked = Redactor(policy), Redactor(policy)
    for way, items, name in spans:
        expected = walked.span(ended(None, way, items, name))
        assert repr(ended(found, way, items, name)) == repr(expected)


@given(
    st.one_of(
        st.text(max_size=_SHORT),
        st.text(_PLAIN, max_size=_SHORT),
        st.from_regex(
            r"([bB]earer|basic|sk|sk_live_|gh[a-z]_|glpat-|xox[a-z]-|AIza|AKIA|eyJ|)[ \w.-]{0,12}",
            fullmatch=True,
        ),
    )
)
def test_short_texts_need_no_search(text: str) -> None:
    """What is spared the search, for being short and plain, would come out of it as it is."""
    if len(text) < _SHORT and not text.strip(_PLAIN):
        assert not re.search(_SECRET, text)
        assert re.sub(_URL, Redactor("redact")._url, text) == text
