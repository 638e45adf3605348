# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_records`: what comes out is what `typing.NamedTuple` makes."""

from __future__ import annotations

import pickle
import typing
from typing import Any

import pytest

from edgetrace import _records
from edgetrace._types import SpanContext


class Own(_records.NamedTuple):
    """A point."""

    x: int
    y: float = 2.0

    @property
    def sum(self) -> float:
        """Of both."""
        return self.x + self.y

    @classmethod
    def origin(cls) -> Own:
        """Zero."""
        return cls(0, 0.0)


class Standard(typing.NamedTuple):
    """A point."""

    x: int
    y: float = 2.0


def test_a_record_is_what_typing_makes() -> None:
    """Fields, defaults, documentation, module and equality with plain tuples; no __dict__."""
    for name in ("_fields", "_field_defaults", "__doc__", "__module__"):
        assert getattr(Own, name) == getattr(Standard, name)
    assert (Own.__name__, Own.__mro__[2:]) == ("Own", (tuple, object))
    assert not hasattr(Own(1), "__dict__")
    assert Own.__match_args__ == ("x", "y")
    assert repr(Own(1)) == "Own(x=1, y=2.0)"
    assert Own(1) == (1, 2.0) == Own(y=2.0, x=1)
    assert Own(1)._replace(x=5)._asdict() == {"x": 5, "y": 2.0}
    with pytest.raises(TypeError):
        Own()  # type: ignore[call-arg]  # that is the test


def test_methods_are_kept() -> None:
    """Properties, class methods, and pickling by name."""
    assert (Own(1).sum, Own.origin()) == (3.0, (0, 0.0))
    context: Any = SpanContext(b"t" * 16, b"s" * 8)
    copied = pickle.loads(pickle.dumps(context))
    assert type(copied) is SpanContext
    assert copied == context
