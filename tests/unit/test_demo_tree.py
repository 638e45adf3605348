# SPDX-License-Identifier: MIT OR Apache-2.0
"""The demo's trace printer: lines from the collector's description of a trace."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tasks.demo_text import ASCII, COLOURS, clean, duration, short_url
from tasks.demo_tree import MAX_WIDTH, kind_of, render_trace

HOME = "http://shop.test"
ANSI = re.compile(r"\033\[[0-9;]*m")


def a_span(
    number: int = 1,
    name: str = "resourceFetch",
    url: str = "/a.js",
    start_ms: float = 10,
    length_ms: float = 20,
    *,
    depth: int = 1,
    children: int = 0,
    status: int | None = 200,
    error: bool = False,
    initiator: str = "script",
) -> dict[str, Any]:
    """One span as `describe_trace` gives it, cut down to what the printer reads."""
    attributes: dict[str, Any] = {"browser.resource_timing.initiator_type": initiator}
    if url:
        attributes["url.full"] = HOME + url if url.startswith("/") else url
    if status is not None:
        attributes["http.response.status_code"] = status
    return {
        "span_id": f"{number:016x}",
        "name": name,
        "attributes": attributes,
        "start_offset_ns": round(start_ms * 1e6),
        "duration_ns": round(length_ms * 1e6),
        "depth": depth,
        "orphan": False,
        "child_count": children,
        "status": {"code": 2 if error else 0, "message": ""},
    }


def a_trace(*children: dict[str, Any], length_ms: float = 100) -> dict[str, Any]:
    """A page load with these children."""
    root = a_span(0, "documentLoad", "/p.html", 0, length_ms, depth=0, children=len(children))
    spans = [root, *children]
    return {
        "trace_id": "0123456789abcdef" * 2,
        "duration_ns": round(length_ms * 1e6),
        "error_count": sum(span["status"]["code"] == 2 for span in spans),
        "services": ["shop"],
        "spans": spans,
    }


def column_of(line: str, character: str = "█") -> int:
    """Where a line's bar begins."""
    return re.search(f"[{character}▐▌]", line).start()  # type: ignore[union-attr]


def test_heading_says_what_where_how_many_and_how_long() -> None:
    """The first line names the page, the service, the spans, the errors, the time and the trace."""
    trace = a_trace(a_span(error=True, status=503))
    heading = render_trace(trace)[0]
    assert heading == "documentLoad /p.html   shop   2 spans   1 error   100 ms   0123456789ab…"


def test_bars_are_aligned_and_to_scale() -> None:
    """A bar begins at its share of the axis and is as long as its share of the trace."""
    lines = render_trace(a_trace(a_span(start_ms=50, length_ms=50)), 100)
    root, child = lines[2], lines[3]
    begin, end = column_of(root), len(root)
    assert len(child) == end
    assert column_of(child) == pytest.approx(begin + (end - begin) / 2, abs=1)


def test_a_span_too_short_for_a_column_is_still_seen() -> None:
    """No bar is empty, even of a span of no length at the very end."""
    lines = render_trace(a_trace(a_span(start_ms=100, length_ms=0)))
    assert lines[3].endswith("▐")


def test_failure_is_marked_with_its_status() -> None:
    """An error has a cross before its name and the response status behind its bar."""
    lines = render_trace(a_trace(a_span(url="/x", status=503, error=True)))
    assert "✗ /x" in lines[3]
    assert lines[3].endswith(" 503")


def test_other_hosts_are_named() -> None:
    """The page's own host is left out, another one is written."""
    lines = render_trace(a_trace(a_span(url="https://cdn.test/x.js"), a_span(2, url="/y.js")))
    assert "cdn.test/x.js" in lines[3]
    assert " /y.js" in lines[4]


def test_tree_lines_show_who_belongs_to_whom() -> None:
    """Children hang below their parent, the last one by a corner."""
    trace = a_trace(
        a_span(1, "checkout", "", depth=1, children=1),
        a_span(2, "pay", "", depth=2),
        a_span(3, "thanks", "", depth=1),
    )
    labels = [re.split("  +[0-9]", line)[0] for line in render_trace(trace)[2:]]
    assert labels == ["documentLoad", "├─ checkout", "│  └─ pay", "└─ thanks"]


def test_the_edges_spans_are_named_for_what_they_carry() -> None:
    """What came in by its path, what went out by its host; the heading is the page's."""
    edge = {"scope": {"name": "edgetrace.worker"}}
    server = a_span(1, "GET", "", 2, 30, depth=0, children=2) | edge | {"kind": 2}
    server["attributes"]["url.path"] = "/p.html"
    client = a_span(2, "GET", "http://origin.test/p.html", 4, 20) | edge | {"kind": 3}
    page = a_span(3, "documentLoad", "/p.html", 0, 100, children=1)
    trace = a_trace() | {"spans": [server, client, page, a_span(4, url="/a.js", depth=2)]}
    lines = render_trace(trace)
    assert lines[0].startswith("documentLoad /p.html   shop   4 spans")
    labels = [re.split("  +[0-9]", line)[0] for line in lines[2:]]
    assert labels == [
        "edge GET /p.html",
        "├─ to origin.test GET",
        "└─ documentLoad",
        "   └─ /a.js",
    ]
    coloured = render_trace(trace, colour=True)
    assert f"\033[{COLOURS['edge']}m" in coloured[2]
    assert f"\033[{COLOURS['edge']}m" in coloured[3]
    assert f"\033[{COLOURS['edge']}m" not in coloured[4]


def test_long_traces_keep_failures_and_the_slow_and_count_the_rest() -> None:
    """Beyond max_rows quick resources are merged by kind, with their number and range."""
    images = [a_span(i, url=f"/{i}.png", length_ms=1 + i / 10) for i in range(1, 41)]
    slow = a_span(90, url="/slow", length_ms=80, initiator="fetch")
    failed = a_span(91, url="/down", error=True, status=500, initiator="fetch")
    text = "\n".join(render_trace(a_trace(*images, slow, failed), max_rows=6))
    assert "/slow" in text
    assert "✗ /down" in text
    merged = re.search(r"(\d+) images +1\.1 to ([\d.]+) ms +░+", text.replace("▐", ""))
    assert merged
    shown = len(re.findall(r"/\d+\.png", text))
    assert int(merged[1]) + shown == 40


def test_many_spans_of_an_application_are_cut_with_a_count() -> None:
    """Spans that are no resources are not merged; beyond twice max_rows they are counted."""
    spans = [a_span(i, f"step {i}", "") for i in range(1, 101)]
    lines = render_trace(a_trace(*spans), max_rows=10)
    assert len(lines) == 2 + 21
    assert "and 81 more spans" in lines[-1]


@pytest.mark.parametrize("width", [1, 60, 80, 200])
def test_rows_keep_within_the_terminal(width: int) -> None:
    """Whatever the names and the width, no row is longer than the terminal (60 to 140 columns)."""
    trace = a_trace(a_span(url="/" + "very-long-name/" * 20 + "end.js"), a_span(2, url="/日本.js"))
    lines = render_trace(trace, width)
    assert all(len(line) <= max(60, min(width, MAX_WIDTH)) for line in lines[1:])
    assert "end.js" in lines[3]


def test_colour_only_adds_colour() -> None:
    """Without its escape sequences the coloured text is the plain one, which has none."""
    trace = a_trace(a_span(error=True), a_span(2, url="/y.css"))
    plain, coloured = render_trace(trace), render_trace(trace, colour=True)
    assert [ANSI.sub("", line).rstrip() for line in coloured] == plain
    assert not any("\033" in line for line in plain)
    assert any("\033[31m" in line for line in coloured)


def test_ascii_needs_no_unicode() -> None:
    """In ASCII style every character is ASCII, so that any terminal can show it."""
    assert all(line.isascii() for line in render_trace(a_trace(a_span(error=True)), glyphs=ASCII))


def test_names_cannot_steer_the_terminal() -> None:
    """Escape sequences and line ends in names and URLs become dots."""
    trace = a_trace(a_span(name="a\033[2Jb\r\n", url=""), a_span(2, url="/\033]0;x\x07"))
    assert all(clean(line) == line for line in render_trace(trace))


@given(st.text())
def test_clean_leaves_only_printable_text(text: str) -> None:
    """Any text at all is printable afterwards and as long as before."""
    assert clean(text).isprintable()
    assert len(clean(text)) == len(text)


@pytest.mark.parametrize(
    ("ns", "text"),
    [(-5, "0.0 ms"), (0, "0.0 ms"), (412_000, "0.4 ms"), (9.96e6, "10 ms"), (41.4e6, "41 ms")]
    + [(999.4e6, "999 ms"), (999.6e6, "1.00 s"), (61.5e9, "61.50 s")],
)
def test_durations_are_said_as_people_say_them(ns: float, text: str) -> None:
    """Tenths below 10 ms, whole milliseconds below a second, then seconds."""
    assert duration(ns) == text


@pytest.mark.parametrize(
    ("url", "initiator", "kind"),
    [
        ("/a.css?v=1", "link", "styles"),
        ("/a.mjs", "script", "scripts"),
        ("/a.woff2", "css", "fonts"),
        ("/a.AVIF", "img", "images"),
        ("/a.json", "fetch", "fetches"),
        ("/a", "other", "others"),
        ("", "", "others"),
    ],
)
def test_kinds(url: str, initiator: str, kind: str) -> None:
    """A resource's kind is that of its caller for fetches, else of its ending."""
    assert kind_of(a_span(url=url, initiator=initiator)) == kind


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://shop.test/x?y", "/x?y"),
        ("http://shop.test", "shop.test"),
        ("https://cdn.test/x", "cdn.test/x"),
        ("data:image/png", "data:image/png"),
        ("", ""),
    ],
)
def test_short_url(url: str, text: str) -> None:
    """The scheme goes; the page's own host goes where a path follows."""
    assert short_url(url, "shop.test") == text
