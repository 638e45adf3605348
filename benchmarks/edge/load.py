# SPDX-License-Identifier: MIT OR Apache-2.0
"""What tracing costs at the edge: the gateway under load, and Workers that only hand requests on.

    .venv/bin/python benchmarks/edge/load.py [--requests 2000] [--at-once 8] [--rounds 3]
                                             [--path /r|/page] [--json]

    traced      worker/gateway.py, everything on
    disabled    the same, OTEL_SDK_DISABLED=true
    untraced    apps/untraced.py: a Python Worker with one fetch in it
    javascript  the same in JavaScript, without Python

All run on the standalone host in workerd on this machine, in turns, with one origin process; a
figure is the median of the rounds, CPU is what workerd used per request. Every request has a trace
of its own, so that each span's place can be checked: what was not delivered, or is in a wrong
trace, is counted. Compare the columns of one run, not the runs of two machines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: E402
    ExportTraceServiceRequest,
)

from tasks import standalone, workerd  # noqa: E402
from tasks.paths import CACHE, WORKER  # noqa: E402

HERE: Final = Path(__file__).resolve().parent
JAVASCRIPT: Final = """
export default { fetch(request, env) {
  const url = new URL(request.url);
  return fetch(env.ORIGIN + url.pathname + url.search, request);
} };
"""
NAMES: Final = ("traced", "disabled", "untraced", "javascript")
SERVER, CLIENT = 2, 3
DELIVERY_S: Final = 15.0
WARM_UP: Final = 1_500
"""Requests before anything is measured: until then Python is code of V8's baseline compiler."""


class Round(NamedTuple):
    """One run of one Worker; times in ms, of CPU per request."""

    cpu: float
    p50: float
    p99: float
    per_s: float
    errors: int


class Spans(NamedTuple):
    """What became of the spans of one run."""

    made: int
    delivered: int
    misplaced: int
    exports: int


@contextmanager
def origin() -> Iterator[str]:
    """The origin's process; its URL."""
    command = [sys.executable, str(HERE / "origin.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        yield child.stdout.readline().strip()
        child.stdin.close()


def upload(entry: Path) -> Path:
    """An entry file's upload, up to date."""
    return standalone.ensure(entry, [], CACHE / "edge" / f"bench-{entry.stem}")


def servers(stack: ExitStack, site: str) -> dict[str, workerd.Server]:
    """All Workers, started."""
    variables = {"ORIGIN": site}
    traced = {**variables, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{site}/v1/traces"}
    gateway = upload(WORKER / "gateway.py")
    plain = upload(HERE / "apps" / "untraced.py")
    script = workerd.options(plain, vars=variables)
    script["workers"][0] |= {"modules": True, "script": JAVASCRIPT}
    del script["workers"][0]["modulesRoot"]
    started = {
        "traced": workerd.serve(gateway, vars=traced),
        "disabled": workerd.serve(gateway, vars={**traced, "OTEL_SDK_DISABLED": "true"}),
        "untraced": workerd.serve(plain, vars=variables),
        "javascript": workerd.Server(script),
    }
    for server in started.values():
        stack.callback(server.stop)
    return started


def trace_id(number: int) -> str:
    """The trace of a request."""
    return f"{number + 1:032x}"


async def load(url: str, path: str, first: int, requests: int, at_once: int) -> Round:
    """Ask so often, so many at once, each on a connection that stays open."""
    host, _, port = url.removeprefix("http://").partition(":")
    took: list[float] = []
    left = iter(range(first, first + requests))
    errors = 0

    async def client() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection(host, int(port))
        for number in left:
            started = time.perf_counter()
            writer.write(
                f"GET {path}/{number} HTTP/1.1\r\nHost: {host}:{port}\r\n"
                f"traceparent: 00-{trace_id(number)}-00000000000000aa-01\r\n\r\n".encode()
            )
            status = await _response(reader)
            took.append(time.perf_counter() - started)
            errors += status != 200
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*[client() for _ in range(at_once)])
    seconds = time.perf_counter() - began
    took.sort()
    p99 = took[int(len(took) * 0.99)]
    return Round(0.0, statistics.median(took) * 1e3, p99 * 1e3, requests / seconds, errors)


async def _response(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        await reader.readexactly(int(head[at + 17 :].partition(b"\r\n")[0]))
    else:
        while size := int((await reader.readline()).strip(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return int(head[9:12])


def collected(site: str, requests: range) -> Spans:
    """Wait for the spans of so many requests, and check each one's place."""
    server: dict[str, bytes] = {}
    client: list[tuple[str, bytes, int]] = []
    misplaced = exports = 0
    deadline = time.monotonic() + DELIVERY_S
    while len(server) + len(client) < 2 * len(requests) and time.monotonic() < deadline:
        for body in _sunk(site):
            exports += 1
            for span in _spans(body):
                trace = span.trace_id.hex()
                facts = {pair.key: pair.value.string_value for pair in span.attributes}
                url = facts.get("url.path") or facts.get("url.full", "")
                number = int(url.rpartition("/")[2])
                misplaced += trace != trace_id(number) or number not in requests
                if span.kind == SERVER:
                    misplaced += span.parent_span_id != b"\0" * 7 + b"\xaa"
                    server[trace] = span.span_id
                else:
                    client.append((trace, span.parent_span_id, span.kind))
        time.sleep(0.2)
    for trace, parent, kind in client:
        misplaced += server.get(trace) != parent or kind != CLIENT
    return Spans(2 * len(requests), len(server) + len(client), misplaced, exports)


def _sunk(site: str) -> Iterator[bytes]:
    with urllib.request.urlopen(f"{site}/sink", timeout=30) as answer:
        data = answer.read()
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kept = data[at + 4 : at + 4 + size]
        at += 4 + size
        yield zlib.decompress(kept[1:], 31) if kept[:1] == b"z" else kept[1:]


def _spans(body: bytes) -> Iterator[Any]:
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def processes(server: workerd.Server) -> Iterator[Path]:
    """The folders in /proc of a server's workerd; there is one."""
    todo = [server._child.pid]
    while todo:
        folder = Path(f"/proc/{todo.pop()}")
        for task in (folder / "task").iterdir():
            todo += map(int, (task / "children").read_text().split())
        if (folder / "comm").read_text().startswith("workerd"):
            yield folder


def rss_mb(server: workerd.Server) -> float:
    """Resident memory of a server's workerd process, MB."""
    texts = [(folder / "status").read_text() for folder in processes(server)]
    return sum([int(text.partition("VmRSS:")[2].split()[0]) / 1024 for text in texts])


def cpu_ms(server: workerd.Server) -> float:
    """CPU time that a server's workerd has used, ms: what others on the machine do is not in it."""
    texts = [(folder / "stat").read_text() for folder in processes(server)]
    times = [text.rpartition(")")[2].split()[11:13] for text in texts]
    return sum([int(ticks) for pair in times for ticks in pair]) * 1e3 / os.sysconf("SC_CLK_TCK")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """All rounds; the table's figures."""
    rounds: dict[str, list[Round]] = {name: [] for name in NAMES}
    spans: list[Spans] = []
    with ExitStack() as stack:
        site = stack.enter_context(origin())
        started = servers(stack, site)
        number = 0

        def turn(name: str, requests: int) -> Round:
            nonlocal number
            url, first = started[name].url, number
            number += requests
            used = cpu_ms(started[name])
            result = asyncio.run(load(url, options.path, first, requests, options.at_once))
            result = result._replace(cpu=(cpu_ms(started[name]) - used) / requests)
            if name == "traced":
                spans.append(collected(site, range(first, number)))
            return result

        for name in NAMES:
            turn(name, max(options.requests // 4, WARM_UP))
        spans.clear()
        before = {name: rss_mb(started[name]) for name in NAMES}
        for index in range(options.rounds):
            for name in NAMES[index % 4 :] + NAMES[: index % 4]:
                rounds[name].append(turn(name, options.requests))
        after = {name: rss_mb(started[name]) for name in NAMES}
    figures: dict[str, Any] = {
        name: {
            **{
                field: round(statistics.median([getattr(one, field) for one in rounds[name]]), 2)
                for field in ("cpu", "p50", "p99", "per_s")
            },
            "errors": sum(one.errors for one in rounds[name]),
            "rss_before_mb": round(before[name], 1),
            "rss_after_mb": round(after[name], 1),
        }
        for name in NAMES
    }
    pairs = list(zip(rounds["traced"], rounds["untraced"], strict=True))
    figures["p50_ratio"] = round(statistics.median([a.p50 / b.p50 for a, b in pairs]), 2)
    figures["cpu_ratio"] = round(statistics.median([a.cpu / b.cpu for a, b in pairs]), 2)
    figures["spans"] = Spans(*map(sum, zip(*spans, strict=True)))._asdict()
    figures["traces_per_export"] = round(
        figures["spans"]["made"] / 2 / max(1, figures["spans"]["exports"]), 1
    )
    return figures


def table(figures: dict[str, Any]) -> str:
    """Figures for people."""
    columns = "".join(
        [f"{title:>8}" for title in ("CPU ms", "p50 ms", "p99 ms", "req/s", "errors")]
    )
    lines = [f"{'':12}{columns}{'RSS MB before, after':>24}"]
    for name in NAMES:
        f = figures[name]
        memory = f"{f['rss_before_mb']}, {f['rss_after_mb']}"
        lines.append(
            f"{name:12}{f['cpu']:>8.2f}{f['p50']:>8.2f}{f['p99']:>8.2f}{f['per_s']:>8.0f}"
            f"{f['errors']:>8}{memory:>24}"
        )
    s = figures["spans"]
    lines += [
        f"traced is {figures['p50_ratio']} times untraced's p50, {figures['cpu_ratio']} times its "
        "CPU (medians of the rounds' ratios)",
        f"{s['made']} spans made, {s['delivered']} delivered, {s['misplaced']} in a wrong place; "
        f"{s['exports']} exports, {figures['traces_per_export']} traces in each",
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=2_000, help="per round")
    parser.add_argument("--at-once", type=int, default=8, help="connections")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--path", default="/r", help="/r: JSON; /page: HTML of 8 KB")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    figures = run(options)
    print(json.dumps(figures) if options.json else table(figures))


if __name__ == "__main__":
    main()
