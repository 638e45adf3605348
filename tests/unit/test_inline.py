# SPDX-License-Identifier: MIT OR Apache-2.0
"""Constants are put where the agent's archive reads them: numbers and bytes, and only those."""

from __future__ import annotations

import pytest

from tasks.inline import inline

HEAD = "from typing import Final\n"
CASES = {
    "a number": (
        "A: Final = 1_000\ndef f(x=A): return x + A\n",
        "def f(x=1_000): return x + 1_000",
    ),
    "bytes": ("A: Final = b'\\x0a'\nx = 'ä', A, A\n", "x = 'ä', b'\\x0a', b'\\x0a'"),
    "arithmetic": ("A: Final = 2.0**-56\nx = A * 2\n", "x = (2.0**-56) * 2"),
    "inside an f-string": ("A: Final = 5\nx = f'{A}'\n", "x = f'{5}'"),
}
UNTOUCHED = {
    "not final": "A = 1\nx = A\n",
    "a string": "A: Final = 'a'\nx = A\n",
    "a name in the value": "A: Final = B + 1\nx = A\n",
    "a truth": "A: Final = True\nx = A\n",
    "several lines": "A: Final = (\n    1\n    + 1\n)\nx = A\n",
    "a parameter of the name": "A: Final = 1\ndef f(A): return A\n",
    "an attribute of the name": "A: Final = 1\nx = y.A\n",
    "a class's own": "A: Final = 1\nclass C:\n    A = 2\n    x = A\n",
    "an exception of the name": "A: Final = 1\ntry: ...\nexcept E as A: raise A\n",
    "a function of the name": "A: Final = 1\ndef f():\n    def A(): ...\n    return A\n",
}


@pytest.mark.parametrize("case", CASES)
def test_a_constant_is_put_where_it_is_read(case: str) -> None:
    """By text, on the same line; what defines it stays for the shaker."""
    source, last = CASES[case]
    lines = (HEAD + source).splitlines()
    assert inline({"m": HEAD + source}) == {"m": "\n".join([*lines[:-1], last, ""])}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_what_may_be_something_else_is_left(case: str) -> None:
    """A value of another kind, and a name that is bound twice anywhere."""
    source = HEAD + UNTOUCHED[case]
    assert inline({"m": source}) == {"m": source}


def test_constants_of_other_modules_are_followed() -> None:
    """Imported by name, as another name, or with their module; not where it is bound twice."""
    result = inline(
        {
            "a": HEAD + "A: Final = 1\nB: Final = b'b'\n",
            "m": "from . import a as m\nfrom .a import A as ONE, B\nx = ONE, B, m.A, m.C\n",
            "n": "from .a import A\ndef f(A): return A\n",
        }
    )
    assert result["m"].splitlines()[-1] == "x = 1, b'b', 1, m.C"
    assert result["n"].splitlines()[-1] == "def f(A): return A"


def test_a_value_that_does_not_fit_its_place_is_refused() -> None:
    """A number before a dot would read as another number."""
    with pytest.raises((ValueError, SyntaxError)):
        inline({"m": HEAD + "A: Final = 1\nx = A.real\n"})
