# SPDX-License-Identifier: MIT OR Apache-2.0
"""Where a service ran: at the edge, in a browser, or somewhere that does not say so. Pure.

Told by the instrumentation scopes of edgetrace's own spans; a service's other spans ran where
those did, for a process is in one place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

Place = Literal["edge", "browser", ""]

_PLACES: Final[dict[str, Place]] = {"edgetrace.worker": "edge", "edgetrace.browser": "browser"}


def places(spans: Iterable[tuple[str, str]]) -> dict[str, Place]:
    """Where each service ran, in the order of their first spans.

    Args:
        spans: Of each span, or each source of spans, the service and the scope's name.
    """
    found: dict[str, Place] = {}
    for service, scope in spans:
        found[service] = found.get(service) or _PLACES.get(scope, "")
    return found
