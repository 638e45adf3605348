# SPDX-License-Identifier: MIT OR Apache-2.0
"""What costs little at import, in place of what costs much: `NamedTuple`, `Protocol`, `Options`,
`pattern`.

`typing` looks at the type of each field, which nobody asks about later: 13 fields take 420 us in
Pyodide, `collections.namedtuple` by itself 160 (November 2026), and a page's runtime has two dozen
such classes to make before it can do anything. What comes out is alike in all but one more base.

`Protocol` is nothing at run time: who asks an object for its protocol is a type checker. `pattern`
is a regular expression that is compiled when it is first used, 0.5 to 3 ms later or never; a page
uses few. `Options` is a frozen dataclass whose methods are not written and compiled for each class:
33 fields take 2.8 ms to be made one.

Source: `typing.NamedTuple` and `dataclasses` of CPython 3.14.
"""

from __future__ import annotations

import re
from collections import namedtuple
from typing import TYPE_CHECKING, Any, AnyStr, TypeVar, cast, dataclass_transform

_O = TypeVar("_O", bound="Options")

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple, Protocol as Protocol
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

    class Protocol:
        """What a class has that a type checker compares others with."""

        __slots__ = ()


class _Pattern:
    """A pattern's methods; each is looked for once."""

    def __init__(self, *given: Any) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:
        found = self.__dict__[name] = re.compile(*self._given).__getattribute__(name)
        return found


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """`re.compile`, when it is first used."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))


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
        names = self.defaults()
        for name in given:
            if name not in names:
                raise TypeError(f"{type(self).__name__} has no option {name!r}")
        self.__dict__.update(given)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Raise if some do not go together."""

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """All options, in order."""
        own = cls.__dict__.items()
        return {name: it for name, it in own if name[0] != "_" and not hasattr(it, "__get__")}

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
        return {**self.defaults(), **self.__dict__}
