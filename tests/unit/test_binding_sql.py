# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_binding_sql`: what may be said of an SQL text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies as st

from edgetrace._binding_sql import MAX_QUERY_CHARS, MAX_SUMMARY_CHARS, describe_query


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT * FROM t WHERE a = 'Bob'", "SELECT * FROM t WHERE a = ?"),
        ("SELECT 'it''s', x'00ff', X'AB'", "SELECT ?, ?, ?"),
        ("SELECT 1, -2, 3.5, .5, 1e-9, 0xFF, 1_000", "SELECT ?, -?, ?, ?, ?, ?, ?"),
        ("SELECT t2.c3 FROM t2 -- Bob's\nWHERE a=1", "SELECT t2.c3 FROM t2  \nWHERE a=?"),
        ("/* Bob */SELECT 1 /* unfinished", "SELECT ?"),
        ("SELECT 'unfinished", "SELECT ?"),
        ("SELECT 'unfinished''", "SELECT ?"),
        ('SELECT "a string to SQLite"', "SELECT ?"),
        ("SELECT `column 1`, [column 2] FROM t", "SELECT `column 1`, [column 2] FROM t"),
        ("SELECT '?' , 1", "SELECT ? , ?"),
    ],
)
def test_without_placeholders_no_value_stays(sql: str, text: str) -> None:
    """Strings, blobs, numbers and comments go; names and operators stay."""
    assert describe_query(sql).text == text


@pytest.mark.parametrize("mark", ["?", "?1", ":name", "@name", "$name"])
def test_a_parameterised_text_stays_as_written(mark: str) -> None:
    """Its author has put the values elsewhere."""
    sql = f"SELECT a FROM t WHERE b = {mark} AND c = 'open' LIMIT 10"
    assert describe_query(sql).text == sql


def test_sanitising_can_be_asked_for() -> None:
    """Where nothing can be bound, a question mark vouches for nothing."""
    assert describe_query("SELECT ?, 'x'", sanitize=True).text == "SELECT ?, ?"


@pytest.mark.parametrize(
    ("sql", "summary"),
    [
        ("SELECT * FROM orders WHERE id = ?", "SELECT orders"),
        ("SELECT o.a FROM main.orders o JOIN users u ON 1", "SELECT main.orders users"),
        ("INSERT INTO orders SELECT * FROM carts", "INSERT orders SELECT carts"),
        ("INSERT OR REPLACE INTO t VALUES (?)", "INSERT t"),
        ("INSERT INTO t VALUES (?) ON CONFLICT DO UPDATE SET a = 1", "INSERT t"),
        ("UPDATE OR REPLACE t SET a = replace(a, ?, ?)", "UPDATE t"),
        ("UPDATE t SET a = ?", "UPDATE t"),
        ("DELETE FROM t", "DELETE t"),
        ("REPLACE INTO t VALUES (?)", "REPLACE t"),
        ("CREATE TABLE IF NOT EXISTS t (a REFERENCES u ON DELETE CASCADE)", "CREATE t"),
        ("CREATE UNIQUE INDEX i ON t (a)", "CREATE i"),
        ("PRAGMA table_list", "PRAGMA table_list"),
        ("SELECT * FROM (SELECT * FROM t)", "SELECT SELECT t"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "SELECT SELECT x"),
        ('SELECT * FROM "or ders"', "SELECT or ders"),
        ("SELECT a IS DISTINCT FROM b", "SELECT"),
        ("SELECT 'FROM secrets' /* FROM more */", "SELECT"),
        ("hello", ""),
        ("", ""),
    ],
)
def test_the_summary_names_operations_and_tables(sql: str, summary: str) -> None:
    """In the order of the text, as written."""
    assert describe_query(sql).summary == summary


def test_a_long_summary_ends_with_a_whole_word() -> None:
    """At most 255 characters."""
    summary = describe_query(" UNION ".join(["SELECT a FROM table_name"] * 50)).summary
    assert len(summary) <= MAX_SUMMARY_CHARS
    assert summary.split()[-1] in ("SELECT", "table_name")


def test_of_a_long_text_only_the_beginning_is_read() -> None:
    """A literal that is cut goes all the same."""
    query = describe_query("SELECT '" + "x" * 2 * MAX_QUERY_CHARS + "', ?")
    assert query.text == "SELECT ?"


@pytest.mark.parametrize("unit", ["[", "`", "'", '"', "/*", "a.", "1e+", "?", "x'", "--", "FROM "])
def test_time_grows_with_the_text_alone(unit: str) -> None:
    """No repeated piece makes the lexer start over; quadratic time would take minutes."""
    start = time.process_time()
    describe_query(unit * MAX_QUERY_CHARS)
    assert time.process_time() - start < 2


@given(st.text(max_size=60), st.text(st.characters(categories=["L", "N"]), min_size=4))
def test_a_quoted_value_never_shows(sql: str, secret: str) -> None:
    """Whatever stands before it, if that holds neither quote, bracket, comment nor placeholder."""
    before = "".join(char for char in sql if char not in "'\"`[]?:@$-/*")
    assert f"<{secret}>" not in describe_query(f"{before} '<{secret}>'").text
