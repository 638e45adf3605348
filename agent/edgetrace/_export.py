# SPDX-License-Identifier: MIT OR Apache-2.0
"""From ended spans to requests, and from answers to counters. No I/O, no sleep, no clock.

An adapter asks `next_request(now_ns)` until it gets None, sends what it got, tells each outcome
with `receive_response` or `receive_failure`, and asks again when `next_deadline_ns()` has come. All
times are the adapter's monotonic nanoseconds. Batching, splitting and every drop are decided here;
`_outbox` knows which request may go when, `_request_state` holds the table of a request's life,
`_retry` what an answer means.

Conservation, at every step: ended + adopted = exported + sum(dropped) + queued + in_flight.

Source: OTLP specification 1.10, "OTLP/HTTP"; OpenTelemetry specification, trace/sdk and
protocol/exporter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ._batch import BatchQueue, Queued
from ._config import Settings
from ._frame import Framer
from ._outbox import MAX_ATTEMPTS, Outbox, Undelivered as Undelivered, of_the_body
from ._priority import is_important
from ._protobuf import utf8
from ._request_state import PendingRequest, Signal, State
from ._retry import RETRYABLE, TOO_LARGE, retry_after_ns
from ._types import Entropy, ExportRequest, Resource, Scope, SpanData
from .errors import DropReason, ExportError, RejectedError, ThrottledError, TransportError

Mark = tuple[int, int]
"""A moment: the next span's number, and the next request's id."""


class Exporter:
    """The sans-IO exporter of one provider."""

    def __init__(self, settings: Settings, resource: Resource, entropy: Entropy) -> None:
        """Prepare; nothing is drawn, read or sent.

        Args:
            settings: Endpoint, encoding, limits.
            resource: Sent once with each request.
            entropy: For the backoff's jitter.
        """
        self._settings = settings
        self._framer = Framer(settings, resource)
        self._encode = self._framer.encoding.span
        self._room_bytes = self._cut_bytes = settings.max_request_bytes - self._framer.head_bytes
        self._queue = BatchQueue(settings.max_queue_size, is_important)
        self._outbox = Outbox(entropy)
        self._flush_mark = 0
        self._batch_deadline_ns: int | None = None
        self._closed = False
        self._dropped = dict.fromkeys(DropReason, 0)
        names = ("ended", "adopted", "exported", "requests", "retries", "body_bytes", "sent_bytes")
        self._counts = dict.fromkeys(names, 0)

    def add_scope(self, scope: Scope) -> int:
        """Register an instrumentation scope; the index names it in `offer`."""
        return self._framer.add_scope(scope)

    def offer(self, scope: int, span: SpanData | bytes) -> bool:
        """Encode an ended, sampled span if need be, and queue it or count why not. Never raises.

        Returns:
            True if an adapter asleep until `next_deadline_ns()` has to ask again: it has not asked
            since the queue was empty, or this span filled a batch.
        """
        self._counts["ended"] += 1
        if self._closed:
            return self._drop(DropReason.SHUTDOWN, 1)
        try:
            data = span if type(span) is bytes else self._encode(span)  # type: ignore[arg-type]
            size = len(data) + self._framer.scope_bytes[scope]
        except Exception:  # a SpanData that was not made by us may hold anything
            return self._drop(DropReason.UNENCODABLE, 1)
        if size > self._room_bytes:
            return self._drop(DropReason.TOO_LARGE, 1)
        if not self._queue.offer(scope, data):
            return self._drop(DropReason.QUEUE_FULL, 1)
        if self._batch_deadline_ns is None:
            return True
        return self._has_full_batch() and not self._has_full_batch(1, len(data))

    def offer_all(self, scope: int, spans: Sequence[bytes]) -> bool:
        """`offer`, of encoded spans: for all at once where there is room for all."""
        size = max(map(len, spans), default=0) + self._framer.scope_bytes[scope]
        if self._closed or size > self._room_bytes or not self._queue.offer_all(scope, spans):
            return max([self.offer(scope, span) for span in spans], default=False)
        self._counts["ended"] += len(spans)
        return self._batch_deadline_ns is None or self._has_full_batch()

    def adopt(
        self, body: bytes, headers: Mapping[str, str], spans: int, important: bool = False
    ) -> int:
        """Take a request out of storage: it waits, to be sent once more.

        The arguments are an `Undelivered`'s; headers that do not say what the body is, are left
        out. Returns its id here: it is settled when `undelivered` no longer has it.
        """
        spans = max(spans, 0)
        request = self._framer.request(body, of_the_body(headers), spans)
        self._counts["adopted"] += spans
        if self._closed:
            self._drop(DropReason.SHUTDOWN, spans)
        else:
            self._outbox.put(PendingRequest(request, important=important))
        return request.id

    def undelivered(self, *, queued: bool = False) -> list[Undelivered]:
        """What is sent or waiting and not known delivered, for whoever can keep it.

        Args:
            queued: Whether to make requests of what is queued, so that they are in it too, as far
                as no more than `max_queue_size` spans are under way or waiting.
        """
        while queued and self._queue and self._outbox.spans < self._settings.max_queue_size:
            self._open()
        return self._outbox.undelivered()

    def next_request(self, now_ns: int) -> ExportRequest | None:
        """What to send now; call until it returns None.

        Args:
            now_ns: Monotonic.

        Returns:
            A request, new or once more, or None: idle until `next_deadline_ns()`.
        """
        for pending in self._outbox:
            # An adapter that never told the outcome has lost the request.
            if pending.state is State.SENT and now_ns >= pending.deadline_ns:
                self._fail(pending, Signal.NO_ANSWER, None, now_ns)
        if self._queue and self._batch_deadline_ns is None:
            self._batch_deadline_ns = now_ns + self._settings.schedule_delay_ms * 1_000_000
        next_up = self._outbox.due(now_ns)
        if next_up is None or next_up.attempts >= MAX_ATTEMPTS:
            due_ns = self._batch_due_ns()
            if due_ns is not None and now_ns >= due_ns:
                next_up = self._open()
        if next_up is None:
            return None
        self._counts["requests"] += 1
        self._counts["retries"] += next_up.attempts > 0
        self._counts["sent_bytes"] += len(next_up.request.body)
        self._outbox.send(next_up, now_ns)
        return next_up.request

    def receive_response(
        self, request_id: int, status: int, headers: Mapping[str, str], body: bytes, now_ns: int
    ) -> ExportError | None:
        """Take the answer to a request.

        Args:
            request_id: Of the `ExportRequest`; one that has timed out before is ignored.
            status: HTTP status.
            headers: Lower-case names.
            body: As far as it was read.
            now_ns: Monotonic.

        Returns:
            What to tell the error handler, None after a success, and where a request that is too
            large is split. An exception means that these were no status, headers and body; nothing
            has changed then.
        """
        pending = self._outbox.sent(request_id)
        if pending is None:
            return None
        spans, attempts = pending.request.spans, pending.attempts
        if 200 <= status < 300:
            refused, message = self._framer.encoding.partial_success(body)
            refused = min(refused, spans)
            self._outbox.answered(pending, Signal.SUCCESS)
            self._counts["exported"] += spans - refused
            self._drop(DropReason.PARTIAL_SUCCESS, refused)
            if refused:
                return RejectedError(status, utf8(message), spans=refused, attempts=attempts)
            return None
        if status in RETRYABLE:
            wait_ns = retry_after_ns(headers)
            self._fail(pending, Signal.THROTTLED, wait_ns, now_ns)
            return ThrottledError(status, wait_ns, spans=spans, attempts=attempts)
        if status == TOO_LARGE and len(pending.queued) > 1:
            self._split(pending)
            return None
        error = RejectedError(status, body, spans=spans, attempts=attempts)
        self._outbox.answered(pending, Signal.REFUSED)
        self._drop(DropReason.TOO_LARGE if status == TOO_LARGE else DropReason.REJECTED, spans)
        return error

    def receive_failure(self, request_id: int, cause: str, now_ns: int) -> ExportError | None:
        """Take the news that no answer came; see `receive_response`."""
        pending = self._outbox.sent(request_id)
        if pending is None:
            return None
        self._fail(pending, Signal.NO_ANSWER, None, now_ns)
        return TransportError(cause, spans=pending.request.spans, attempts=pending.attempts)

    def next_deadline_ns(self, *, unanswered: bool = True) -> int | None:
        """When to call `next_request` again, monotonic; None if only a new span can change
        anything. Valid after `next_request` has returned None.

        Args:
            unanswered: Whether to count the times at which requests expire without an answer.
        """
        due_ns = self._batch_due_ns()
        deadline_ns = self._outbox.deadline_ns(unanswered=unanswered)
        if deadline_ns is None or (due_ns is not None and due_ns < deadline_ns):
            return due_ns
        return deadline_ns

    def force_flush(self) -> Mark:
        """Make everything due now, once; a wait that the receiver asked for is kept.

        Returns:
            A mark for `is_settled`.
        """
        self._outbox.hurry()
        self._flush_mark = self._queue.next
        return self._flush_mark, self._framer.next_id

    def is_settled(self, mark: Mark) -> bool:
        """Whether all that was queued or in flight at `mark` has been delivered or dropped."""
        span, request = mark
        return self._queue.oldest >= span and all(
            pending.first >= span and pending.request.id >= request for pending in self._outbox
        )

    def shutdown(self) -> None:
        """Take no more spans and flush; final."""
        self._closed = True
        self.force_flush()

    def abandon(self) -> None:
        """Drop everything undelivered as SHUTDOWN, what was adopted included."""
        self._drop(DropReason.SHUTDOWN, self._outbox.spans + self._queue.clear())
        self._outbox.clear()
        self._batch_deadline_ns = None

    def counters(self) -> dict[str, int]:
        """Everything counted since the start.

        Returns:
            ended, adopted, exported, queued, in_flight and dropped_<reason> in spans; requests and
            retries; body_bytes before and sent_bytes after compression, repeated sends included in
            the latter.
        """
        return {
            **self._counts,
            "queued": len(self._queue),
            "in_flight": self._outbox.spans,
            **{f"dropped_{reason.value}": count for reason, count in self._dropped.items()},
        }

    def _has_full_batch(self, less_spans: int = 0, less_bytes: int = 0) -> bool:
        return (
            len(self._queue) - less_spans >= self._settings.max_export_batch_size
            or self._queue.size_bytes - less_bytes >= self._cut_bytes
        )

    def _batch_due_ns(self) -> int | None:
        """When a new request may be cut; None while nothing is queued or no request may open."""
        if self._batch_deadline_ns is None or not self._outbox.may_open():
            return None
        if self._queue.oldest < self._flush_mark or self._has_full_batch():
            return self._outbox.gate_ns
        return max(self._batch_deadline_ns, self._outbox.gate_ns)

    def _open(self) -> PendingRequest:
        """Cut a request from the queue; it waits to be sent."""
        first = self._queue.oldest
        scopes = self._framer.scope_bytes
        queued = self._queue.cut(self._settings.max_export_batch_size, self._cut_bytes, scopes)
        self._batch_deadline_ns = None
        return self._frame(queued, first)

    def _split(self, pending: PendingRequest) -> None:
        """Let two halves of a request wait in its place, and make no more of its size."""
        queued, middle = pending.queued, len(pending.queued) // 2
        self._cut_bytes = min(self._cut_bytes, sum([len(span.data) for span in queued]) // 2)
        self._outbox.answered(pending, Signal.SPLIT)
        for half in (queued[:middle], queued[middle:]):
            self._frame(half, pending.first)

    def _frame(self, queued: Sequence[Queued], first: int) -> PendingRequest:
        message = self._framer.frame(queued)
        self._counts["body_bytes"] += len(message)
        request = self._framer.request(*self._framer.body(message), len(queued))
        return self._outbox.put(PendingRequest(request, queued, first))

    def _fail(self, pending: PendingRequest, signal: Signal, wait: int | None, now_ns: int) -> None:
        if not self._outbox.failed(pending, signal, wait, now_ns):
            self._drop(DropReason.RETRIES_EXHAUSTED, pending.request.spans)

    def _drop(self, reason: DropReason, spans: int) -> bool:
        """Count a loss; False, so that `offer` can return it."""
        self._dropped[reason] += spans
        return False
