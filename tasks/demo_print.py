# SPDX-License-Identifier: MIT OR Apache-2.0
"""The demo's terminal: the trace of each page load as it settles, everything else as a number.

A page's trace begins at the edge and is whole once the browser has sent `documentLoad`. The page's
resources come through the gateway too; browsers send no `traceparent` with them, so each is a trace
of its own there. Those are counted: forty trees per page would hide the one that matters.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from tasks.console import say
from tasks.demo_text import ASCII, UNICODE, clean, duration, host_of, short_url
from tasks.demo_tree import page_url, render_trace

if TYPE_CHECKING:
    from collector.store import Store

# A page's spans come in two or three requests close together; a tree per request would be noise.
_SETTLE_S: Final = 0.8
_LONG_S: Final = 3600.0
# The newest traces that are looked through; a page view makes about fifty.
_NEWEST: Final = 1000


def page_traces(store: Store) -> list[dict[str, Any]]:
    """The traces of page loads, oldest first, as the collector's API describes them."""
    from collector.api import describe_trace

    pages = [summary for summary in store.traces(_NEWEST) if summary["page"]]
    found = (describe_trace(store, summary["trace_id"]) for summary in pages)
    return [trace for trace in found if trace][::-1]


def follow(store: Store) -> None:
    """Print traces as they settle, until Ctrl-C."""
    printed: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    due: dict[str, float] = {}
    told = 0
    while True:
        version, now = store.changes.version, time.monotonic()
        summaries = store.traces(_NEWEST)
        for summary in summaries:
            trace_id, count = summary["trace_id"], summary["span_count"]
            if summary["page"] and counts.get(trace_id) != count:
                counts[trace_id] = count
                due[trace_id] = now + _SETTLE_S
        settled = [trace_id for trace_id, at in due.items() if at <= now]
        for trace_id in settled:
            del due[trace_id]
            print_news(store, trace_id, printed.setdefault(trace_id, set()))
        others = store.trace_count() - len(counts)
        if settled and others > told:
            say(others_line(others - told))
            told = others
        wait_s = min(due.values(), default=now + _LONG_S) - now
        store.changes.wait_past(version, max(wait_s, 0.0))


def others_line(count: int) -> str:
    """The line for traces without a page, which are not drawn."""
    what = "one more trace, of a single request" if count == 1 else f"{count} more traces, each"
    return f"and {what}{'' if count == 1 else ' of one request'} at the edge"


def print_news(store: Store, trace_id: str, known: set[str]) -> None:
    """The tree of a trace; of one that was printed before only what has come since."""
    from collector.api import describe_trace

    trace = describe_trace(store, trace_id)
    if trace is None:
        return
    news = [span for span in trace["spans"] if span["span_id"] not in known]
    if known:
        home = host_of(page_url(trace["spans"]))
        for span in news:
            url = short_url(str(span["attributes"].get("url.full", "")), home)
            what = f"{clean(span['name'])} {url}".strip()
            say(f"+ {what}   {duration(span['duration_ns'])}   {trace_id[:12]}")
    else:
        show(trace)
    known.update(span["span_id"] for span in news)


def show(trace: dict[str, Any]) -> None:
    """Print a tree as this terminal can show it."""
    encoding = (sys.stdout.encoding or "").lower()
    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    lines = render_trace(
        trace,
        shutil.get_terminal_size((100, 24)).columns,
        colour=live and not os.environ.get("NO_COLOR"),  # https://no-color.org
        glyphs=UNICODE if encoding.startswith("utf") else ASCII,
    )
    say("\n" + "\n".join(lines))
