# SPDX-License-Identifier: MIT OR Apache-2.0
"""A TCP proxy in front of a collector that breaks connections as a plan says, byte by byte.

    sender ──socket──► FaultProxy ──socket──► collector
                       plan: what this POST meets        phases: what all meet, for a while
                       ledger: what came

It knows as much of HTTP/1.1 as it takes to find the middle of a body; what it passes on, it passes
on as it came. Preflights pass untouched unless a phase refuses all. Runs on an event loop in a
thread of its own, where delays are timers.

Sources: RFC 9112, 6.3 "Message Body Length"; tcp(7) and socket(7), SO_LINGER, for resets.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, Self
from urllib.parse import urlsplit

from tests.fault_proxy.faults import Fault, Phase, Plan, in_turn
from tests.fault_proxy.ledger import Ledger
from tests.fault_proxy.message import Message, read_answer, read_head, read_rest

DELAY_S: Final = 0.3
PIECES: Final = 20
"""Of an answer that drips."""
GONE: Final = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)


class FaultProxy:
    """Listens on a free port of 127.0.0.1 until `close`.

    Attributes:
        plan: What each POST meets; may be set at any time.
        upstream: Where the collector is, "http://host:port"; likewise.
        ledger: What came.
        url: Without a slash at its end.
    """

    def __init__(self, upstream: str, plan: Plan | None = None, delay_s: float = DELAY_S) -> None:
        """Begin to listen.

        Args:
            upstream: See the attribute.
            plan: None lets everything through.
            delay_s: How late LATENCY is, and how long DRIP takes.
        """
        self.upstream = upstream
        self.plan = plan or in_turn()
        self.ledger = Ledger()
        self._delay_s = delay_s
        self._phase = Fault.NONE
        self._flapping: asyncio.Task[None] | None = None
        self._talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faults", daemon=True)
        self._thread.start()
        self._do(self._listen())
        self.url = f"http://127.0.0.1:{self._port}"

    @property
    def endpoint(self) -> str:
        """Where spans are posted to."""
        return f"{self.url}/v1/traces"

    def meet(self, *faults: Fault) -> None:
        """The next POSTs meet these, one each; those after them pass."""
        self.plan = in_turn(*faults)

    def be(self, fault: Fault) -> None:
        """Everything meets `fault` from now on, until the next call; NONE gives back to `plan`."""
        self._do(self._be(fault))

    def flap(self, phases: Iterable[Phase]) -> None:
        """Begin to go through phases; afterwards, and by `calm`, all is well."""

        async def start() -> None:
            self._flapping = self._loop.create_task(self._flap(phases))

        self.calm()
        self._do(start())

    def calm(self) -> None:
        """End flapping: the collector is up."""

        async def stop() -> None:
            if self._flapping is not None:
                self._flapping.cancel()
                with suppress(asyncio.CancelledError):
                    await self._flapping
            self._flapping = None
            await self._be(Fault.NONE)

        self._do(stop())

    def close(self) -> None:
        """Stop; open connections are cut."""

        async def stop() -> None:
            if self._server is not None:
                self._server.close()
            talks = list(self._talks)
            for talk in talks:
                talk.cancel()
            await asyncio.gather(*talks, return_exceptions=True)

        self.calm()
        self._do(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._port, limit=2**22, backlog=256
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def _be(self, fault: Fault) -> None:
        self._phase = fault
        self.ledger.turn(fault)
        if fault is Fault.REFUSE and self._server is not None:
            self._server.close()
            self._server = None
        if fault is not Fault.REFUSE and self._server is None:
            await self._listen()
        for talk in list(self._talks):  # those that still wait in what was before
            talk.cancel()

    async def _flap(self, phases: Iterable[Phase]) -> None:
        for seconds, fault in phases:
            await self._be(fault)
            await asyncio.sleep(seconds)
        await self._be(Fault.NONE)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks[task] = writer
        writer.transport.set_write_buffer_limits(0)  # `drain` then waits for the kernel
        try:
            with suppress(*GONE):
                while await self._one(reader, writer):
                    pass
        finally:
            del self._talks[task]
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False where the connection is over."""
        request = await read_head(reader)
        at_s = time.monotonic()
        fault = Fault.NONE
        if request.method == "POST":
            fault = self.plan() if self._phase is Fault.NONE else self._phase
        if fault is Fault.CUT_REQUEST:
            await reader.readexactly(request.length // 2)
            self.ledger.note(fault, at_s, None, packed=False)
            return _reset(writer)
        await read_rest(request, reader)
        if request.method == "POST":
            self.ledger.note(fault, at_s, request.body, packed=request.packed)
        if fault is Fault.REFUSE:  # as a plan's word; a phase closes the socket
            return _reset(writer)
        if fault is Fault.BLACKHOLE:
            await reader.read()
            return False
        if fault in (Fault.BUSY, Fault.SWALLOW):
            writer.write(_own_answer(request, 503 if fault is Fault.BUSY else 200))
            await writer.drain()
            return True
        answer = await self._ask(request)
        return await self._tell(answer, fault, writer)

    async def _ask(self, request: Message) -> Message:
        """The collector's answer, over a connection of its own."""
        place = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            writer.write(request.whole)
            return await read_answer(reader)
        finally:
            writer.close()

    async def _tell(self, answer: Message, fault: Fault, writer: asyncio.StreamWriter) -> bool:
        whole = answer.whole
        if fault is Fault.CLOSED:
            return False
        if fault is Fault.CUT_HEAD:
            writer.write(whole[: len(answer.head) // 2])
            await writer.drain()
            return _reset(writer)
        if fault in (Fault.CUT_BODY, Fault.WRONG_LENGTH):
            writer.write(answer.announcing(len(answer.body) + 64) + answer.body + bytes(32))
            await writer.drain()
            return fault is Fault.CUT_BODY and _reset(writer)
        if fault is Fault.LATENCY:
            await asyncio.sleep(self._delay_s)
        if fault is Fault.DRIP:
            size = -(-len(whole) // PIECES)
            for at in range(0, len(whole), size):
                writer.write(whole[at : at + size])
                await writer.drain()
                await asyncio.sleep(self._delay_s / PIECES)
            return True
        writer.write(whole + (b"and more" if fault is Fault.OVERRUN else b""))
        await writer.drain()
        return True


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Hang up with a RST; False, as `_one` says it."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


def _own_answer(request: Message, status: int) -> bytes:
    """An empty answer that a page of another origin may read."""
    lines = [f"HTTP/1.1 {status} Said", "content-type: application/x-protobuf", "content-length: 0"]
    if origin := request.header("origin"):
        lines.append(f"access-control-allow-origin: {origin}")
        lines.append("access-control-allow-credentials: true")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
