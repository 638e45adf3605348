# SPDX-License-Identifier: MIT OR Apache-2.0
"""The wheel as Pyodide's users have it, in Node and in Chromium: micropip, imports, spans out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from collector.server import Collector, serve_in_thread
from tasks.paths import ROOT
from tests.architecture.test_imports import FREE

IMPORT_BUDGET_MS = 60
"""Printed, not asserted: a shared machine's clock is no judge."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector of its own."""
    with serve_in_thread() as running:
        yield running


def _with_wheel(selenium: Any) -> Any:
    selenium.load_package("micropip")
    selenium.run_async("import micropip; await micropip.install('edgetrace')")
    return selenium


@pytest.fixture
def fresh(selenium_standalone: Any) -> Any:
    """A new Pyodide with the wheel installed by micropip, from the folder it is served from."""
    return _with_wheel(selenium_standalone)


@pytest.fixture
def python(selenium: Any) -> Any:
    """The same, shared by this module's tests."""
    return _with_wheel(selenium)


def test_micropip_installs_the_wheel(python: Any) -> None:
    """The lock file's wheel is installed, with its name and version."""
    version = python.run("import importlib.metadata; importlib.metadata.version('edgetrace')")
    assert version == python.run("import edgetrace; edgetrace.__version__")


def test_import_adds_no_stdlib_module(fresh: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """All of the library, each public name, loads nothing that loadPyodide() has not loaded.

    How long the imports take is printed beside the budget of the first.
    """
    added, import_ms, all_ms = fresh.run(
        """
        import sys, time
        before = set(sys.modules)
        start = time.perf_counter()
        import edgetrace
        imported = time.perf_counter()
        import edgetrace.browser
        for name in edgetrace.__all__:
            getattr(edgetrace, name)
        done = time.perf_counter()
        added = [name for name in set(sys.modules) - before if not name.startswith("edgetrace")]
        added, (imported - start) * 1000, (done - start) * 1000
        """
    )
    assert set(added) <= set(FREE)
    with capsys.disabled():
        print(
            f"\nimport edgetrace: {import_ms:.0f} ms of {IMPORT_BUDGET_MS}, "
            f"all of it {all_ms:.0f} ms, {fresh.browser}"
        )


def test_a_span_reaches_the_collector(python: Any, collector: Collector) -> None:
    """configure, a span, force_flush: the collector has it; nested, with an exception in it."""
    counters = python.run_async(
        f"""
        import edgetrace
        provider = edgetrace.configure(endpoint={collector.endpoint!r}, service_name="notebook")
        tracer = edgetrace.get_tracer("test")
        with tracer.start_as_current_span("outer"):
            try:
                with tracer.start_as_current_span("inner"):
                    raise ValueError("bad")
            except ValueError:
                pass
        await provider.force_flush()
        provider.counters()
        """
    )
    assert (counters["exported"], counters["queued"]) == (2, 0)
    spans = {span["name"]: span for span in collector.store.spans()}
    assert spans["inner"]["parent_span_id"] == spans["outer"]["span_id"]
    assert spans["inner"]["events"][0]["name"] == "exception"
    assert spans["outer"]["start_unix_nano"] <= spans["inner"]["start_unix_nano"]


def test_times_are_the_runtimes_own(python: Any) -> None:
    """The clock reads timeOrigin + performance.now() to within 1 ms, and never steps back."""
    off_ms, steps_back = python.run(
        """
        import js
        from edgetrace._pyodide import page_clock
        clock = page_clock()
        now_ms = js.performance.timeOrigin + js.performance.now()
        readings = [clock.unix_nano() for _ in range(1000)]
        abs(readings[0] / 1e6 - now_ms), sum(a > b for a, b in zip(readings, readings[1:]))
        """
    )
    assert off_ms < 1
    assert steps_back == 0


def test_an_endpoint_that_is_down_is_told_in_our_words(python: Any) -> None:
    """JavaScript's TypeError becomes a TransportError with the platform's own text."""
    error = python.run_async(
        """
        from edgetrace import TransportError
        from edgetrace._pyodide import FetchTransport
        from edgetrace import ExportRequest
        request = ExportRequest(1, "http://127.0.0.1:9/v1/traces", {}, b"x", 10**10, 1)
        try:
            await FetchTransport().send(request)
            told = ""
        except TransportError as failure:
            told = str(failure)
        told
        """
    )
    assert error.startswith("no answer from the endpoint: TypeError")


def test_a_request_that_takes_too_long_is_aborted(python: Any, collector: Collector) -> None:
    """The request's own timeout ends it."""
    error = python.run_async(
        f"""
        from edgetrace import ExportRequest, TransportError
        from edgetrace._pyodide import FetchTransport
        import js
        # An address that never answers is hard to come by: a timeout of 0 ms is over at once.
        request = ExportRequest(1, "{collector.endpoint}", {{}}, b"x", 0, 1)
        try:
            await FetchTransport().send(request)
            told = ""
        except TransportError as failure:
            told = str(failure)
        told
        """
    )
    assert "Timeout" in error or "abort" in error.lower()


def test_zstd_where_it_is_asked_for(python: Any) -> None:
    """Pyodide's Python has it: a body in it, which the collector's own code unpacks, bombs not."""
    sources = {
        f"collector/{name}.py": (ROOT / "collector" / f"{name}.py").read_text(encoding="utf-8")
        for name in ("body", "errors")
    }
    found = python.run(
        f"""
        import importlib, pathlib, sys
        sys.path.insert(0, "/zstd")
        for name, text in {sources!r}.items():
            path = pathlib.Path("/zstd", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        from collector import body, errors
        from edgetrace._config import Settings
        from edgetrace._frame import Framer
        from edgetrace._types import Resource
        framer = Framer(Settings.from_options(compression="zstd"), Resource())
        message = b"a span, " * 1000
        packed, headers = framer.body(message)
        two = packed + framer.body(message)[0]
        codes = []
        for wrong, limit in ((two, 15_999), (packed[:-1], 16_000), (b"zz", 16_000)):
            try:
                body.decompress(wrong, "zstd", limit)
            except errors.RequestError as error:
                codes.append(error.status)
        [
            len(packed) < 100,
            headers["content-encoding"],
            body.decompress(two, "zstd", 16_000) == message * 2,
            codes,
        ]
        """
    )
    assert list(found) == [True, "zstd", True, [413, 400, 400]]
