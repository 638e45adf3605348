# SPDX-License-Identifier: MIT OR Apache-2.0
"""What may be said of an SQL text: the text without values, and a summary of few words.

A lexer of SQLite's tokens and no parser: what it does not understand it leaves out. A text with
placeholders is taken as written, since its author has put the values elsewhere; in any other every
literal becomes `?` and comments go. There double quotes count as literals too, because SQLite takes
an unknown "name" for a string. Knows no database and no binding.

Source: semantic conventions 1.44, db/database-spans "Sanitization of `db.query.text`" and
"Generating a summary of the query"; sqlite.org/lang_expr.html, sqlite.org/quirks.html.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ._records import NamedTuple

MAX_QUERY_CHARS: Final = 8192
"""Of a longer text nothing is said after this."""
MAX_SUMMARY_CHARS: Final = 255
"""The conventions' own limit."""

# No alternative can be read in two ways, and what may fail late is bounded, so time grows with the
# text alone. An unfinished literal or comment ends with the text.
_TOKEN: Final = re.compile(
    r"(?P<literal>[xX]?'[^']*(?:''[^']*)*(?:'|\Z)|\.?\d[\w.]*(?:(?<=[eE])[+-]\d+)?)"
    r'|(?P<quoted>"[^"]*(?:""[^"]*)*(?:"|\Z))'
    r"|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<placeholder>\?\d*|[:@$]\w+)"
    r"|(?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*|`[^`]{0,128}`|\[[^\]]{0,128}\])"
    r"|(?P<other>[^\s\w])",
    re.DOTALL,
)
_OPERATIONS: Final = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER", "PRAGMA"}
    | {"VACUUM", "ANALYZE", "EXPLAIN"}
)
_TARGETS_FOLLOW: Final = frozenset(
    {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "INDEX", "VIEW", "TRIGGER", "PRAGMA"}
)
_SKIPPED: Final = frozenset(
    {"IF", "NOT", "EXISTS", "OR", "ABORT", "FAIL", "IGNORE", "ROLLBACK", "TEMP", "UNIQUE"}
)
# "DO UPDATE SET", "ON DELETE CASCADE", "OR REPLACE", "IS DISTINCT FROM": words that mean less here.
_WEAKENS: Final = frozenset({"DO", "ON", "OR", "DISTINCT", "BEFORE", "AFTER", "OF"})


class Query(NamedTuple):
    """What may be recorded of an SQL text.

    Attributes:
        text: With placeholders as written, else without literals and comments.
        summary: Operations and what they work on, such as "INSERT orders SELECT carts"; "" where
            none was found. At most 255 characters.
    """

    text: str
    summary: str


def describe_query(sql: str, sanitize: bool = False) -> Query:
    """Describe an SQL text.

    Args:
        sql: Any text, SQL or not.
        sanitize: Whether literals go even where there are placeholders.
    """
    return _describe(sql[:MAX_QUERY_CHARS], sanitize)


@lru_cache(maxsize=256)  # an application has few texts; one that builds them anew gains nothing
def _describe(sql: str, sanitize: bool) -> Query:
    tokens = [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(sql)]
    if sanitize or not any(kind == "placeholder" for kind, _ in tokens):
        text = _TOKEN.sub(_without_value, sql)
    else:
        text = sql
    return Query(text.strip(), _summary(tokens))


def _without_value(match: re.Match[str]) -> str:
    if match.lastgroup == "comment":
        return " "
    return "?" if match.lastgroup in ("literal", "quoted") else match.group()


def _summary(tokens: list[tuple[str, str]]) -> str:
    words: list[str] = []
    expects_target = False
    before = ""
    meaningful = [token for token in tokens if token[0] != "comment"]
    for (kind, text), (_, after) in zip(meaningful, [*meaningful[1:], ("", "")], strict=False):
        word = text.upper() if kind == "word" else ""
        if expects_target and word not in _SKIPPED and before != "OR":
            expects_target = word in _TARGETS_FOLLOW  # "CREATE TEMP TABLE", "INSERT INTO"
            if not expects_target and kind in ("word", "quoted"):
                words.append(text.strip('`[]"'))
        elif word in _OPERATIONS and after != "(" and before not in _WEAKENS:
            words.append(text)
            expects_target = word in _TARGETS_FOLLOW
        elif word in _TARGETS_FOLLOW and before not in _WEAKENS:
            expects_target = True
        before = word
    return _joined(words)


def _joined(words: list[str]) -> str:
    """As many whole words as the limit lets in."""
    summary = ""
    for word in words:
        longer = f"{summary} {word}" if summary else word
        if len(longer) > MAX_SUMMARY_CHARS:
            break
        summary = longer
    return summary
