# SPDX-License-Identifier: MIT OR Apache-2.0
"""_server_timing: a response's metrics, from the browser's objects to a line and back."""

from __future__ import annotations

import pytest

from edgetrace._server_timing import (
    MAX_METRICS,
    MAX_TEXT,
    Metric,
    format_server_timing,
    parse_server_timing,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db;dur=53", [Metric("db", 53.0)]),
        ("db;dur=53.5;desc=q, 1; 2", [Metric("db", 53.5, "q, 1; 2")]),
        (
            "miss, db;dur=53, dc;desc=atl",
            [Metric("miss"), Metric("db", 53.0), Metric("dc", 0, "atl")],
        ),
        ('cache;desc="Cache Read";dur=23.2', [Metric("cache", 23.2, "Cache Read")]),
        ("a, b", [Metric("a"), Metric("b")]),
        ("db;dur=1, miss", [Metric("db", 1.0), Metric("miss")]),
        ("total ; dur=1", [Metric("total", 1.0)]),
        ("a;foo=1", [Metric("a")]),
        ("a;dur=1;foo=2", [Metric("a", 1.0)]),
        ("a;dur=x", [Metric("a")]),
        ("a;dur=nan", [Metric("a")]),
        ("a;dur=-1", [Metric("a")]),
        ("a;dur=1e300", [Metric("a")]),
        ("a;dur=0;desc=, b;dur=0;desc=", [Metric("a"), Metric("b")]),
        ("not a token;dur=1", []),
        ("", []),
        (",,;;=", []),
    ],
)
def test_a_header_or_the_loaders_line_gives_its_metrics(text: str, expected: list[Metric]) -> None:
    """Both forms are read; what has no name is left out."""
    assert parse_server_timing(text) == expected


def test_what_the_browser_has_comes_back() -> None:
    """A description with commas and semicolons survives, although the browser took its quotes."""
    objects = [
        {"name": "traceparent", "duration": 0, "description": "00-1-2-01"},
        {"name": "db", "duration": 12.3, "description": 'q, "x"; 100%'},
        {"name": "miss", "duration": 0, "description": ""},
    ]
    line = format_server_timing(objects)
    assert line == (
        'traceparent;dur=0;desc=00-1-2-01, db;dur=12.3;desc=q, "x"; 100%, miss;dur=0;desc='
    )
    assert parse_server_timing(line) == [
        Metric("traceparent", 0.0, "00-1-2-01"),
        Metric("db", 12.3, 'q, "x"; 100%'),
        Metric("miss"),
    ]


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        (None, ""),
        ("db", ""),
        ([None, 1, {"name": "a", "duration": "x", "description": 3}], "a;dur=0;desc="),
        ([{"name": "a\nb", "duration": 10**5000}], "a b;dur=0;desc="),
        ([{"duration": float("nan")}], ";dur=0;desc="),
    ],
)
def test_wrong_types_are_left_out(objects: object, expected: str) -> None:
    """Whatever a page puts there, a line comes out."""
    assert format_server_timing(objects) == expected


def test_count_and_length_are_bounded() -> None:
    """A header of any size gives MAX_METRICS at most, and is not read beyond MAX_TEXT."""
    many = [{"name": f"m{index}", "duration": index} for index in range(1000)]
    assert len(parse_server_timing(format_server_timing(many))) == MAX_METRICS
    assert len(parse_server_timing("a,b;dur=1," * 100_000)) == MAX_METRICS
    assert parse_server_timing(" " * MAX_TEXT + "late;dur=1") == []
