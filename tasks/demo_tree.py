# SPDX-License-Identifier: MIT OR Apache-2.0
"""A trace as lines for a terminal. Pure: the collector's description of a trace in, lines out.

    documentLoad /wind.html   shop, shop-edge   45 spans   1 error   786 ms   4f2a91c0ab34…
                                              0       200 ms      400 ms      600 ms
    edge GET /wind.html                39 ms  ██▌
    ├─ to 127.0.0.1:8001 GET           36 ms  ▐█▌
    └─ documentLoad                   786 ms  ██████████████████████████████████████████
       ├─ documentFetch                41 ms  ██▌
       ├─ /css/tokens.css              22 ms    ▐█
       ├─ ✗ /api/stations/gannet-rock  35 ms               ██         503
       └─ 24 images               4 to 52 ms       ░░░░░░░░░░░

The edge's spans stand above the page's, whose load they are part of.
Names come from the network, so what could steer a terminal is shown as a dot. Must not know the
store, the terminal or the environment. Source of the input: `collector.api.describe_trace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tasks.demo_text import (
    UNICODE,
    Glyphs,
    clean,
    columns_of,
    duration,
    fit,
    host_of,
    paint,
    short_url,
)

Span = Mapping[str, Any]

MAX_ROWS: Final = 26
MIN_WIDTH: Final = 60
MAX_WIDTH: Final = 140
_STATUS_ERROR: Final = 2
_PAGE: Final = "documentLoad"
_EDGE_SCOPE: Final = "edgetrace.worker"
_CLIENT: Final = 3  # OTLP, enum Span.SpanKind
_ID_CHARACTERS: Final = 12
_TICKS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)
_GROUPS: Final = {
    "styles": ("css",),
    "scripts": ("js", "mjs"),
    "fonts": ("woff2", "woff", "ttf", "otf"),
    "images": ("svg", "png", "avif", "webp", "jpg", "jpeg", "gif", "ico"),
}


class _Row(NamedTuple):
    label: str
    time: str
    start_ns: int
    end_ns: int
    kind: str
    depth: int
    error: bool = False
    note: str = ""
    span_id: str = ""
    merged: int = 0


def render_trace(
    trace: Mapping[str, Any],
    width: int = 100,
    *,
    colour: bool = False,
    glyphs: Glyphs = UNICODE,
    max_rows: int = MAX_ROWS,
) -> list[str]:
    """Draw one trace.

    Args:
        trace: As `collector.api.describe_trace` gives it, spans in waterfall order.
        width: Columns of the terminal; what is drawn keeps within MIN_WIDTH and MAX_WIDTH.
        colour: Whether to write ANSI colours.
        glyphs: UNICODE or ASCII.
        max_rows: Beyond this many spans, the quick ones are merged by kind.

    Returns:
        Lines without line ends: a heading, a time axis, the rows.
    """
    spans: Sequence[Span] = trace["spans"]
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    home = host_of(page_url(spans))
    rows = _fold([_row(span, home) for span in spans], max_rows)
    stems = [stem for stem, _ in _stems(rows, glyphs)]
    texts = [f"{glyphs.cross if row.error else ''}{row.label}" for row in rows]
    time_width = max(len(row.time) for row in rows)
    # The bars get what names do not need, and at least two fifths.
    widest = max(columns_of(stem + text) for stem, text in zip(stems, texts, strict=True))
    label_width = min(widest, width * 3 // 5 - time_width - 4)
    bar_width = width - label_width - time_width - 4
    total_ns = max(int(trace["duration_ns"]), 1)

    lines = [_heading(trace, home, width, colour, glyphs)]
    lines.append(" " * (label_width + time_width + 4) + _axis(total_ns, bar_width, colour))
    for stem, text, row in zip(stems, texts, rows, strict=True):
        kind = "error" if row.error else row.kind
        label = fit(text, label_width - columns_of(stem), glyphs.cut)
        bar = _bar(row, total_ns, bar_width, glyphs)
        note = f" {row.note}" if row.note and len(bar) + len(row.note) < bar_width else ""
        line = (
            paint(stem, "soft", colour)
            + paint(label, kind, colour and (row.depth == 0 or kind in ("error", "edge")))
            + " " * (label_width - columns_of(stem) - columns_of(label))
            + f"  {row.time:>{time_width}}  "
            + paint(bar, kind, colour)
            + paint(note, "error" if row.error else "soft", colour)
        )
        lines.append(line.rstrip())
    return lines


def kind_of(span: Span) -> str:
    """What a span is about: "edge", "page", or its resource's group as the tree merges them."""
    if span.get("scope", {}).get("name") == _EDGE_SCOPE:
        return "edge"
    if span["name"] != "resourceFetch":
        return "page"
    initiator = span["attributes"].get("browser.resource_timing.initiator_type")
    if initiator in ("fetch", "xmlhttprequest", "beacon"):
        return "fetches"
    ending = _url(span).partition("?")[0].rpartition("/")[2].rpartition(".")[2].lower()
    return next((group for group, endings in _GROUPS.items() if ending in endings), "others")


def _row(span: Span, home: str) -> _Row:
    url = _url(span)
    name = clean(span["name"])
    kind = kind_of(span)
    if kind == "edge":
        label = _edge_label(span, name, home)
    else:
        label = short_url(url, home) if name == "resourceFetch" and url else name
    error = span["status"].get("code") == _STATUS_ERROR
    status = span["attributes"].get("http.response.status_code")
    cause = span["attributes"].get("error.type") or span["status"].get("message", "")
    return _Row(
        label=("(parent missing) " if span.get("orphan") else "") + label,
        time=duration(span["duration_ns"]),
        start_ns=int(span["start_offset_ns"]),
        end_ns=int(span["start_offset_ns"]) + int(span["duration_ns"]),
        kind="root" if kind == "page" and span["depth"] == 0 else kind,
        depth=int(span["depth"]),
        error=error,
        note=clean(status or cause) if error else "",
        span_id=span["span_id"],
        merged=0 if span["child_count"] or name != "resourceFetch" else 1,
    )


def _edge_label(span: Span, name: str, home: str) -> str:
    """ "edge GET /kite.html" for what came in, "to 127.0.0.1:8001 GET" for what went out."""
    url = _url(span)
    if span.get("kind") == _CLIENT and url:
        return f"to {host_of(clean(url))} {name}"
    path = clean(span["attributes"].get("url.path", "")) or short_url(url, home)
    return f"edge {name} {path}" if path and path not in name else f"edge {name}"


def _fold(rows: list[_Row], max_rows: int) -> list[_Row]:
    """Merge the quickest resources by kind until the rows fit; all else and failures stay."""
    if len(rows) <= max_rows:
        return rows
    quiet = [row for row in rows if row.merged and not row.error]
    kinds = {row.kind for row in quiet}
    keep = max(0, max_rows - (len(rows) - len(quiet)) - len(kinds))
    slow = sorted(quiet, key=lambda row: row.start_ns - row.end_ns)[:keep]
    merged = {row.span_id for row in quiet} - {row.span_id for row in slow}
    groups: dict[tuple[str, int], list[_Row]] = {}
    for row in quiet:
        if row.span_id in merged:
            groups.setdefault((row.kind, row.depth), []).append(row)
    # A group stands where its first span stood: those are leaves, so the tree's shape stays right.
    firsts = {group[0].span_id: group for group in groups.values()}
    shown = []
    for row in rows:
        if row.span_id in firsts:
            group = firsts[row.span_id]
            shown.append(row if len(group) == 1 else _merge(group))
        elif row.span_id not in merged:
            shown.append(row)
    # Many spans of an application's own are not resources; their tail is only counted.
    if len(shown) > 2 * max_rows:
        cut = shown[2 * max_rows :]
        shown[2 * max_rows :] = [
            _Row(
                f"and {len(cut)} more spans",
                "",
                min(row.start_ns for row in cut),
                max(row.end_ns for row in cut),
                "others",
                min(row.depth for row in cut),
                error=any(row.error for row in cut),
                merged=len(cut),
            )
        ]
    return shown


def _merge(group: list[_Row]) -> _Row:
    kind = group[0].kind
    times = [row.end_ns - row.start_ns for row in group]
    low, high = duration(min(times)), duration(max(times))
    same_unit = low.split()[-1] == high.split()[-1]
    return _Row(
        label=f"{len(group)} {'other resources' if kind == 'others' else kind}",
        time=high if low == high else f"{low.split()[0] if same_unit else low} to {high}",
        start_ns=min(row.start_ns for row in group),
        end_ns=max(row.end_ns for row in group),
        kind=kind,
        depth=group[0].depth,
        merged=len(group),
    )


def _stems(rows: Sequence[_Row], glyphs: Glyphs) -> Iterable[tuple[str, _Row]]:
    """The tree lines before each label; a depth is open while a later row still belongs to it."""
    for index, row in enumerate(rows):
        stem = ""
        for depth in range(1, row.depth + 1):
            goes_on = False
            for later in rows[index + 1 :]:
                if later.depth <= depth:
                    goes_on = later.depth == depth
                    break
            if depth == row.depth:
                stem += glyphs.tee if goes_on else glyphs.corner
            else:
                stem += glyphs.pipe if goes_on else "   "
        yield stem, row


def _bar(row: _Row, total_ns: int, width: int, glyphs: Glyphs) -> str:
    """A bar in half columns; never empty, never longer than `width`."""
    halves = 2 * width
    start = min(int(row.start_ns * halves / total_ns), halves - 1)
    end = min(max(round(row.end_ns * halves / total_ns), start + 1), halves)
    cells = []
    for cell in range((end + 1) // 2):
        left, right = (start <= half < end for half in (2 * cell, 2 * cell + 1))
        if row.merged > 1:
            cells.append(glyphs.shade if left or right else " ")
        else:
            cells.append(
                {3: glyphs.full, 2: glyphs.left, 1: glyphs.right}.get(2 * left + right, " ")
            )
    return "".join(cells)


def _axis(total_ns: int, width: int, colour: bool) -> str:
    """Round times above the bars, each at its place."""
    total_ms = total_ns / 1e6
    step = next((tick for tick in _TICKS_MS if total_ms / tick <= max(width // 14, 1)), None)
    text = "0"
    if step:
        for index in range(1, int(total_ms / step) + 1):
            label = duration(index * step * 1e6).replace(".0 ms", " ms").replace(".00 s", " s")
            place = int(index * step / total_ms * width)
            if place + len(label) <= width and place > len(text):
                text = text.ljust(place) + label
    return paint(text, "soft", colour)


def _heading(trace: Mapping[str, Any], home: str, width: int, colour: bool, glyphs: Glyphs) -> str:
    spans: Sequence[Span] = trace["spans"]
    url = page_url(spans)
    errors = int(trace["error_count"])
    service = ", ".join(clean(name) for name in trace.get("services", ()) if name)
    facts = [service, f"{len(spans)} span{'s' if len(spans) != 1 else ''}"]
    facts += [duration(trace["duration_ns"]), trace["trace_id"][:_ID_CHARACTERS] + glyphs.cut]
    failed = f"{errors} error{'s' if errors != 1 else ''}" if errors else ""
    taken = sum(len(fact) + 3 for fact in (*facts, failed) if fact)
    page = next((span for span in spans if span["name"] == _PAGE), spans[0])
    title = f"{clean(page['name'])} {short_url(url, home)}".strip()
    parts = [paint(fit(title, max(width - taken, 20), glyphs.cut), "head", colour)]
    parts += [fact for fact in facts if fact]
    if failed:
        parts.insert(-2, paint(failed, "error", colour))
    return "   ".join(parts)


def page_url(spans: Sequence[Span]) -> str:
    """The address of the page that a trace loads; without one its first span's, or ""."""
    page = next((span for span in spans if span["name"] == _PAGE), spans[0])
    return _url(page)


def _url(span: Span) -> str:
    return str(span["attributes"].get("url.full", ""))
