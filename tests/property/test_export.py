# SPDX-License-Identifier: MIT OR Apache-2.0
"""The exporter under any interleaving of spans, time, answers, failures, flushes and endings.

The law, after every step: ended + adopted = exported + sum(dropped) + queued + in_flight. The
machine keeps books of its own: which spans it offered, what became of each, when nothing may be
sent.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from edgetrace._breaker import MAX_IN_FLIGHT
from edgetrace._budget import NEW_PER_TRY, PERIOD_NS, RESERVE
from edgetrace._config import Settings
from edgetrace._export import Exporter, Mark
from edgetrace._otlp import PROTOBUF
from edgetrace._otlp_json import JSON
from edgetrace._outbox import MAX_ATTEMPTS, Undelivered
from edgetrace._request_state import GRACE_NS
from edgetrace._retry import MAX_RETRY_AFTER_NS
from edgetrace._types import ExportRequest, Resource, Scope, SpanContext
from edgetrace.errors import RejectedError, ThrottledError, TransportError
from tests.otlp_messages import decode, span_names, uncompressed
from tests.strategies import simple_span

S = 1_000_000_000
PARENT = SpanContext(b"t" * 16, b"p" * 8)
SCOPES = (Scope("a"), Scope("b" * 60, schema_url="https://s/\u00e9"))
RETRYABLE = (429, 502, 503, 504)
statuses = st.sampled_from([200, 204, 301, 400, 401, 413, 500, 501, *RETRYABLE]) | st.integers(
    0, 600
)
bodies = st.binary(max_size=20) | st.sampled_from([b"", b"{}", b"<html>", b"\x0a"])
NONSENSE: list[tuple[Any, Any, Any]] = [("x", {}, b""), (429, None, b""), (None, None, None)]
retry_afters = st.none() | st.sampled_from(["0", "1", "30", "99999", "soon", ""])


class ExporterMachine(RuleBasedStateMachine):
    """An exporter, an adapter that may misbehave, and the books."""

    requests = Bundle("requests")

    @initialize(
        protocol=st.sampled_from(["http/protobuf", "http/json"]),
        compression=st.sampled_from(["gzip", "none"]),
        max_queue_size=st.integers(1, 40),
        batch=st.integers(1, 40),
        max_request_bytes=st.sampled_from([1_024, 1_500, 4_096]),
        seed=st.integers(0, 2**32),
        start=st.sampled_from([0, -(10**12), 10**18]),
    )
    def begin(
        self,
        protocol: str,
        compression: str,
        max_queue_size: int,
        batch: int,
        max_request_bytes: int,
        seed: int,
        start: int,
    ) -> None:
        """Draw a configuration."""
        self.settings = Settings.from_options(
            protocol=protocol,
            compression=compression,
            max_queue_size=max_queue_size,
            max_export_batch_size=min(batch, max_queue_size),
            max_request_bytes=max_request_bytes,
            schedule_delay_ms=1_000,
            timeout_ms=2_000,
        )
        self.exporter = Exporter(self.settings, Resource({"k": "v"}), random.Random(seed).randbytes)
        self.scopes = [self.exporter.add_scope(scope) for scope in SCOPES]
        self.now = self.start = start
        self.number = self.adopted = 0
        self.waiting: list[str] = []  # names of queued spans, oldest first; capitals are important
        self.open: dict[int, Undelivered] = {}  # what is not settled, by id
        self.names: dict[int, list[str]] = {}  # of the spans in each
        self.sent_at: dict[int, int] = {}  # those that are under way
        self.sends: dict[int, int] = {}
        self.given_up = self.hurried = self.tries = 0
        self.is_open = False  # the circuit: nothing has been answered since the last failure
        self.not_before = start
        self.marks: list[tuple[Mark, set[str]]] = []
        self.asleep = False  # the adapter asked, got None, and sleeps until the deadline
        self.closed = False

    # Spans

    @rule(
        scope=st.integers(0, 1),
        size=st.sampled_from([0, 5, 200, 900, 5_000]),
        count=st.integers(1, 12),
        important=st.booleans(),
    )
    def offer(self, scope: int, size: int, count: int, important: bool) -> None:
        """Spans end; those that were taken wait in order, and what matters least makes room."""
        for _ in range(count):
            letter = "ab"[scope].upper() if important else "ab"[scope]
            name = f"{letter}{self.number}:" + "x" * size
            self.number += 1
            before = self.counters
            span = simple_span(name, parent=None if important else PARENT)
            wake = self.exporter.offer(self.scopes[scope], span)
            after = self.counters
            if after["queued"] > before["queued"]:
                self.waiting.append(name)
            elif after["dropped_queue_full"] > before["dropped_queue_full"]:
                self.waiting.append(name)
                unimportant = [name for name in self.waiting if name[0].islower()]
                self.waiting.remove((unimportant or self.waiting)[0])
                assert wake is False
            else:
                assert wake is False
            if wake:
                self.asleep = False

    @rule(scope=st.integers(0, 1), size=st.sampled_from([0, 900]), count=st.integers(0, 12))
    def offer_encoded(self, scope: int, size: int, count: int) -> None:
        """Many encoded spans end at once: as one by one, but faster."""
        names = [f"{'ab'[scope]}{self.number + at}:" + "x" * size for at in range(count)]
        self.number += count
        encode = (JSON if self.settings.protocol == "http/json" else PROTOBUF).span
        before = self.counters
        spans = [encode(simple_span(name, parent=PARENT)) for name in names]
        if self.exporter.offer_all(self.scopes[scope], spans):
            self.asleep = False
        after = self.counters
        assert after["ended"] == before["ended"] + count
        if after["dropped_too_large"] == before["dropped_too_large"] and not self.closed:
            self.waiting += names
            for _ in range(len(self.waiting) - self.settings.max_queue_size):
                unimportant = [name for name in self.waiting if name[0].islower()]
                self.waiting.remove((unimportant or self.waiting)[0])

    @rule()
    def offer_nonsense(self) -> None:
        """What is no span is counted."""
        before = self.counters
        assert not self.exporter.offer(self.scopes[0], simple_span(attributes={"a": object()}))
        reason = "dropped_shutdown" if self.closed else "dropped_unencodable"
        assert self.counters[reason] == before[reason] + 1

    # Storage

    @rule(target=requests, spans=st.integers(0, 9), important=st.booleans())
    def adopt(self, spans: int, important: bool) -> int:
        """A request comes out of storage."""
        body = b"stored %d" % self.adopted
        names = [f"stored {self.adopted} {at}" for at in range(spans)]
        self.adopted += spans
        request_id = self.exporter.adopt(body, {"content-type": "x", "a": "b"}, spans, important)
        self.asleep = False
        if not self.closed:
            kept = Undelivered(request_id, body, {"content-type": "x"}, spans, important)
            self.open[request_id], self.names[request_id] = kept, names
        return request_id

    @rule(target=requests)
    def keep_all(self) -> Any:
        """What is queued becomes requests that wait, the oldest first."""
        before = set(self.open)
        self.look(self.exporter.undelivered(queued=True))
        self.asleep = False
        assert not self.waiting or self.counters["in_flight"] >= self.settings.max_queue_size
        return multiple(*(set(self.open) - before))

    def look(self, undelivered: list[Undelivered] | None = None) -> set[int]:
        """Compare what is undelivered with the books; those that are gone are the answer."""
        if undelivered is None:
            undelivered = self.exporter.undelivered()
        found = {each.id: each for each in undelivered}
        for request_id, each in found.items():
            if request_id in self.open:
                assert each == self.open[request_id], "the bytes of a request never change"
            else:
                self.begun(each)
        gone = set(self.open) - set(found)
        for request_id in gone:
            del self.open[request_id]
        return gone

    def begun(self, each: Undelivered) -> None:
        """A new request, of the oldest spans in the queue."""
        names = span_names(decode(each))
        assert len(names) == each.spans <= self.settings.max_export_batch_size
        assert each.important is any(name[0].isupper() for name in names)
        assert len(uncompressed(each)) <= self.settings.max_request_bytes
        oldest = self.waiting[: len(names)]
        for scope in "ab":  # by scope, and in each the order in which they ended
            assert [name for name in names if name[0].lower() == scope] == [
                name for name in oldest if name[0].lower() == scope
            ]
        self.waiting = self.waiting[len(names) :]
        self.open[each.id], self.names[each.id] = each, names

    # The adapter

    @rule(target=requests)
    def ask(self) -> Any:
        """Ask until there is nothing more, as an adapter has to."""
        return multiple(*self.ask_all())

    def ask_all(self) -> list[int]:
        """Take all requests of now, whose ids are the answer."""
        lost = [
            request_id
            for request_id, sent_at in self.sent_at.items()
            if self.now >= sent_at + 2 * S + GRACE_NS
        ]
        given: list[int] = []
        while True:
            request = self.exporter.next_request(self.now)
            self.failed(*lost)  # silence is no answer, after the timeout and the grace
            lost = []
            if request is None:
                break
            self.check(request)
            given.append(request.id)
            assert len(given) <= MAX_IN_FLIGHT
        self.asleep = True
        return given

    def failed(self, *request_ids: int) -> None:
        """They wait for another try, or have been given up."""
        others_pass = not self.is_open
        for request_id in request_ids:
            del self.sent_at[request_id]
            self.is_open = True
        for request_id in self.look():
            assert others_pass
            assert request_id in request_ids
            assert self.sends[request_id] >= MAX_ATTEMPTS
            self.given_up += len(self.names[request_id])

    def check(self, request: ExportRequest) -> None:
        """One request, new or again."""
        assert self.now >= self.not_before, "Retry-After was not respected"
        assert request.id not in self.sent_at, "it is under way already"
        kept = self.open[request.id]
        assert (request.body, request.spans) == (kept.body, kept.spans)
        assert (request.timeout_ns, request.url) == (2 * S, "http://localhost:4318/v1/traces")
        assert not (self.is_open and self.sent_at), "one at a time while nothing is answered"
        self.sent_at[request.id] = self.now
        self.sends[request.id] = self.sends.get(request.id, 0) + 1
        self.tries += self.is_open

    def answered(self, request_id: int) -> list[str]:
        """It is settled; its spans are the answer."""
        assert self.look() == {request_id}
        del self.sent_at[request_id]
        self.is_open = False
        self.asleep = False
        return self.names[request_id]

    @rule(request_id=requests, status=statuses, body=bodies, retry_after=retry_afters)
    def respond(self, request_id: int, status: int, body: bytes, retry_after: str | None) -> None:
        """Any answer at any time, late and repeated ones included."""
        headers = {} if retry_after is None else {"retry-after": retry_after}
        before = self.counters
        under_way = request_id in self.sent_at
        can_split = self.names.get(request_id, [])[1:] and request_id not in self.adopted_ids()
        error = self.exporter.receive_response(request_id, status, headers, body, self.now)
        after = self.counters
        if not under_way:
            assert (error, after) == (None, before)
            return
        if status in RETRYABLE:
            assert isinstance(error, ThrottledError)
            if retry_after is not None and retry_after.isdigit():
                wait = min(int(retry_after) * S, MAX_RETRY_AFTER_NS)
                self.not_before = max(self.not_before, self.now + wait)
            self.failed(request_id)
            self.asleep = False
        elif status == 413 and can_split:
            assert error is None
            queue, self.waiting = self.waiting, self.names[request_id]  # whence halves are cut
            self.answered(request_id)
            assert self.waiting == []
            self.waiting = queue
        else:
            spans = len(self.answered(request_id))
            if 200 <= status < 300:
                reasons = {"exported", "dropped_partial_success"}
            else:
                assert isinstance(error, RejectedError)
                reasons = {"dropped_too_large" if status == 413 else "dropped_rejected"}
            assert sum(after[name] - before[name] for name in reasons) == spans

    @precondition(lambda self: self.sent_at)
    @rule(which=st.integers(0, 3))
    def too_large(self, which: int) -> None:
        """413 for one that is under way."""
        under_way = list(self.sent_at)
        self.respond(under_way[which % len(under_way)], 413, b"", None)

    def adopted_ids(self) -> set[int]:
        """Those that came out of storage."""
        return {each.id for each in self.open.values() if each.headers["content-type"] == "x"}

    @rule(request_id=consumes(requests), rejected=st.integers(-3, 50))
    def refuse_some(self, request_id: int, rejected: int) -> None:
        """A partial success, whatever number the receiver gives."""
        partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message="m")
        body: bytes = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
        if self.settings.protocol == "http/json":
            body = b'{"partialSuccess":{"rejectedSpans":"%d","errorMessage":"\\ud800"}}' % rejected
        before = self.counters
        error = self.exporter.receive_response(request_id, 200, {}, body, self.now)
        lost = self.counters["dropped_partial_success"] - before["dropped_partial_success"]
        assert (error is None) is (lost == 0)
        if request_id in self.sent_at:
            assert lost == min(max(rejected, 0), len(self.answered(request_id)))
        else:
            assert self.counters == before

    @rule(request_id=requests)
    def fail(self, request_id: int) -> None:
        """No answer."""
        under_way = request_id in self.sent_at
        before = self.counters
        error = self.exporter.receive_failure(request_id, "down", self.now)
        if under_way:
            assert isinstance(error, TransportError)
            assert error.attempts == self.sends[request_id]
            self.failed(request_id)
            self.asleep = False
        else:
            assert (error, self.counters) == (None, before)

    @rule(request_id=requests, wrong=st.sampled_from(NONSENSE))
    def respond_nonsense(self, request_id: int, wrong: tuple[Any, Any, Any]) -> None:
        """An answer that is none raises before anything has changed."""
        before = self.counters
        if request_id in self.sent_at:
            with pytest.raises((TypeError, AttributeError)):
                self.exporter.receive_response(request_id, *wrong, self.now)
        else:
            self.exporter.receive_response(request_id, *wrong, self.now)
        assert self.counters == before

    # Time

    @rule(step=st.integers(0, 2 * S) | st.sampled_from([1, S, 10 * S, 3_600 * S]))
    def pass_time(self, step: int) -> None:
        """Any time passes, whether anybody looks or not."""
        self.now += step
        self.asleep = False

    @rule(target=requests)
    def wake_at_the_deadline(self) -> Any:
        """Sleep as told and ask again: an adapter that obeys makes progress."""
        given = self.ask_all()
        deadline = self.exporter.next_deadline_ns()
        if deadline is not None:
            self.now = deadline
            given += self.ask_all()
            # Something moved: a send, or a request given up or taken for lost.
            assert self.exporter.next_deadline_ns() != deadline
        return multiple(*given)

    @rule(target=requests, rounds=st.integers(1, 12), silent=st.booleans())
    def outage(self, rounds: int, silent: bool) -> Any:
        """Nothing is answered for a while."""
        given = []
        for _ in range(rounds):
            for request_id in list(self.sent_at):
                if not silent:
                    self.fail(request_id)
            given += self.ask_all()
            self.now = self.exporter.next_deadline_ns() or self.now
            given += self.ask_all()
        return multiple(*given)

    # Flush and end

    @rule()
    def flush(self) -> None:
        """Mark what is there; one that waits is tried once more at once."""
        names = {name for request_id in self.open for name in self.names[request_id]}
        self.marks.append((self.exporter.force_flush(), names | set(self.waiting)))
        self.hurried += 1
        self.asleep = False

    @precondition(lambda self: self.number > 20)
    @rule()
    def shutdown(self) -> None:
        """Take no more; twice is once."""
        self.exporter.shutdown()
        self.hurried += 1
        self.closed = True
        self.asleep = False

    @precondition(lambda self: self.number > 20)
    @rule()
    def abandon(self) -> None:
        """Nothing is left."""
        before = self.counters
        self.exporter.abandon()
        after = self.counters
        assert after["queued"] == after["in_flight"] == 0
        lost = after["dropped_shutdown"] - before["dropped_shutdown"]
        assert lost == before["queued"] + before["in_flight"]
        self.waiting, self.open, self.sent_at, self.is_open = [], {}, {}, False
        assert self.exporter.next_request(self.now) is None
        assert self.exporter.next_deadline_ns() is None

    # What always holds

    @property
    def counters(self) -> dict[str, int]:
        """Now."""
        return self.exporter.counters()

    @invariant()
    def spans_are_conserved(self) -> None:
        """Every ended span is somewhere, and the counters are the machine's own books."""
        if not hasattr(self, "exporter"):
            return
        counters = self.counters
        dropped = sum(count for name, count in counters.items() if name.startswith("dropped_"))
        assert counters["ended"] + counters["adopted"] == (
            counters["exported"] + dropped + counters["queued"] + counters["in_flight"]
        )
        assert min(counters.values()) >= 0
        assert counters["adopted"] == self.adopted
        assert counters["queued"] == len(self.waiting) <= self.settings.max_queue_size
        assert counters["dropped_retries_exhausted"] == self.given_up
        assert counters["in_flight"] == sum(each.spans for each in self.open.values())
        assert self.look() == set()
        assert len(self.sent_at) <= MAX_IN_FLIGHT
        assert counters["requests"] == sum(self.sends.values())

    @invariant()
    def tries_are_within_the_budget(self) -> None:
        """A reserve, a tenth of the new requests, six a minute; flushes have their own."""
        if not hasattr(self, "exporter"):
            return
        counters = self.counters
        assert counters["retries"] == counters["requests"] - len(self.sends)
        earned = len(self.sends) / NEW_PER_TRY + (self.now - self.start) / PERIOD_NS
        assert self.tries <= RESERVE + earned + self.hurried + 1e-6

    @invariant()
    def flushes_settle_with_their_spans(self) -> None:
        """A mark is settled exactly when no request and no queue holds a span of it any more."""
        if not hasattr(self, "exporter"):
            return
        left = {name for request_id in self.open for name in self.names[request_id]}
        left |= set(self.waiting)
        for mark, names in self.marks[-3:]:
            if names & left:
                assert not self.exporter.is_settled(mark)
            elif all(self.names[request_id] for request_id in self.open):
                assert self.exporter.is_settled(mark)

    @invariant()
    def an_idle_adapter_sleeps(self) -> None:
        """After None the deadline lies ahead, or there is nothing to wait for."""
        if not hasattr(self, "exporter") or not self.asleep:
            return
        deadline = self.exporter.next_deadline_ns()
        if deadline is None:
            assert self.counters["queued"] == self.counters["in_flight"] == 0
        else:
            assert deadline > self.now

    def teardown(self) -> None:
        """An adapter that obeys, and an endpoint that answers, deliver everything that is left."""
        if not hasattr(self, "exporter"):
            return
        for _ in range(400):
            for request_id in self.ask_all():
                self.respond(request_id, 200, b"", None)
            if self.ask_all():
                continue
            deadline = self.exporter.next_deadline_ns()
            if deadline is None:
                break
            assert deadline > self.now
            self.now = deadline
        counters = self.counters
        assert counters["queued"] == counters["in_flight"] == 0


TestExporter = ExporterMachine.TestCase
TestExporter.settings = settings(stateful_step_count=40)


@given(st.lists(st.tuples(st.integers(0, 3 * S), statuses), max_size=60), st.integers(1, 300))
def test_an_adapter_that_only_obeys_settles_everything(
    answers: list[tuple[int, int]], count: int
) -> None:
    """Whatever the endpoint does, all spans end as exported or dropped, in finitely many steps."""
    rng = random.Random(count)
    exporter = Exporter(Settings.from_options(max_export_batch_size=7), Resource(), rng.randbytes)
    scope = exporter.add_scope(Scope())
    for number in range(count):
        exporter.offer(scope, simple_span(str(number)))
    exporter.shutdown()
    now, steps = 0, 0
    script = iter(answers)
    while True:
        steps += 1
        assert steps < 2_000
        while (request := exporter.next_request(now)) is not None:
            delay, status = next(script, (0, 200))
            now += delay
            exporter.receive_response(request.id, status, {}, b"", now)
        deadline = exporter.next_deadline_ns()
        if deadline is None:
            break
        now = max(now, deadline)
    counters = exporter.counters()
    dropped = sum(value for name, value in counters.items() if name.startswith("dropped_"))
    assert counters["exported"] + dropped == count


@pytest.mark.parametrize("count", [0, 1, 250, 1_000, 2_048])
def test_pages_of_any_size_go_out_whole(count: int) -> None:
    """Each span once, in order, in bodies that browsers allow while a page is going away."""
    exporter = Exporter(Settings(), Resource(), bytes)
    scope = exporter.add_scope(Scope("page"))
    for number in range(count):
        exporter.offer(scope, simple_span(f"{number} https://shop.example/asset-{number}.js"))
    exporter.force_flush()
    found: list[str] = []
    while (request := exporter.next_request(0)) is not None:
        assert len(request.body) <= 61_440
        found += span_names(decode(request))
        exporter.receive_response(request.id, 200, {}, b"", 0)
    assert [int(name.split()[0]) for name in found] == list(range(count))
