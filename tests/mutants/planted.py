# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bugs to plant, one at a time, in memory: each is a function that patches what it names.

A verification that finds none of these would find none of ours. Most are in the agent; those of the
page's side are in the simulation's models of it, whose promises are the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Final

from edgetrace import _batch, _export, _frame, _outbox, _protobuf, _request_state, _retry, _view_ids
from edgetrace._request_state import Signal, State
from edgetrace.errors import DropReason

Plant = Callable[[], None]


def _put(owner: Any, name: str, value: Any) -> None:
    """Replace what is there."""
    assert hasattr(owner, name), f"{owner} has no {name} to plant a bug in"
    setattr(owner, name, value)


def forget_in_flight_on_reset() -> None:
    """A request that is reset is thrown away, and nobody counts its spans."""
    fail = _export.Exporter.receive_failure

    def receive_failure(self: Any, request_id: int, cause: str, now_ns: int) -> Any:
        answer = fail(self, request_id, cause, now_ns)
        self._outbox._pending.pop(request_id, None)
        return answer

    _put(_export.Exporter, "receive_failure", receive_failure)


def count_partial_success_twice() -> None:
    """What a receiver refused is counted as dropped and as exported."""
    drop = _export.Exporter._drop

    def _drop(self: Any, reason: Any, spans: int) -> bool:
        if reason is DropReason.PARTIAL_SUCCESS:
            self._counts["exported"] += spans
        return drop(self, reason, spans)

    _put(_export.Exporter, "_drop", _drop)


def new_ids_on_replay() -> None:
    """A view that goes on in another runtime counts its rows from 1 again."""
    begin = _view_ids.ViewIds.__init__

    def __init__(self: Any, trace_id: bytes, root_id: bytes, count: int = 0) -> None:
        begin(self, trace_id, root_id, 0)

    _put(_view_ids.ViewIds, "__init__", __init__)


def retry_a_400() -> None:
    """A final answer is taken for one that passes."""
    more = frozenset({*_retry.RETRYABLE, 400})
    _put(_export, "RETRYABLE", more)


def drop_newest_root_first() -> None:
    """A full queue loses its newest span, root or not."""

    def _evict(self: Any) -> None:
        span = self._spans.pop()
        self.size_bytes -= len(span.data)

    _put(_batch.BatchQueue, "_evict", _evict)


def lose_half_of_a_split() -> None:
    """Of a request that was too large only one half is sent again, and counted as the whole."""
    split = _export.Exporter._split

    def _split(self: Any, pending: Any) -> None:
        spans = pending.request.spans
        pending.queued = pending.queued[: spans - 1]
        split(self, pending)

    _put(_export.Exporter, "_split", _split)


def other_bytes_on_retry() -> None:
    """A retry is compressed anew, by another level."""
    send = _request_state.PendingRequest.send

    def again(self: Any, now_ns: int) -> None:
        if self.attempts and "content-encoding" in self.request.headers:
            body = _frame.gzip(zlib.decompress(self.request.body, zlib.MAX_WBITS | 16), level=1)
            self.request = self.request._replace(body=body)
        send(self, now_ns)

    _put(_request_state.PendingRequest, "send", again)


def storm_at_recovery() -> None:
    """Tries cost nothing and are never put off."""

    def failed(self: Any, pending: Any, signal: Signal, wait_ns: int | None, now_ns: int) -> bool:
        pending.move(signal)
        pending.deadline_ns = now_ns + 50_000_000
        return True

    _put(_outbox.Outbox, "failed", failed)
    _put(_outbox.Outbox, "gate_ns", 0)


def adopt_without_counting() -> None:
    """What comes out of storage is in flight, and never was adopted."""
    adopt = _export.Exporter.adopt

    def uncounted(self: Any, body: Any, headers: Any, spans: int, important: bool = False) -> int:
        made = adopt(self, body, headers, spans, important)
        self._counts["adopted"] -= spans
        return made

    _put(_export.Exporter, "adopt", uncounted)


def give_up_in_silence() -> None:
    """Spans of a refused request are counted nowhere, and the request stays for ever."""
    answered = _outbox.Outbox.answered

    def forgetful(self: Any, pending: Any, signal: Signal) -> None:
        if signal is Signal.REFUSED:
            pending.state = State.WAITING
            return
        answered(self, pending, signal)

    _put(_outbox.Outbox, "answered", forgetful)


def pad_varints() -> None:
    """Varints of two bytes are written in three."""
    from edgetrace import _key_values, _otlp

    right = _protobuf.varint

    def padded(value: int) -> bytes:
        made = right(value)
        if len(made) != 2:
            return made
        return bytes([made[0], made[1] | 0x80, 0])

    for module in (_protobuf, _otlp, _key_values):
        if hasattr(module, "varint"):
            _put(module, "varint", padded)


def ack_before_hand_over() -> None:
    """A runtime says that it has encoded what it has only heard, and the page forgets it."""
    from tests.simulation import held

    def ack(self: Any) -> None:
        if self.core:
            view = self.page.view
            self._acked(self._heard, view.count, True)

    _put(held.DedicatedWorker, "ack", ack)


def forget_storage_at_claim() -> None:
    """A record is deleted when it is read, not when what it covers is settled."""
    from tests.simulation import storage

    read = storage.Storage.read

    def once(self: Any) -> Any:
        for key, record in list(read(self)):
            self.delete(key)
            yield key, record

    _put(storage.Storage, "read", once)


def let_go_of_a_split_body() -> None:
    """A page forgets a request that was too large before it has been handed the halves."""
    from tests.simulation import held

    settled = held.HeldPage._settled

    def forget(self: Any, key: str, body: Any, answer: Any) -> None:
        settled(self, key, body, answer._replace(status=200) if answer.status == 413 else answer)

    _put(held, "RETRYABLE", tuple(status for status in held.RETRYABLE if status != 413))
    _put(held.HeldPage, "_settled", forget)


def keep_nothing_at_hide() -> None:
    """A page that is left stores its bodies, and not the messages that no body covers."""
    from tests.simulation import world

    _put(world.World, "store_tail", lambda self, key, messages: None)


def tell_a_stand_in_nothing() -> None:
    """The worker that takes the place of a silent one is told only what comes from then on."""
    from tests.simulation import shared

    use = shared.SharedPage._use

    def anew(self: Any, worker: Any) -> None:
        self._kept.clear()
        use(self, worker)

    _put(shared.SharedPage, "_use", anew)


def trust_a_strangers_retry_after() -> None:
    """A Retry-After of any length is believed."""
    _put(_retry, "MAX_RETRY_AFTER_NS", 2**62)


def swallow_a_tracestate_limit() -> None:
    """A tracestate of any length is handed on."""
    from edgetrace import _propagation

    _put(_propagation, "_shorten", tuple)


def believe_any_duration() -> None:
    """A Server-Timing duration may be negative."""
    from edgetrace import _server_timing

    _put(_server_timing, "_duration", lambda text: -1.0 if text else 0.0)


SIMULATED: Final[tuple[Plant, ...]] = (
    forget_in_flight_on_reset,
    count_partial_success_twice,
    new_ids_on_replay,
    retry_a_400,
    drop_newest_root_first,
    lose_half_of_a_split,
    other_bytes_on_retry,
    storm_at_recovery,
    adopt_without_counting,
    give_up_in_silence,
    ack_before_hand_over,
    forget_storage_at_claim,
    let_go_of_a_split_body,
    keep_nothing_at_hide,
    tell_a_stand_in_nothing,
)
"""Found by the simulation."""
COMPARED: Final[tuple[Plant, ...]] = (pad_varints,)
"""Found where z3's transcriptions are held against the code."""
FUZZED: Final[dict[Plant, str]] = {
    trust_a_strangers_retry_after: "retry_after",
    swallow_a_tracestate_limit: "propagation",
    believe_any_duration: "server_timing",
}
"""Found by fuzzing this target."""
ALL: Final = (*SIMULATED, *COMPARED, *FUZZED)
