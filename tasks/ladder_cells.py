# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is measured: rungs of the ladder, ways in which a page ends, and what each pair promises.

Sources: docs/delivery.md; Page Lifecycle, "State diagram".
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Rung(NamedTuple):
    """What the browser may use; "" for all, "edge" for a tag without Python.

    Attributes:
        name: On the command line.
        capabilities: The tag's data-debug-capabilities.
        stored: Whether what the page could not send is there for the next page view.
        sends: Whether anything is sent at all.
    """

    name: str
    capabilities: str
    stored: bool = True
    sends: bool = True


class End(NamedTuple):
    """A way in which a page ends.

    Attributes:
        name: On the command line.
        about: For people.
        told: Whether the page is told that it ends, or may end.
        silent: Whether nothing shows that it has ended: storage is left alone for a while.
    """

    name: str
    about: str
    told: bool = True
    silent: bool = False


DEDICATED: Final = "dedicated fetchlater keepalive storage wasm"
RUNGS: Final = (
    Rung("extended", ""),
    Rung("shared", "shared dedicated fetchlater keepalive storage wasm"),
    Rung("dedicated", DEDICATED),
    Rung("keepalive", "dedicated keepalive storage wasm"),
    Rung("fetchlater", "dedicated fetchlater storage wasm"),
    Rung("storage", "dedicated storage wasm"),
    Rung("no-storage", "dedicated fetchlater keepalive wasm", stored=False),
    Rung("no-wasm", "dedicated fetchlater keepalive storage", stored=False, sends=False),
)
ENDS: Final = (
    End("dcl", "navigation at DOMContentLoaded, Python not started"),
    End("load", "navigation in the load event"),
    End("soon", "navigation 500 ms after the load"),
    End("later", "navigation 2 s after the load"),
    End("close", "tab or window closed after the load"),
    End("bfcache", "into the back/forward cache, back, and away"),
    End("frozen", "hidden and frozen after the load, then discarded", silent=True),
    End("worker", "worker killed 2 s after the load, then navigation"),
    End("killed", "renderer killed 2 s after the load", told=False, silent=True),
)


def promised(rung: Rung, end: End) -> bool:
    """Whether every entry of every trial has to arrive."""
    return rung.stored and end.told
