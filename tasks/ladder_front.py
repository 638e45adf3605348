# SPDX-License-Identifier: MIT OR Apache-2.0
"""A collector of another origin, as far away as its preflights take; it compares what comes twice.

page --OPTIONS, answered after a while--> Front
     --POST--> Front: spans by their ids --> the collector
"""

from __future__ import annotations

import threading
from typing import Any

from tests.browser.site import Document, Site
from tests.simulation.ledger import spans_of


class Front(Site):
    """The collector's own origin.

    Attributes:
        preflight_s: How long each preflight takes.
        spans: The bytes of each span by its ids, as they came first.
        duplicates: How many spans came again, byte for byte.
        differing: How many came again otherwise.
    """

    def __init__(self, collector_url: str, preflight_s: float) -> None:
        super().__init__(collector_url)
        self.preflight_s = preflight_s
        self.headers = {"Access-Control-Allow-Origin": "*"}
        self.forget()
        front, other = self, self._server.RequestHandlerClass

        class Handler(other):  # type: ignore[misc, valid-type]
            def do_OPTIONS(self) -> None:
                threading.Event().wait(front.preflight_s)
                allowed = {"Access-Control-Allow-Headers": "*", "Access-Control-Max-Age": "0"}
                self._send(Document(b"", headers=allowed, status=204))

        self._server.RequestHandlerClass = Handler

    @property
    def endpoint(self) -> str:
        """Where pages POST to."""
        return f"{self.url}/v1/traces"

    def forget(self) -> None:
        """Begin anew."""
        self.spans: dict[tuple[bytes, bytes], bytes] = {}
        self.duplicates = self.differing = 0

    def forward(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """See `Site`; looks into the body first."""
        packed = {name.lower(): value for name, value in headers.items()}
        for span in spans_of(body, packed):
            self._note(span)
        return super().forward(body, headers)

    def _note(self, span: Any) -> None:
        key, data = (span.trace_id, span.span_id), span.SerializeToString(deterministic=True)
        before = self.spans.setdefault(key, data)
        if before is not data:
            self.duplicates += before == data
            self.differing += before != data
