# SPDX-License-Identifier: MIT OR Apache-2.0
"""The SQLite tables, and opening a database with them.

    requests   one row per POST, also the refused ones
    sources    one row per distinct (resource, scope) pair that spans came with
    spans      one row per span: the columns that are searched, and the span itself as received
    traces     one row per trace: what the list shows, recomputed when spans arrive

A span's own bytes are kept, so that everything OTLP can say survives, and a column can be added
later from what is stored. Times are clamped to SQLite's signed 64 bits; the bytes hold the truth.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from collector.errors import StartError

MEMORY = ":memory:"
# "edgt" in ASCII: tells our files from any other SQLite file.
_APPLICATION_ID = 0x65646774
_SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    received_unix_nano INTEGER NOT NULL,
    status INTEGER NOT NULL,
    encoding TEXT NOT NULL,
    content_encoding TEXT NOT NULL,
    origin TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    decoded_bytes INTEGER NOT NULL,
    spans INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    error TEXT NOT NULL
);
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    resource BLOB,
    resource_schema_url TEXT NOT NULL,
    scope BLOB,
    scope_schema_url TEXT NOT NULL,
    service TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE
);
CREATE TABLE spans (
    id INTEGER PRIMARY KEY,
    trace_id BLOB NOT NULL,
    span_id BLOB NOT NULL,
    parent_span_id BLOB NOT NULL,
    name TEXT NOT NULL,
    start_unix_nano INTEGER NOT NULL,
    end_unix_nano INTEGER NOT NULL,
    error INTEGER NOT NULL,
    source_id INTEGER NOT NULL REFERENCES sources (id),
    span BLOB NOT NULL,
    UNIQUE (trace_id, span_id)
);
CREATE TABLE traces (
    trace_id BLOB PRIMARY KEY,
    root_name TEXT NOT NULL,
    root_url TEXT NOT NULL,
    service TEXT NOT NULL,
    services TEXT NOT NULL,
    page INTEGER NOT NULL,
    start_unix_nano INTEGER NOT NULL,
    end_unix_nano INTEGER NOT NULL,
    span_count INTEGER NOT NULL,
    error_count INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX traces_by_start ON traces (start_unix_nano);
"""


def open_database(path: str) -> sqlite3.Connection:
    """Open or create a database; usable from any thread, if the caller holds a lock.

    Args:
        path: A file, or ":memory:".

    Raises:
        StartError: The file cannot be opened, is not ours, or was written by a newer version.
    """
    if path != MEMORY and not Path(path).resolve().parent.is_dir():
        raise StartError(f"cannot open {path}: its folder does not exist; create the folder first")
    try:
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as exc:
        raise StartError(
            f"cannot use {path} as a database: {exc}; choose another file with --database"
        ) from exc
    return connection


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not empty and application_id != _APPLICATION_ID:
        raise StartError(
            f"{path} is a database of another program; choose another file with --database"
        )
    if not empty and version != _SCHEMA_VERSION:
        raise StartError(
            f"{path} was written by another version (schema {version}, this is "
            f"{_SCHEMA_VERSION}); delete it or choose another file with --database"
        )
    # WAL lets a reader in another process look on while spans arrive; NORMAL may lose the last
    # commits at power loss but never corrupts. Source: sqlite.org/wal.html.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if empty:
        connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
