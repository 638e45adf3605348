# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the agent's archive leaves out as unreached: definitions, names, methods; never a line."""

from __future__ import annotations

import textwrap

import pytest

from tasks.shake import Unclear, shake


def _text(source: str) -> str:
    return textwrap.dedent(source).removeprefix("\n")


CASES = {
    "a function that nobody calls": (
        """
        def root():
            return used()

        def used(): ...

        def unused():
            return used()
        """,
        """
        def root():
            return used()

        def used(): ...



        """,
    ),
    "names of an import over several lines": (
        """
        from typing import (
            Any,
            NamedTuple,
            cast as as_,
        )

        def root() -> Any:
            return as_(NamedTuple, 1)
        """,
        """
        from typing import NamedTuple, cast as as_





        def root() -> Any:
            return as_(NamedTuple, 1)
        """,
    ),
    "what only annotations name": (
        """
        from typing import Protocol, TYPE_CHECKING

        if TYPE_CHECKING:
            from a import B

        class Port(Protocol):
            def open(self) -> B: ...

        Ports = list[Port]

        def root(port: Port, *more: Ports) -> B:
            kept: Ports = []
            return port.open(kept)
        """,
        """










        def root(port: Port, *more: Ports) -> B:
            kept: Ports = []
            return port.open(kept)
        """,
    ),
    "methods whose name nothing looks up": (
        """
        class C:
            x = 1

            def __init__(self):
                self.f()

            def f(self):
                return getattr(self, "by_text")

            @property
            def unused(self):
                return self.unused_too()

            def unused_too(self): ...

            def by_text(self): ...

        def root():
            return C()
        """,
        """
        class C:
            x = 1

            def __init__(self):
                self.f()

            def f(self):
                return getattr(self, "by_text")







            def by_text(self): ...

        def root():
            return C()
        """,
    ),
    "methods that a base class from elsewhere may call": (
        """
        import logging

        class Ours: ...

        class Handler(logging.Handler):
            def emit(self): ...

        class Mine(Ours):
            def emit(self): ...

        def root():
            Mine()
            return Handler()
        """,
        """
        import logging

        class Ours: ...

        class Handler(logging.Handler):
            def emit(self): ...

        class Mine(Ours):
            pass

        def root():
            Mine()
            return Handler()
        """,
    ),
    "constants, their docstrings, and statements with an effect": (
        """
        ONE = 1
        '''One.'''
        TWO, THREE = 2, 3
        FOUR: int = 4
        TABLE = {}
        TABLE[FOUR] = 4
        print("imported")

        def root():
            return TWO
        """,
        """


        TWO, THREE = 2, 3
        FOUR: int = 4
        TABLE = {}
        TABLE[FOUR] = 4
        print("imported")

        def root():
            return TWO
        """,
    ),
    "a decorator goes with its function": (
        """
        from functools import cache

        @cache
        def unused(): ...

        def root(): ...
        """,
        """





        def root(): ...
        """,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_nothing_reaches_leaves_its_lines(case: str) -> None:
    """Each kind of thing goes where the root does not lead to it, and all else stays in place."""
    source, expected = map(_text, CASES[case])
    assert shake({"m": source}, ["m.root"]) == {"m": expected}


def test_reaching_crosses_modules_by_every_form_of_import() -> None:
    """`from .a import`, `from . import a`, an import inside a function; other modules go."""
    shaken = shake(
        {
            "main": "from . import b as bee\nfrom .a import f\n\n"
            "def root():\n    from .c import h\n    return f() + bee.g() + h()\n",
            "a": "def f(): ...\ndef unused(): ...\n",
            "b": "def unused(): ...\ndef g(): ...\n",
            "c": "from .d import h\n",
            "d": "h = 1\nunused = 2\n",
            "e": "unused = 1\n",
        },
        ["main.root"],
    )
    assert set(shaken) == {"main", "a", "b", "c", "d"}
    assert shaken["a"] == "def f(): ...\n\n"
    assert shaken["b"] == "\ndef g(): ...\n"
    assert shaken["d"] == "h = 1\n\n"


def test_a_method_can_be_a_root() -> None:
    """What is called from outside stays, with what it calls."""
    source = "class C:\n    def f(self): self.g()\n    def g(self): ...\n    def h(self): ...\n"
    shaken = shake({"m": source}, ["m.C", "m.C.f"])
    assert shaken["m"] == source.replace("    def h(self): ...", "")


@pytest.mark.parametrize("root", ["m.g", "m.C.g"])
def test_a_root_that_does_not_exist_is_an_error(root: str) -> None:
    """A renamed entry point must not empty the archive."""
    with pytest.raises(KeyError, match="g"):
        shake({"m": "class C:\n    def f(self): ...\n"}, [root])


@pytest.mark.parametrize("call", ["getattr(x, name)", "globals()", "eval(name)"])
def test_code_whose_reach_cannot_be_told_is_refused(call: str) -> None:
    """Looking up a computed name could reach anything."""
    with pytest.raises(Unclear, match="m:2"):
        shake({"m": f"def root(x, name):\n    return {call}\n"}, ["m.root"])


def test_statements_that_share_a_line_are_refused() -> None:
    """Blanking one of them would take the other with it."""
    with pytest.raises(ValueError, match="share a line"):
        shake({"m": "x = 1; y = 2\ndef root(): return y\n"}, ["m.root"])
