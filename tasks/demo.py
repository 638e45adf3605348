# SPDX-License-Identifier: MIT OR Apache-2.0
r"""`build.py demo`: the demo site behind the edge gateway, a collector, and its traces.

    browser -> gateway :8000 -> origin :8001        collector :4318 --- traces, viewer
         \ -> weather office :8002                  this terminal --- a tree per page load

The gateway is a workerd of its own; the two origins share a thread, the collector has one, this one
prints. Ports that are in use are passed over, unless they were asked for.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.console import say
from tasks.demo_ports import listen, port, release
from tasks.demo_print import follow, others_line, page_traces, show
from tasks.demo_text import clean
from tasks.paths import BROWSER, ROOT

if TYPE_CHECKING:
    from collector.server import Collector
    from tasks.workerd import Server

SITE_PORT: Final = 8000
COLLECTOR_PORT: Final = 4318
SCREENSHOT: Final = ROOT / "build" / "demo-waterfall.png"
_LOG_LINES: Final = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `demo`."""
    parser.add_argument(
        "--headless",
        action="store_true",
        help="drive Chromium through the site once; exit code 0 only if every trace is complete",
    )
    parser.add_argument(
        "--port", type=port, help=f"the site's port (default: {SITE_PORT} or the next free one)"
    )
    parser.add_argument(
        "--collector-port",
        type=port,
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
    from collector.server import serve_in_thread
    from tasks import demo_edge
    from tasks.demo_site import Site

    with ExitStack() as running:  # ends the gateway first, so that nothing asks who is gone
        bound = listen(args.collector_port, COLLECTOR_PORT, "--collector-port")
        collector = serve_in_thread(port=release(bound))
        running.callback(collector.stop)
        front = running.enter_context(listen(args.port, SITE_PORT, "--port"))
        first = running.enter_context(listen(None, front.getsockname()[1] + 1, "--port"))
        second = running.enter_context(listen(None, first.getsockname()[1] + 1, "--port"))
        site = Site(BROWSER / "demo", None, "", [first, second])
        running.callback(site.stop)
        gateway = running.enter_context(
            demo_edge.running(site.url, collector.endpoint, release(front))
        )
        say(f"site    {gateway.url}/   (the gateway, in workerd)")
        say(f"traces  {collector.url}/")
        say(f"origin  {site.url}/   (what is behind the gateway: no tag, no tracing)")
        if args.headless:
            return _headless(args, gateway, collector)
        say("Open the site and walk about; Ctrl-C ends it.")
        follow(collector.store)
    return 0


def _headless(args: argparse.Namespace, gateway: Server, collector: Collector) -> int:
    from tasks import demo_headless
    from tasks.demo_site import PAGES

    picture, store = args.screenshot or SCREENSHOT, collector.store
    started = time.monotonic()
    with demo_headless.browser() as chrome:
        seen = demo_headless.visit(
            chrome, gateway.url, PAGES, args.timeout, lambda line: say(f"  {line}")
        )
        left_s = max(args.timeout - (time.monotonic() - started), 1.0)
        if (seen.counters or {}).get("runtime") == "none":
            left_s = 0.0  # Python will never start; nothing can come
        missing = demo_headless.wait_until_complete(store, seen, left_s)
        traces = page_traces(store)
        for trace in traces:
            show(trace)
        say(f"\n{others_line(store.trace_count() - len(traces))}")
        say(f"\nagent      {demo_headless.describe_counters(seen.counters)}")
        say(f"collector  {store.describe().removeprefix('the collector holds ')}")
        if missing:
            _say_what_is_missing(missing, seen.console, gateway)
            return 1
        longest = max(traces, key=lambda trace: int(trace["span_count"]))
        demo_headless.screenshot(chrome, collector.url, longest["trace_id"], picture)
    count = sum(len(page.resources) for page in seen.pages)
    say(f"picture    {_relative(picture)}")
    say(
        f"complete: {len(seen.pages)} traces from the edge to {count} resources, "
        f"in {time.monotonic() - started:.1f} s"
    )
    return 0


def _say_what_is_missing(missing: list[str], console: list[str], gateway: Server) -> None:
    sys.stdout.flush()
    print(f"build.py demo: incomplete: {' | '.join(missing)}", file=sys.stderr)
    for line in console:
        print(f"  console {clean(line)}", file=sys.stderr)
    for line in gateway.logs[-_LOG_LINES:]:
        print(f"  gateway {clean(line)}", file=sys.stderr)


def _relative(path: Path) -> str:
    """A path as short as it can be said from here."""
    full = path.resolve()
    return str(full.relative_to(ROOT)) if full.is_relative_to(ROOT) else str(full)
