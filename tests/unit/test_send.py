# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_send`: one send and its outcome, whatever the transport does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgetrace._config import Settings
from edgetrace._context import EMPTY, attach, get_current
from edgetrace._export import Exporter
from edgetrace._send import send_once
from edgetrace._types import ExportRequest, ExportResponse, Resource, Scope
from edgetrace.errors import ExportError, RejectedError, TransportError
from tests.strategies import HostileException, simple_span
from tests.virtual_time import LoopClock, run

OK = ExportResponse(200, {}, b"")


class Transport:
    """Does as it is told."""

    def __init__(self, answer: Any) -> None:
        """Take an answer, or an exception."""
        self.answer = answer
        self.context: Any = None

    async def send(self, request: ExportRequest) -> Any:
        """See `Transport`."""
        self.context = get_current()
        if self.answer == "hang":
            await asyncio.Event().wait()
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def sending(answer: Any) -> tuple[Any, Exporter, Transport, list[ExportError]]:
    """One span, on its way to a transport."""
    exporter = Exporter(Settings.from_options(timeout_ms=2_000), Resource(), bytes)
    exporter.offer(exporter.add_scope(Scope()), simple_span())
    exporter.force_flush()
    request = exporter.next_request(0)
    assert request is not None
    transport, errors = Transport(answer), list[ExportError]()
    work = send_once(request, exporter, transport, LoopClock(), errors.append)
    return work, exporter, transport, errors


@pytest.mark.parametrize(
    ("answer", "error", "said", "left"),
    [
        (OK, None, "", 0),
        (ExportResponse(200, {}, memoryview(b"")), None, "", 0),  # type: ignore[arg-type]
        (ExportResponse(400, {}, b"no"), RejectedError, "400: no", 0),
        (TransportError("down"), TransportError, "down", 1),
        (ValueError("a bug"), TransportError, "ValueError: a bug", 1),
        (HostileException(), TransportError, "<unprintable>", 1),
        (None, TransportError, "TypeError", 1),
        ("hang", TransportError, "timed out after 2.0 s", 1),
    ],
    ids=range(8),
)
def test_outcomes(answer: Any, error: type[ExportError] | None, said: str, left: int) -> None:
    """The exporter knows it, and the handler is told of a failure once."""

    async def main() -> None:
        work, exporter, _, errors = sending(answer)
        await work
        assert exporter.counters()["in_flight"] == left
        assert [type(each) for each in errors] == ([error] if error else [])
        assert said in "".join(map(str, errors))

    run(main())


def test_a_cancelled_send_is_told_to_the_exporter() -> None:
    """So that it is tried again; the cancellation goes on, and no handler hears of it."""

    async def main() -> None:
        work, exporter, _, errors = sending("hang")
        task = asyncio.create_task(work)
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert errors == []
        assert exporter.next_deadline_ns(unanswered=False) is not None

    run(main())


def test_sending_is_not_part_of_what_is_traced() -> None:
    """The transport sees no current span."""

    async def main() -> None:
        work, _, transport, _ = sending(OK)
        attach(EMPTY._replace(baggage={"k": "v"}))  # type: ignore[arg-type]
        await work
        assert transport.context is EMPTY

    run(main())
