# SPDX-License-Identifier: MIT OR Apache-2.0
"""Records that cost little at import: `NamedTuple`, for half of `typing`'s, and `Options`.

`typing` looks at the type of each field, which nobody asks about later: 13 fields take 420 us in
Pyodide, `collections.namedtuple` by itself 160 (November 2026), and a page's runtime has two dozen
such classes to make before it can do anything. What comes out is alike in all but one more base.

`Options` is a frozen dataclass whose methods are not written and compiled for each class: 33 fields
take 2.8 ms to be made one, nearly as much as the rest of a page's runtime.

Source: `typing.NamedTuple` and `dataclasses` of CPython 3.14.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

_O = TypeVar("_O", bound="Options")

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _Maker(type):
        def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> type:
            fields = space.get("__annotations__")
            if fields is None:  # 3.14 postpones them, unless __future__ has done so: in a bundle
                fields = space["__annotate_func__"](1)
            defaults = [space.pop(field) for field in fields if field in space]
            made = namedtuple(name, fields, defaults=defaults)
            return type(name, (made,), {**space, "__slots__": ()})

    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Options:
    """Keyword arguments that become attributes; all have defaults, which stand in the class.

    A class derived from it may name in `_hidden` what `repr` shall not show.
    """

    _hidden: frozenset[str] = frozenset()

    def __init__(self, **given: Any) -> None:
        """Take what was given.

        Raises:
            TypeError: There is no such option.
        """
        names = self.names()
        for name in given:
            if name not in names:
                raise TypeError(f"{type(self).__name__} has no option {name!r}")
        self.__dict__.update(given)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Raise if some do not go together."""

    @classmethod
    def names(cls) -> list[str]:
        """Of all options, in order."""
        own = vars(cls).items()
        return [name for name, it in own if name[0] != "_" and not hasattr(it, "__get__")]

    def replace(self: _O, **given: Any) -> _O:
        """The same but for these."""
        return type(self)(**{**self.__dict__, **given})

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: it is shared."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        """Refuse, likewise."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        """Whether all options are equal."""
        return type(other) is type(self) and self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]  # mappings are among the values

    def __repr__(self) -> str:
        """As it is written, without what is hidden."""
        shown = {name: it for name, it in self._values().items() if name not in self._hidden}
        return f"{type(self).__name__}({', '.join([f'{n}={it!r}' for n, it in shown.items()])})"

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.names()}
