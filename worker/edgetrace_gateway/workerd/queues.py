# SPDX-License-Identifier: MIT OR Apache-2.0
"""By way of a Queue: isolates put bodies in, a consumer joins them and sends few, large requests.

    gateway isolates ── send ──► Queue ── batches ──► consumer ── one POST ──► collector

The Queue keeps what the collector does not take now, and hands it to the consumer again: an outage
costs no isolate's memory. Protobuf bodies are joined by putting one after the other, for a
message's repeated fields are those of all parts.

Source: Cloudflare Queues, "JavaScript APIs", "Limits" (128 KB a message); Protocol Buffers,
"Encoding", "Last One Wins".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import js
from pyodide.ffi import JsException, to_js

from edgetrace._config import Settings
from edgetrace._frame import gzip
from edgetrace._retry import retry_after_ns
from edgetrace._types import ExportRequest, ExportResponse, Transport
from edgetrace.errors import TransportError
from edgetrace_gateway.inflate import Damaged, TooLarge, gunzip
from edgetrace_gateway.status import PROTOBUF

BINDING: Final = "TRACES_QUEUE"
MAX_MESSAGE_BYTES: Final = 120_000
"""Of a body: a message may have 128 KB, its envelope included."""
MAX_POST_BYTES: Final = 4_194_304
"""Of joined bodies: gRPC's default limit, which collectors keep for HTTP."""
RETRY_DELAY_S: Final = 30
"""Before what the collector did not take comes again, unless it says when, in Retry-After."""


_DESCRIBING: Final = ("content-type", "content-encoding")
"""Headers that go into a message; the collector's secret is the consumer's to add."""


class QueueError(TransportError):
    """The Queue did not take a body."""


class QueueTransport:
    """A `Transport` that puts bodies into the Queue; what is too large for it goes directly."""

    def __init__(self, queue: Callable[[], Any], direct: Transport) -> None:
        """Set the ways out; `queue` gives the binding of the event that is being handled."""
        self._queue, self._direct = queue, direct

    async def send(self, request: ExportRequest) -> ExportResponse:
        """See `Transport`; 202 stands for the Queue's word."""
        if len(request.body) > MAX_MESSAGE_BYTES:
            return await self._direct.send(request)
        headers = {name: request.headers[name] for name in _DESCRIBING if name in request.headers}
        message = {"headers": headers, "spans": request.spans, "body": request.body}
        options = {"contentType": "v8"}
        try:
            await self._queue().send(
                to_js(message, dict_converter=js.Object.fromEntries),
                to_js(options, dict_converter=js.Object.fromEntries),
            )
        except JsException as failure:
            raise QueueError(f"queue: {failure.message}") from failure
        return ExportResponse(202, {}, b"")


async def consume(batch: Any, settings: Settings, transport: Transport) -> None:
    """Send a batch of the Queue's to the collector, joined; what is not taken comes again.

    Args:
        batch: JavaScript's MessageBatch.
        settings: The collector's address, headers and limits.
        transport: What POSTs.
    """
    joined: dict[str, list[tuple[Any, bytes]]] = {}
    for message in batch.messages:
        try:
            body = message.body
            headers, data = body.headers.to_py(), body.body.to_bytes()
            content_type = headers["content-type"]
            plain = gunzip(data, MAX_POST_BYTES) if "content-encoding" in headers else data
        except (AttributeError, KeyError, TypeError, JsException, TooLarge, Damaged):
            message.ack()  # not one of ours: it would come for ever
            continue
        joined.setdefault(content_type, []).append((message, plain))
    for content_type, messages in joined.items():
        for part in _parts(messages, 1 if content_type != PROTOBUF else len(messages)):
            await _post(content_type, part, settings, transport)


def _parts(messages: list[tuple[Any, bytes]], most: int) -> list[list[tuple[Any, bytes]]]:
    """Cut into runs of at most `most` messages and `MAX_POST_BYTES`."""
    parts: list[list[tuple[Any, bytes]]] = [[]]
    size = 0
    for message, body in messages:
        if parts[-1] and (len(parts[-1]) >= most or size + len(body) > MAX_POST_BYTES):
            parts.append([])
            size = 0
        parts[-1].append((message, body))
        size += len(body)
    return parts


async def _post(
    content_type: str, part: list[tuple[Any, bytes]], settings: Settings, transport: Transport
) -> None:
    body = gzip(b"".join([data for _, data in part]))
    headers: Mapping[str, str] = {"content-type": content_type, "content-encoding": "gzip"}
    request = ExportRequest(
        0,
        settings.traces_url,
        {**headers, **settings.headers},
        body,
        settings.timeout_ms * 1_000_000,
        len(part),
    )
    delay_s = RETRY_DELAY_S
    try:
        answer = await transport.send(request)
        again = answer.status >= 300 and answer.status != 400
        wait_ns = retry_after_ns(answer.headers)
        if wait_ns:
            delay_s = -(-wait_ns // 1_000_000_000)  # an hour at the most; the Queue keeps for 12
    except TransportError:
        again = True
    for message, _ in part:
        if again:
            delay = {"delaySeconds": delay_s}
            message.retry(to_js(delay, dict_converter=js.Object.fromEntries))
        else:
            message.ack()
