# SPDX-License-Identifier: MIT OR Apache-2.0
"""One send of one request: through the transport, and its outcome back to the exporter.

Whoever drives an exporter sends this way: `_pump` in a loop of its own, `_isolate` inside a
Worker's requests. When to send is theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ._context import EMPTY, attach, text_of, type_name
from ._export import Exporter
from ._types import Clock, ExportRequest, Transport
from .errors import ExportError, TransportError


async def send_once(
    request: ExportRequest,
    exporter: Exporter,
    transport: Transport,
    clock: Clock,
    on_error: Callable[[ExportError], None],
) -> None:
    """Send, and tell the exporter what came of it.

    Args:
        request: From the exporter's `next_request`.
        exporter: Told of the answer, or why there is none.
        transport: What sends.
        clock: Its monotonic time is the exporter's.
        on_error: Told of a failed send; must not raise.

    Raises:
        CancelledError: By whoever cancelled the task; the exporter knows by then.
    """
    attach(EMPTY)  # a task's own context: what sends spans is not part of what they describe

    def fail(cause: str) -> ExportError | None:
        return exporter.receive_failure(request.id, cause, clock.monotonic_ns())

    try:
        async with asyncio.timeout(request.timeout_ns / 1e9):
            status, headers, body = await transport.send(request)
        error = exporter.receive_response(
            request.id, status, headers, bytes(body), clock.monotonic_ns()
        )
    except asyncio.CancelledError:
        fail("cancelled")
        raise
    except TimeoutError:
        error = fail(f"timed out after {request.timeout_ns / 1e9:.1f} s")
    except TransportError as failure:
        error = fail(failure.cause)
    except Exception as failure:  # a third party's transport: its bug must not lose the spans
        error = fail(f"{type_name(failure)}: {text_of(failure)}")
    if error is not None:
        on_error(error)
