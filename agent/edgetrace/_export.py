# SPDX-License-Identifier: MIT OR Apache-2.0
"""From ended spans to requests, and from answers to counters. No I/O, no sleep, no clock.

An adapter asks `next_request(now_ns)` until it gets None, sends what it got, tells each outcome
with `receive_response` or `receive_failure`, and asks again when `next_deadline_ns()` has come. All
times are the adapter's monotonic nanoseconds. Batching, retries and every drop are decided here;
`_request_state` holds the table of a request's life, `_retry` what an answer means.

Conservation, at every step: ended = exported + sum(dropped) + queued + in_flight.

Source: OTLP specification 1.10, "OTLP/HTTP"; OpenTelemetry specification, trace/sdk and
protocol/exporter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ._batch import BatchQueue
from ._config import Settings
from ._frame import Framer
from ._protobuf import utf8
from ._request_state import PendingRequest, Signal, State
from ._retry import RETRYABLE, backoff_ns, retry_after_ns
from ._types import Entropy, ExportRequest, Resource, Scope, SpanData
from .errors import DropReason, ExportError, RejectedError, ThrottledError, TransportError

MAX_ATTEMPTS: Final = 10
"""A request rides out about 80 s of outage on average; what is still queued, any length."""
MAX_IN_FLIGHT: Final = 4
"""Requests open at once: a large page drains in a few round trips, a slow receiver is not
flooded.
"""


class Exporter:
    """The sans-IO exporter of one provider."""

    def __init__(self, settings: Settings, resource: Resource, entropy: Entropy) -> None:
        """Prepare; nothing is drawn, read or sent.

        Args:
            settings: Endpoint, encoding, limits.
            resource: Sent once with each request.
            entropy: For the backoff's jitter.
        """
        self._settings, self._entropy = settings, entropy
        self._framer = Framer(settings, resource)
        self._encode = self._framer.encoding.span
        self._room_bytes = settings.max_request_bytes - self._framer.head_bytes
        self._queue = BatchQueue(settings.max_queue_size)
        self._pending: dict[int, PendingRequest] = {}
        self._next_id, self._flush_mark = 1, 0
        self._batch_deadline_ns: int | None = None
        self._not_before_ns = -(2**63)
        self._closed = False
        self._dropped = dict.fromkeys(DropReason, 0)
        self._counts = dict.fromkeys(
            ("ended", "exported", "requests", "retries", "body_bytes", "sent_bytes"), 0
        )

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

    def next_request(self, now_ns: int) -> ExportRequest | None:
        """What to send now; call until it returns None.

        Args:
            now_ns: Monotonic.

        Returns:
            A request, new or once more, or None: idle until `next_deadline_ns()`.
        """
        self._expire(now_ns)
        if self._queue and self._batch_deadline_ns is None:
            self._batch_deadline_ns = now_ns + self._settings.schedule_delay_ms * 1_000_000
        if now_ns < self._not_before_ns:
            return None
        for pending in self._pending.values():
            if pending.state is State.WAITING and now_ns >= pending.deadline_ns:
                pending.send_again(now_ns)
                self._counts["retries"] += 1
                return self._sent(pending.request)
        due_ns = self._batch_due_ns()
        if due_ns is None or now_ns < due_ns:
            return None
        spans = self._queue.cut(
            self._settings.max_export_batch_size, self._room_bytes, self._framer.scope_bytes
        )
        self._batch_deadline_ns = None
        message = self._framer.frame(spans)
        body, headers = self._framer.body(message)
        request = ExportRequest(
            self._next_id,
            self._settings.traces_url,
            {**headers, **self._settings.headers},
            body,
            self._settings.timeout_ms * 1_000_000,
            len(spans),
        )
        self._next_id += 1
        first = self._queue.left - len(spans)
        self._pending[request.id] = PendingRequest(request, first, now_ns)
        self._counts["body_bytes"] += len(message)
        return self._sent(request)

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
            What to tell the error handler, None after a success. An exception means that these were
            no status, headers and body; nothing has changed then.
        """
        pending = self._pending.get(request_id)
        if pending is None or pending.state is not State.SENT:
            return None
        spans, attempts = pending.request.spans, pending.attempts
        if 200 <= status < 300:
            refused, message = self._framer.encoding.partial_success(body)
            refused = min(refused, spans)
            self._move(pending, Signal.SUCCESS)
            self._counts["exported"] += spans - refused
            self._drop(DropReason.PARTIAL_SUCCESS, refused)
            if refused:
                return RejectedError(status, utf8(message), spans=refused, attempts=attempts)
            return None
        if status in RETRYABLE:
            wait_ns = retry_after_ns(headers)
            self._retry(pending, Signal.THROTTLED, wait_ns, now_ns)
            return ThrottledError(status, wait_ns, spans=spans, attempts=attempts)
        self._move(pending, Signal.REFUSED)
        self._drop(DropReason.REJECTED, spans)
        return RejectedError(status, body, spans=spans, attempts=attempts)

    def receive_failure(self, request_id: int, cause: str, now_ns: int) -> ExportError | None:
        """Take the news that no answer came; see `receive_response`."""
        pending = self._pending.get(request_id)
        if pending is None or pending.state is not State.SENT:
            return None
        self._retry(pending, Signal.NO_ANSWER, None, now_ns)
        return TransportError(cause, spans=pending.request.spans, attempts=pending.attempts)

    def next_deadline_ns(self, *, unanswered: bool = True) -> int | None:
        """When to call `next_request` again, monotonic; None if only a new span can change
        anything. Valid after `next_request` has returned None.

        Args:
            unanswered: Whether to count the times at which requests expire without an answer.
        """
        deadlines = [
            pending.deadline_ns
            if pending.state is State.SENT
            else max(pending.deadline_ns, self._not_before_ns)
            for pending in self._pending.values()
            if unanswered or pending.state is State.WAITING
        ]
        due_ns = self._batch_due_ns()
        return min(deadlines if due_ns is None else [*deadlines, due_ns], default=None)

    def force_flush(self) -> int:
        """Make everything queued due now; a wait that the receiver asked for is kept.

        Returns:
            A mark for `is_settled`.
        """
        self._flush_mark = self._queue.left + len(self._queue)
        return self._flush_mark

    def is_settled(self, mark: int) -> bool:
        """Whether all that was queued or in flight at `mark` has been delivered or dropped."""
        return self._queue.left >= mark and all(
            pending.first >= mark for pending in self._pending.values()
        )

    def shutdown(self) -> None:
        """Take no more spans and flush; final."""
        self._closed = True
        self.force_flush()

    def abandon(self) -> None:
        """Drop everything undelivered as SHUTDOWN."""
        for pending in list(self._pending.values()):
            self._move(pending, Signal.GIVE_UP)
            self._drop(DropReason.SHUTDOWN, pending.request.spans)
        self._drop(DropReason.SHUTDOWN, self._queue.clear())
        self._batch_deadline_ns = None

    def counters(self) -> dict[str, int]:
        """Everything counted since the start.

        Returns:
            ended, exported, queued, in_flight and dropped_<reason> in spans; requests and retries;
            body_bytes before and sent_bytes after compression, repeated sends included in the
            latter.
        """
        return {
            **self._counts,
            "queued": len(self._queue),
            "in_flight": self._in_flight,
            **{f"dropped_{reason.value}": count for reason, count in self._dropped.items()},
        }

    @property
    def _in_flight(self) -> int:
        return sum([pending.request.spans for pending in self._pending.values()])

    def _has_full_batch(self, less_spans: int = 0, less_bytes: int = 0) -> bool:
        return (
            len(self._queue) - less_spans >= self._settings.max_export_batch_size
            or self._queue.size_bytes - less_bytes >= self._room_bytes
        )

    def _may_open(self) -> bool:
        """Whether a new request may join those under way.

        What failed is tried again before anything new: an outage then costs a few requests, not
        all.
        """
        return len(self._pending) < MAX_IN_FLIGHT and all(
            pending.state is State.SENT for pending in self._pending.values()
        )

    def _batch_due_ns(self) -> int | None:
        """When a new request may be cut; None while nothing is queued or no request may open."""
        if self._batch_deadline_ns is None or not self._may_open():
            return None
        if self._queue.left < self._flush_mark or self._has_full_batch():
            return self._not_before_ns
        return max(self._batch_deadline_ns, self._not_before_ns)

    def _sent(self, request: ExportRequest) -> ExportRequest:
        self._counts["requests"] += 1
        self._counts["sent_bytes"] += len(request.body)
        return request

    def _expire(self, now_ns: int) -> None:
        """An adapter that never told the outcome has lost the request: it counts as unanswered."""
        for pending in list(self._pending.values()):
            if pending.state is State.SENT and now_ns >= pending.deadline_ns:
                self._retry(pending, Signal.NO_ANSWER, None, now_ns)

    def _retry(
        self, pending: PendingRequest, signal: Signal, wait_ns: int | None, now_ns: int
    ) -> None:
        fraction = int.from_bytes(self._entropy(4), "little") / 2**32
        # Not the wait alone: Retry-After: 0 would use up all attempts within a few round trips.
        deadline_ns = now_ns + max(wait_ns or 0, backoff_ns(pending.attempts, fraction))
        if signal is Signal.THROTTLED:
            self._not_before_ns = max(self._not_before_ns, deadline_ns)
        if pending.attempts >= MAX_ATTEMPTS:
            self._move(pending, Signal.GIVE_UP)
            self._drop(DropReason.RETRIES_EXHAUSTED, pending.request.spans)
            return
        self._move(pending, signal)
        pending.deadline_ns = deadline_ns

    def _move(self, pending: PendingRequest, signal: Signal) -> None:
        pending.move(signal)
        if pending.state is State.DONE:
            del self._pending[pending.request.id]

    def _drop(self, reason: DropReason, spans: int) -> bool:
        """Count a loss; False, so that `offer` can return it."""
        self._dropped[reason] += spans
        return False
