# SPDX-License-Identifier: MIT OR Apache-2.0
"""The questions of `build.py bench`: which scripts in which hosts, in turns. Data only."""

from __future__ import annotations

from typing import Final, NamedTuple

from tasks.bench_hosts import Run
from tasks.bench_lines import OURS

PYTHON: Final = "opentelemetry-python"
SCRIPT: Final = "opentelemetry-js"


class Question(NamedTuple):
    """One line of the comparison.

    Attributes:
        title: What is asked, in a sentence for RESULTS.md.
        runs: Who answers it; in turns, so that all meet the same machine.
        rounds: How often each takes its turn.
        alone: It takes long, or says the same on any machine: asked by its name only.
    """

    title: str
    runs: tuple[Run, ...]
    rounds: int = 1
    alone: bool = False


def _driver(script: str) -> tuple[Run, ...]:
    return (Run(OURS, "", "driver", script),)


QUESTIONS: Final[dict[str, Question]] = {
    "encode": Question(
        "Ended spans to the bytes of a request. W1: 512 resource spans with 10 attributes and 8 "
        "events; W2: 512 application spans with 5 attributes; W3: W1 with phases as attributes.",
        (
            Run(OURS, "cpython", "cpython", "encode.py"),
            Run(OURS, "node", "pyodide", "encode.py"),
            Run(SCRIPT, "node", "script", "peers/encode.mjs"),
            Run(OURS, "chromium", "pyodide", "encode.py"),
            Run(SCRIPT, "chromium", "script", "peers/encode.mjs"),
            Run(PYTHON, "cpython", "peers-cpython", "peers/opentelemetry_encode.py"),
            Run(PYTHON, "node", "pyodide", "peers/opentelemetry_encode.py", once=True),
        ),
        rounds=3,
    ),
    "record": Question(
        "What an application pays per span. Nobody encodes but `encoded`, which is ours with the "
        "real exporter, until the span is queued.",
        (
            Run(OURS, "cpython", "cpython", "record.py"),
            Run(OURS, "node", "pyodide", "record.py"),
            Run(SCRIPT, "node", "script", "peers/record.mjs"),
            Run(OURS, "chromium", "pyodide", "record.py"),
            Run(SCRIPT, "chromium", "script", "peers/record.mjs"),
            Run(PYTHON, "cpython", "peers-cpython", "peers/opentelemetry_record.py"),
            Run(PYTHON, "node", "pyodide", "peers/opentelemetry_record.py", once=True),
        ),
        rounds=3,
    ),
    "collect": Question(
        "PerformanceEntry batches across the JavaScript boundary, to encoded bytes.",
        (
            Run(OURS, "node", "pyodide", "collect.py"),
            Run(OURS, "chromium", "pyodide", "collect.py"),
        ),
        rounds=3,
    ),
    "wire": Question(
        "Bytes that one view of a page with 60 resources sends.", _driver("browser/wire.py")
    ),
    "page": Question(
        "What tracing costs the page's main thread, from Chromium's own trace; 60 resources.",
        _driver("browser/page.py"),
    ),
    "start": Question("From the script tag to the first delivered span.", _driver("start.py")),
    "worker": Question("Requests through a Worker, traced and not.", _driver("worker.py")),
    "memory": Question(
        "Heaps at rest, with spans queued, after many batches, with more tabs.",
        (
            Run(OURS, "node", "pyodide", "heap.py"),
            Run(PYTHON, "node", "pyodide", "peers/opentelemetry_heap.py"),
            *_driver("browser/memory.py"),
            *_driver("edge/memory.py"),
        ),
    ),
    "scale": Question(
        "The cost of more spans, more resources, more tabs.",
        (
            Run(OURS, "node", "pyodide", "scale.py"),
            Run(OURS, "cpython", "cpython", "scale.py"),
            *_driver("browser/scale.py"),
        ),
    ),
    "outage": Question(
        "2,000 exporters in virtual time, and a collector that is away for two minutes, or comes "
        "and goes: with the circuit breaker and the retry budget, and with full jitter alone.",
        (Run(OURS, "cpython", "cpython", "outage.py"),),
        alone=True,
    ),
    "soak": Question(
        "Three tabs, 10,000 entries each, a collector that flaps: what is lost, what grows.",
        (Run(OURS, "", "driver", "soak.py", limit_s=10_800),),
        alone=True,
    ),
}
