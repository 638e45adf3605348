# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py demo`: the demo site with edgetrace in it, a collector, and each trace as it arrives.

    site :8000 --- /edgetrace/agent.js, dist/       collector :4318 --- traces, viewer
    weather office :8001 (the second origin)        this terminal --- a tree per trace

One process: the two origins share a thread, the collector has one, this one prints. Ports that are
in use are passed over, unless they were asked for.
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tasks.console import BuildError, say
from tasks.demo_text import ASCII, UNICODE, clean, duration, host_of, short_url
from tasks.demo_tree import render_trace
from tasks.paths import BROWSER, DIST, ROOT

if TYPE_CHECKING:
    from collector.server import Collector
    from collector.store import Store

SITE_PORT: Final = 8000
COLLECTOR_PORT: Final = 4318
SCREENSHOT: Final = ROOT / "build" / "demo-waterfall.png"
_HOST: Final = "127.0.0.1"
_TRIES: Final = 50
# A page's spans come in two or three requests close together; a tree per request would be noise.
_SETTLE_S: Final = 0.8
# A trace whose root has not come is shown as it is after this.
_ROOTLESS_S: Final = 5.0
_LONG_S: Final = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `demo`."""
    parser.add_argument(
        "--headless",
        action="store_true",
        help="drive Chromium through the site once; exit code 0 only if every trace is complete",
    )
    parser.add_argument(
        "--port", type=_port, help=f"the site's port (default: {SITE_PORT} or the next free one)"
    )
    parser.add_argument(
        "--collector-port",
        type=_port,
        help=f"the collector's port (default: {COLLECTOR_PORT} or the next free one)",
    )
    parser.add_argument(
        "--screenshot",
        type=Path,
        metavar="FILE",
        help=f"with --headless: where the waterfall's picture goes "
        f"(default: {SCREENSHOT.relative_to(ROOT)})",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=60.0,
        metavar="S",
        help="with --headless: how long to wait for the traces (default: 60)",
    )


def main(args: argparse.Namespace) -> int:
    """`build.py demo`."""
    from tasks import bundle, chromium, wheels

    wheels.ensure()
    bundle.ensure()
    if args.headless:
        chromium.ensure()
    # Only the project's .venv has what these import.
    from tasks.demo_site import Site

    collector = _collector(args.collector_port)
    try:
        first = _listen(args.port, SITE_PORT, "--port")
        second = _listen(None, first.getsockname()[1] + 1, "--port")
        site = Site(BROWSER / "demo", DIST, collector.endpoint, [first, second])
        try:
            say(f"site    {site.url}/")
            say(f"traces  {collector.url}/")
            if args.headless:
                return _headless(args, site.url, collector)
            say("Open the site and walk about; Ctrl-C ends it.")
            _print_traces(collector.store)
        finally:
            site.stop()
    finally:
        collector.stop()
    return 0


def _headless(args: argparse.Namespace, site: str, collector: Collector) -> int:
    from tasks import demo_headless
    from tasks.demo_site import PAGES

    picture = args.screenshot or SCREENSHOT
    started = time.monotonic()
    with demo_headless.browser() as chrome:
        seen = demo_headless.visit(chrome, site, PAGES, args.timeout, lambda line: say(f"  {line}"))
        left_s = max(args.timeout - (time.monotonic() - started), 1.0)
        if (seen.counters or {}).get("runtime") == "none":
            left_s = 0.0  # Python will never start; nothing can come
        missing = demo_headless.wait_until_complete(collector.store, seen, left_s)
        for trace in _traces(collector.store):
            _show(trace)
        counters = demo_headless.describe_counters(seen.counters)
        say(f"\nagent      {counters}")
        say(f"collector  {collector.store.describe().removeprefix('the collector holds ')}")
        if missing:
            sys.stdout.flush()
            print(
                f"build.py demo: incomplete: {' | '.join(missing)}",
                file=sys.stderr,
            )
            for line in seen.console:
                print(f"  console {clean(line)}", file=sys.stderr)
            return 1
        slowest = max(_traces(collector.store), key=lambda trace: int(trace["span_count"]))
        demo_headless.screenshot(chrome, collector.url, slowest["trace_id"], picture)
    count = sum(len(page.resources) for page in seen.pages)
    say(f"picture    {_relative(picture)}")
    say(
        f"complete: {len(seen.pages)} traces, {count} resources, "
        f"in {time.monotonic() - started:.1f} s"
    )
    return 0


# --- ports ----------------------------------------------------------------------------------------


def _port(text: str) -> int:
    """A port from the command line."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; use a number from 1 to 65535")
    return int(text)


def _listen(asked: int | None, default: int, option: str) -> socket.socket:
    """A listening socket on the port asked for, else on the first free one from `default` on."""
    for port in range(default, min(default + _TRIES, 65536)) if asked is None else (asked,):
        bound = socket.socket()
        # Without it a port stays taken for a minute after each run; on Windows it means sharing.
        if os.name != "nt":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((_HOST, port))
            bound.listen(512)
        except OSError as exc:
            bound.close()
            if asked is not None:
                raise BuildError(_why(option, port, exc)) from exc
            continue
        return bound
    raise BuildError(
        f"no free port from {default} to {default + _TRIES - 1}; choose one by {option}"
    )


def _why(option: str, port: int, error: OSError) -> str:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        reason = "is in use" if error.errno == errno.EADDRINUSE else "needs root"
        return f"{option} {port} {reason}; name another one, or leave {option} out"
    return f"{option} {port}: {error.strerror}"


def _collector(asked: int | None) -> Collector:
    from collector.server import serve_in_thread

    bound = _listen(asked, COLLECTOR_PORT, "--collector-port")
    port = bound.getsockname()[1]
    # The collector binds by itself; between the two lines the port is free for a moment.
    bound.close()
    return serve_in_thread(port=port)


# --- terminal -------------------------------------------------------------------------------------


def _traces(store: Store) -> list[dict[str, Any]]:
    """All traces, oldest first, as the collector's API describes them."""
    from collector.api import describe_trace

    found = (describe_trace(store, summary["trace_id"]) for summary in store.traces())
    return [trace for trace in found if trace][::-1]


def _print_traces(store: Store) -> None:
    """Print traces as they settle, until Ctrl-C."""
    printed: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    due: dict[str, float] = {}
    while True:
        version, now = store.changes.version, time.monotonic()
        for summary in store.traces(limit=50):
            trace_id, count = summary["trace_id"], summary["span_count"]
            if counts.get(trace_id) != count:
                counts[trace_id] = count
                whole = trace_id in printed or summary["root_name"] == "documentLoad"
                due[trace_id] = now + (_SETTLE_S if whole else _ROOTLESS_S)
        for trace_id in [trace_id for trace_id, at in due.items() if at <= now]:
            del due[trace_id]
            _print_news(store, trace_id, printed.setdefault(trace_id, set()))
        wait_s = min(due.values(), default=now + _LONG_S) - now
        store.changes.wait_past(version, max(wait_s, 0.0))


def _print_news(store: Store, trace_id: str, known: set[str]) -> None:
    """The tree of a trace; of one that was printed before only what has come since."""
    from collector.api import describe_trace

    trace = describe_trace(store, trace_id)
    if trace is None:
        return
    news = [span for span in trace["spans"] if span["span_id"] not in known]
    if known:
        home = host_of(str(trace["spans"][0]["attributes"].get("url.full", "")))
        for span in news:
            url = short_url(str(span["attributes"].get("url.full", "")), home)
            what = f"{clean(span['name'])} {url}".strip()
            say(f"+ {what}   {duration(span['duration_ns'])}   {trace_id[:12]}")
    else:
        _show(trace)
    known.update(span["span_id"] for span in news)


def _show(trace: dict[str, Any]) -> None:
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


def _relative(path: Path) -> str:
    """A path as short as it can be said from here."""
    full = path.resolve()
    return str(full.relative_to(ROOT)) if full.is_relative_to(ROOT) else str(full)
