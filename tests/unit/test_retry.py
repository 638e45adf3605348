# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_retry`: how long to wait. tests/conformance has the table of statuses."""

from __future__ import annotations

import datetime
import email.utils

import pytest
from hypothesis import given, strategies as st

from edgetrace._retry import MAX_BACKOFF_NS, MAX_RETRY_AFTER_NS, backoff_ns, retry_after_ns

S = 1_000_000_000
NOW = "Fri, 21 Nov 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("attempts", "ceiling"), [(1, 5), (2, 10), (3, 20), (4, 30), (5, 30), (10_000, 30)]
)
def test_backoff_doubles_up_to_30_seconds(attempts: int, ceiling: int) -> None:
    """Full jitter: anything from 0 to the ceiling."""
    assert backoff_ns(attempts, 0.0) == 0
    assert backoff_ns(attempts, 0.5) == ceiling * S // 2
    assert ceiling * S - 10 <= backoff_ns(attempts, 1 - 2**-32) <= ceiling * S <= MAX_BACKOFF_NS


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0),
        ({"retry-after": " 120 "}, 120),
        ({"retry-after": "999999999"}, 3600),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 10_000}, None),
        ({"retry-after": "\u0663"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Fri, 21 Nov 2026 07:28:30 GMT", "date": NOW}, 30),
        ({"retry-after": "Fri, 21 Nov 2026 07:27:00 GMT", "date": NOW}, 0),
        ({"retry-after": "Sun, 22 Nov 2026 07:28:00 GMT", "date": NOW}, 3600),
        ({"retry-after": "Fri, 21 Nov 2026 07:28:30 GMT"}, None),
        ({"retry-after": NOW, "date": "yesterday"}, None),
        ({"retry-after": "Fri, 21 Xyz 2026 07:28:30 GMT", "date": NOW}, None),
        ({"retry-after": "Friday, 21-Nov-26 07:28:30 GMT", "date": NOW}, None),
        ({"retry-after": NOW + "x", "date": NOW}, None),
    ],
    ids=range(18),
)
def test_retry_after(headers: dict[str, str], wait_s: int | None) -> None:
    """Seconds, or a date against the answer's own; at most an hour, and None where unreadable."""
    assert retry_after_ns(headers) == (None if wait_s is None else wait_s * S)


@given(
    st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(2199, 12, 31)),
    st.integers(-100, 4_000),
)
def test_dates_of_any_year(now: datetime.datetime, wait_s: int) -> None:
    """Leap years and month ends are right, by the standard library's own calendar."""
    now = now.replace(microsecond=0, tzinfo=datetime.UTC)
    headers = {
        "date": email.utils.format_datetime(now, usegmt=True),
        "retry-after": email.utils.format_datetime(
            now + datetime.timedelta(seconds=wait_s), usegmt=True
        ),
    }
    assert retry_after_ns(headers) == min(max(wait_s, 0) * S, MAX_RETRY_AFTER_NS)
