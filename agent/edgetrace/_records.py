# SPDX-License-Identifier: MIT OR Apache-2.0
"""`NamedTuple`, for half of what `typing`'s costs at import.

`typing` looks at the type of each field, which nobody asks about later: 13 fields take 420 us in
Pyodide, `collections.namedtuple` by itself 160 (November 2026), and a page's runtime has two dozen
such classes to make before it can do anything. What comes out is alike in all but one more base.

Source: `typing.NamedTuple` of CPython 3.14.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

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
