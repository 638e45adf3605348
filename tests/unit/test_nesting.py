# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_nesting`: JSON that would take down Pyodide is refused before it is parsed."""

from __future__ import annotations

import pytest

from edgetrace._nesting import MAX_NESTING, is_nested_over, parse_json


def test_json_within_the_limit_is_parsed() -> None:
    """Text and bytes, as deep as the limit, brackets inside strings not counted."""
    assert parse_json('{"a": "[[[[\\"[\\\\"}') == {"a": '[[[["[\\'}
    assert parse_json(b"[" * MAX_NESTING + b"]" * MAX_NESTING)


@pytest.mark.parametrize("text", ["[" * 20_000, "[" * 129 + "]" * 129, '{"a":' * 6_000])
def test_deeper_json_is_a_value_error(text: str) -> None:
    """Pyodide's interpreter dies of 6,000 levels; here they are a ValueError like any other."""
    with pytest.raises(ValueError, match="nested"):
        parse_json(text)


def test_a_mistake_is_a_value_error_too() -> None:
    """What is no JSON raises what json.loads raises; lone surrogates are let through to it."""
    with pytest.raises(ValueError, match="Expecting value"):
        parse_json("\ud800")


def test_levels_alternate_at_will() -> None:
    """Objects and lists count alike, one after the other is one level, unclosed ones count."""
    assert not is_nested_over(b'[{"a":[1]},{"b":{}}]', 3)
    assert is_nested_over(b'[{"a":[1]},{"b":{}}]', 2)
    assert is_nested_over(b"[" * 2, 1)
    assert not is_nested_over(b"", 0)
