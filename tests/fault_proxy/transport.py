# SPDX-License-Identifier: MIT OR Apache-2.0
"""A transport over plain sockets for the agent on CPython: what a page's fetch is there.

Each send has a connection of its own and is noted, so that what never reached a proxy is counted
too. Nothing is sent again here: that is the exporter's to decide.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from edgetrace._types import ExportRequest, ExportResponse
from edgetrace.errors import TransportError
from tests.fault_proxy.message import read_answer


class Send(NamedTuple):
    """One POST.

    Attributes:
        at_s: When, of `time.monotonic`.
        again: Whether its body had been sent before.
        blind: Whether the last news of the receiver was none, or that it is busy.
    """

    at_s: float
    again: bool
    blind: bool = False


class SocketTransport:
    """A `Transport`.

    Attributes:
        sends: All of them, in order.
    """

    def __init__(self) -> None:
        """Nothing is open."""
        self.sends: list[Send] = []
        self._known: set[int] = set()
        self._blind = False

    async def send(self, request: ExportRequest) -> ExportResponse:
        """See `Transport`."""
        self.sends.append(Send(time.monotonic(), request.id in self._known, self._blind))
        self._known.add(request.id)
        answered = False
        try:
            answer = await self._post(request)
            answered = answer.status < 400
        except (OSError, asyncio.IncompleteReadError, ValueError) as exc:
            raise TransportError(f"{type(exc).__name__}: {exc}") from exc
        finally:  # a time-out cancels
            self._blind = not answered
        return answer

    async def _post(self, request: ExportRequest) -> ExportResponse:
        place = urlsplit(request.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            head = [f"POST {place.path} HTTP/1.1", f"host: {place.netloc}", "connection: close"]
            head += [f"{name}: {value}" for name, value in request.headers.items()]
            head.append(f"content-length: {len(request.body)}")
            writer.write(("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + request.body)
            answer = await read_answer(reader)
        finally:
            writer.close()
        return ExportResponse(answer.status, answer.headers, answer.body)
