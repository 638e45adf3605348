# SPDX-License-Identifier: MIT OR Apache-2.0
"""The store: duplicates, restarts, the list of traces, limits, waiting, and files not its own."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from collector.errors import StartError
from collector.schema import open_database
from collector.server import serve_in_thread
from collector.store import Store
from tests.unit.collector_client import post
from tests.unit.collector_samples import (
    ROOT_SPAN_ID,
    START_UNIX_NANO,
    TRACE_ID,
    one_span,
    page_load,
)


def test_a_span_is_stored_once() -> None:
    """Of two spans with the same trace and span id the first stays; the second is counted."""
    store = Store()
    assert store.add(one_span(name="first")) == (1, 0)
    assert store.add(one_span(name="second")) == (0, 1)
    assert [span["name"] for span in store.spans()] == ["first"]
    assert store.add(one_span(trace_id=b"\x07" * 16)) == (1, 0)
    store.close()


def test_traces_survive_a_restart(tmp_path: Path) -> None:
    """A new collector on the same file shows the same traces, and still knows duplicates."""
    file = str(tmp_path / "traces.sqlite")
    with serve_in_thread(database=file) as first:
        assert post(first, page_load(4).SerializeToString()).status == 200
        before = first.store.export_request(), first.store.traces(), first.store.requests()
    with serve_in_thread(database=file) as second:
        after = second.store.export_request(), second.store.traces(), second.store.requests()
        assert after == before
        assert second.store.span_count == 9
        assert second.store.add(page_load(4)) == (0, 9)


def test_a_reader_in_another_connection_sees_committed_spans(tmp_path: Path) -> None:
    """The file is in WAL mode, so looking at it does not stop spans from being stored."""
    file = str(tmp_path / "traces.sqlite")
    store = Store(file)
    store.add(one_span())
    with sqlite3.connect(file) as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM spans").fetchone() == (1,)
        assert store.add(one_span(trace_id=b"\x07" * 16)) == (1, 0)
        reader.execute("COMMIT")
    reader.close()
    store.close()


def test_the_list_is_newest_first_and_complete() -> None:
    """A summary has the root's name, the page's address, its extent, spans, errors, services."""
    store = Store()
    store.add(one_span(trace_id=b"\x01" * 16, start_ms=0))
    store.add(page_load(20, trace_id=b"\x02" * 16, start_unix_nano=START_UNIX_NANO + 10**9))
    store.add(one_span(trace_id=b"\x03" * 16, start_ms=500))
    assert [trace["trace_id"][:2] for trace in store.traces()] == ["02", "03", "01"]
    newest = store.traces(limit=1)[0]
    assert newest == {
        "trace_id": "02" * 16,
        "root_name": "GET /products",
        "root_url": "https://shop.example/products?category=lamps",
        "service": "storefront-edge",
        "services": {"storefront-edge": "edge", "shop-web": "browser"},
        "page": True,
        "start_unix_nano": START_UNIX_NANO + 10**9 + 3_100_000,
        "duration_ns": 1_408_700_000,
        "span_count": 25,
        "error_count": 1,
    }
    store.close()


def test_a_summary_follows_late_spans() -> None:
    """Children that arrive before their root name the trace until the root comes."""
    store = Store()
    child = one_span(span_id=b"\x01" * 8, name="child", start_ms=3)
    child.resource_spans[0].scope_spans[0].spans[0].parent_span_id = ROOT_SPAN_ID
    store.add(child)
    assert store.traces()[0]["root_name"] == "child"
    store.add(one_span(name="root"))
    trace = store.traces()[0]
    assert (trace["root_name"], trace["span_count"]) == ("root", 2)
    assert trace["duration_ns"] == 8_000_000
    store.close()


def test_times_beyond_63_bits_are_stored() -> None:
    """uint64 times exceed SQLite's integers: columns are clamped, the span's own bytes are not."""
    store = Store()
    request = one_span()
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.start_time_unix_nano = span.end_time_unix_nano = 2**64 - 1
    assert store.add(request) == (1, 0)
    assert store.spans()[0]["end_unix_nano"] == 2**64 - 1
    store.close()


def test_the_oldest_traces_make_room() -> None:
    """Beyond max_spans whole traces go, oldest first; the newest stays however large."""
    store = Store(max_spans=20)
    for n in range(25):
        store.add(one_span(trace_id=bytes([n + 1] * 16), start_ms=n))
    assert store.span_count == len(store.spans()) <= 20
    assert store.traces()[0]["trace_id"] == "19" * 16
    assert not store.spans("01" * 16)
    store.add(page_load(40, trace_id=b"\xff" * 16, start_unix_nano=START_UNIX_NANO + 10**12))
    assert [trace["span_count"] for trace in store.traces()] == [45]
    assert store.span_count == 45
    store.close()


def test_clear_forgets_spans_and_requests() -> None:
    """After clear() the same spans are new again."""
    store = Store()
    store.add(page_load(1))
    store.clear()
    assert (store.spans(), store.traces(), store.requests()) == ([], [], [])
    assert store.add(page_load(1)) == (6, 0)
    store.close()


@pytest.mark.parametrize("trace_id", ["", "zz", "0" * 31, "é", "0" * 32])
def test_an_unknown_trace_has_no_spans(trace_id: str) -> None:
    """Any text may be asked for."""
    store = Store()
    store.add(one_span())
    assert store.spans(trace_id) == []
    assert len(store.spans(TRACE_ID.hex())) == 1
    store.close()


def test_wait_for_returns_what_the_predicate_returned() -> None:
    """It wakes on the change that another thread makes, and returns the truthy value."""
    store = Store()
    asked = threading.Event()

    def predicate(store: Store) -> list[str]:
        asked.set()
        return [span["name"] for span in store.spans()]

    def add_when_asked() -> None:
        asked.wait(10)
        store.add(one_span(name="late"))

    thread = threading.Thread(target=add_when_asked)
    thread.start()
    assert store.wait_for(predicate, timeout_s=10) == ["late"]
    thread.join()
    store.close()


def test_wait_for_says_what_is_there_when_time_is_up() -> None:
    """The TimeoutError of a failing test describes what did arrive."""
    store = Store()
    store.add(one_span())
    with pytest.raises(TimeoutError, match=r"1 traces, 1 spans, 0 requests \(0 refused\)"):
        store.wait_for(lambda s: s.span_count == 2, timeout_s=0)
    store.close()


def test_threads_may_add_at_the_same_time() -> None:
    """Eight threads that send overlapping spans store each span once."""
    store = Store()

    def add() -> None:
        for n in range(20):
            store.add(one_span(span_id=bytes([n + 1] * 8)))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.span_count == len(store.spans()) == 20
    assert store.traces()[0]["span_count"] == 20
    store.close()


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    """Neither another program's database nor a text file is touched."""
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(StartError, match="another program"):
        open_database(str(other))
    text = tmp_path / "notes.txt"
    text.write_text("not a database, and long enough to have a header of its own\n" * 20)
    with pytest.raises(StartError, match="choose another file with --database"):
        open_database(str(text))
    assert text.read_text().startswith("not a database")


def test_a_missing_folder_and_a_newer_schema_are_named(tmp_path: Path) -> None:
    """The message says what to do."""
    with pytest.raises(StartError, match="create the folder first"):
        open_database(str(tmp_path / "no" / "such.sqlite"))
    file = str(tmp_path / "newer.sqlite")
    Store(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StartError, match="schema 99"):
        open_database(file)
