# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_export`: one behaviour a test; tests/property has them in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgetrace._breaker import MAX_IN_FLIGHT
from edgetrace._budget import PERIOD_NS, RESERVE
from edgetrace._config import Settings
from edgetrace._export import Exporter
from edgetrace._outbox import MAX_ATTEMPTS
from edgetrace._request_state import GRACE_NS
from edgetrace._types import ExportRequest, Resource, Scope
from edgetrace.errors import ExportError, RejectedError, ThrottledError, TransportError
from tests.otlp_messages import decode, span_names, uncompressed
from tests.strategies import simple_span

S = 1_000_000_000
MS = 1_000_000
DELAY = 5_000 * MS


class Bench:
    """An exporter at a time, with one scope."""

    def __init__(self, fraction: float = 0.5, **options: Any) -> None:
        """Take options and the jitter's fraction."""
        self.settings = Settings.from_options(**options)
        draw = int(fraction * 2**32).to_bytes(4, "little")
        self.exporter = Exporter(self.settings, Resource({"service.name": "x"}), lambda n: draw[:n])
        self.scope = self.exporter.add_scope(Scope("test"))
        self.now = 0

    def offer(self, *names: str) -> list[bool]:
        """Offer small spans."""
        return [self.exporter.offer(self.scope, simple_span(name)) for name in names]

    def next(self) -> ExportRequest | None:
        """Ask for a request now."""
        return self.exporter.next_request(self.now)

    def request(self) -> ExportRequest:
        """Ask for one that has to be there."""
        request = self.next()
        assert request is not None
        return request

    def respond(
        self, request: ExportRequest, status: int = 200, body: bytes = b"", /, **headers: str
    ) -> ExportError | None:
        """Answer now."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.exporter.receive_response(request.id, status, named, body, self.now)

    def fail(self, request: ExportRequest) -> ExportError | None:
        """No answer, now."""
        return self.exporter.receive_failure(request.id, "ECONNREFUSED", self.now)

    def count(self, *names: str) -> tuple[int, ...]:
        """Counters by name."""
        counters = self.exporter.counters()
        return tuple(counters[name] for name in names)


def flushed(*names: str, **options: Any) -> tuple[Bench, ExportRequest]:
    """A bench with one request on its way."""
    bench = Bench(**options)
    bench.offer(*(names or ("a", "b")))
    bench.exporter.force_flush()
    return bench, bench.request()


def test_a_new_exporter_is_idle() -> None:
    """Nothing to send, no deadline, and every counter is there at zero."""
    bench = Bench()
    assert bench.next() is None
    assert bench.exporter.next_deadline_ns() is None
    assert set(bench.exporter.counters().values()) == {0}


def test_a_batch_waits_for_the_schedule_delay() -> None:
    """The delay runs from the first look at the queue; then one request holds all."""
    bench = Bench()
    assert bench.offer("a", "b") == [True, True]  # nobody has looked yet
    assert bench.next() is None
    assert bench.exporter.next_deadline_ns() == DELAY
    assert bench.offer("c") == [False]  # an adapter that sleeps until then need not be woken
    bench.now = DELAY - 1
    assert bench.next() is None
    bench.now = DELAY
    request = bench.request()
    assert span_names(decode(request)) == ["a", "b", "c"]
    assert (request.spans, request.timeout_ns) == (3, 10 * S)
    assert request.url == "http://localhost:4318/v1/traces"
    assert bench.next() is None


def test_a_full_batch_does_not_wait() -> None:
    """The span that fills a batch says so, and the request is due at once."""
    bench = Bench(max_export_batch_size=2)
    bench.offer("a")
    assert bench.next() is None
    assert bench.offer("b", "c") == [True, False]
    assert bench.request().spans == 2
    assert bench.next() is None
    assert bench.exporter.next_deadline_ns() == DELAY


def test_bytes_fill_a_batch_too() -> None:
    """The queue's bytes make a batch due, and no body exceeds the limit."""
    bench = Bench(max_request_bytes=2_048, compression="none")
    bench.offer("a")
    assert bench.next() is None
    offered = bench.offer(*("x" * 200 for _ in range(20)))
    assert offered.count(True) == 1
    requests = [request for _ in range(3) if (request := bench.next())]
    assert all(1_500 < len(request.body) <= 2_048 for request in requests)


def test_headers_are_the_options_over_the_encoding_s() -> None:
    """Content type and encoding first, then what was configured."""
    _, request = flushed(*("x" * 100 for _ in range(9)), headers="api-key=k")
    assert request.headers == {
        "content-type": "application/x-protobuf",
        "content-encoding": "gzip",
        "api-key": "k",
    }


def test_bytes_are_counted_before_and_after_compression() -> None:
    """body_bytes once per request, sent_bytes once per send."""
    bench, request = flushed(*("x" * 100 for _ in range(9)))
    size = len(uncompressed(request))
    assert bench.count("body_bytes", "sent_bytes") == (size, len(request.body))
    bench.fail(request)
    bench.now = 99 * S
    assert bench.request() == request
    assert bench.count("body_bytes", "sent_bytes") == (size, 2 * len(request.body))
    assert bench.count("requests", "retries") == (2, 1)


@pytest.mark.parametrize(
    ("options", "span", "counter"),
    [
        ({"max_queue_size": 1}, simple_span(), "dropped_queue_full"),
        ({}, simple_span("x" * 70_000), "dropped_too_large"),
        ({}, simple_span(attributes={"a": object()}), "dropped_unencodable"),
        ({}, simple_span(context=None), "dropped_unencodable"),
        ({}, None, "dropped_unencodable"),
    ],
)
def test_what_cannot_be_queued_is_counted(options: dict[str, Any], span: Any, counter: str) -> None:
    """A refused span asks for nothing and is one drop."""
    bench = Bench(**options)
    bench.offer("a")
    assert bench.exporter.offer(bench.scope, span) is False
    assert bench.count("ended", "queued", counter) == (2, 1, 1)


def test_a_span_of_no_scope_is_unencodable() -> None:
    """An index that add_scope never gave cannot be framed."""
    bench = Bench()
    bench.exporter.offer(99, simple_span())
    assert bench.count("dropped_unencodable", "queued") == (1, 0)


def test_many_scopes_do_not_eat_the_room() -> None:
    """A request pays for the scopes whose spans it holds, not for all there ever were."""
    bench = Bench(max_request_bytes=1_024, compression="none", max_queue_size=5_000)
    for number in range(500):
        scope = bench.exporter.add_scope(Scope(f"scope {number}"))
        bench.exporter.offer(scope, simple_span(f"{number}"))
    bench.exporter.force_flush()
    names: list[str] = []
    while (request := bench.next()) is not None:
        assert len(request.body) <= 1_024
        names += span_names(decode(request))
        bench.respond(request)
    assert names == [str(number) for number in range(500)]


def test_four_requests_are_open_at_most() -> None:
    """The fifth waits for an answer."""
    bench = Bench(max_export_batch_size=1)
    bench.offer(*"abcdef")
    bench.exporter.force_flush()
    requests = [bench.request() for _ in range(MAX_IN_FLIGHT)]
    assert bench.next() is None
    bench.respond(requests[2])
    assert span_names(decode(bench.request())) == ["e"]
    assert bench.next() is None


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_success(status: int) -> None:
    """Spans are exported, and there is nothing to tell."""
    bench, request = flushed()
    assert bench.respond(request, status, b"whatever") is None
    assert bench.count("exported", "in_flight") == (2, 0)
    assert bench.next() is None
    assert bench.exporter.next_deadline_ns() is None


@pytest.mark.parametrize(
    ("protocol", "body", "exported", "message"),
    [
        ("http/protobuf", b"\x0a\x04\x08\x01\x12\x00", 1, ""),
        ("http/protobuf", b"\x0a\x05\x08\x63\x12\x01\xff", 0, "\ufffd"),  # 99 of 2
        (
            "http/json",
            b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"\\ud800"}}',
            1,
            "\ufffd",
        ),
    ],
    ids=["protobuf", "more than were sent", "lone surrogate"],
)
def test_partial_success(protocol: str, body: bytes, exported: int, message: str) -> None:
    """What the receiver refused is counted and told, at most what it was sent."""
    bench, request = flushed(protocol=protocol)
    error = bench.respond(request, 200, body)
    assert isinstance(error, RejectedError)
    assert (error.status, error.body.decode(), error.spans) == (200, message, 2 - exported)
    assert bench.count("exported", "dropped_partial_success") == (exported, 2 - exported)


@pytest.mark.parametrize(
    "status", [100, 199, 300, 301, 304, 308, 400, 401, 404, 408, 500, 501, 0, -1]
)
def test_refusal_is_final(status: int) -> None:
    """Any other status drops the spans; redirects are not followed."""
    bench, request = flushed()
    error = bench.respond(request, status, b"no")
    assert isinstance(error, RejectedError)
    assert (error.status, error.body, error.spans, error.attempts) == (status, b"no", 2, 1)
    assert bench.count("dropped_rejected", "in_flight") == (2, 0)
    assert bench.next() is None


def test_no_answer_is_tried_again_after_the_backoff() -> None:
    """The same request, after fraction * 5, 10, 20 s; the error tells the attempt."""
    bench, request = flushed(fraction=0.5)
    waits = []
    for attempt in (1, 2, 3):
        error = bench.fail(request)
        assert isinstance(error, TransportError)
        assert (error.cause, error.spans, error.attempts) == ("ECONNREFUSED", 2, attempt)
        deadline = bench.exporter.next_deadline_ns()
        assert deadline is not None
        waits.append((deadline - bench.now) / S)
        bench.now = deadline - 1
        assert bench.next() is None
        bench.now = deadline
        assert bench.request() is request
    assert waits == [2.5, 5.0, 10.0]


@pytest.mark.parametrize(
    ("headers", "fraction", "wait"),
    [
        ({}, 0.5, 2.5),
        ({"retry_after": "7"}, 0.5, 7),
        ({"retry_after": "0"}, 0.5, 2.5),  # or all attempts would be used up at once
        ({"retry_after": "99999"}, 0.0, 3600),
        ({"retry_after": "soon"}, 0.25, 1.25),
    ],
)
def test_throttling_holds_everything_back(
    headers: dict[str, str], fraction: float, wait: float
) -> None:
    """Nothing goes out before Retry-After, nor before the backoff, not even by a flush."""
    bench, request = flushed(fraction=fraction, max_export_batch_size=2)
    error = bench.respond(request, 429, **headers)
    assert isinstance(error, ThrottledError)
    bench.offer("c", "d", "e")
    bench.exporter.force_flush()
    until = int(wait * S)
    assert bench.next() is None
    assert bench.exporter.next_deadline_ns() == until
    bench.now = until - 1
    assert bench.next() is None
    bench.now = until
    assert bench.request() is request
    assert bench.next() is None  # one at a time until it answers
    bench.respond(request)
    assert span_names(decode(bench.request())) == ["c", "d"]  # and the flush goes on by itself


def test_requests_without_an_answer_go_one_by_one() -> None:
    """What was tried least goes first, and once one is answered the others follow at once."""
    bench, first = flushed("a", "b", fraction=0.5, max_export_batch_size=1)
    second = bench.request()
    bench.fail(first)
    assert bench.exporter.next_deadline_ns() == 10 * S + GRACE_NS  # the second's place
    bench.now = S
    bench.fail(second)
    assert bench.exporter.next_deadline_ns() == 5 * S // 2
    bench.now = 5 * S // 2
    assert bench.request() is first
    bench.fail(first)
    bench.now += 5 * S  # a second failure in a row
    assert bench.exporter.next_deadline_ns() == bench.now
    assert bench.request() is second
    bench.respond(second)
    assert bench.request() is first  # at once, and free: the receiver is there


def test_what_failed_goes_before_what_is_new() -> None:
    """While a request waits to be sent again no new one is opened; an outage costs few requests."""
    bench, request = flushed(fraction=0.5, max_export_batch_size=2)
    bench.fail(request)
    bench.offer("c", "d")
    assert bench.next() is None
    bench.now = 5 * S // 2
    assert bench.request() is request
    assert bench.next() is None
    bench.respond(request)
    assert span_names(decode(bench.request())) == ["c", "d"]


def test_a_flush_tries_once_more_at_once() -> None:
    """Whoever leaves has no time for a backoff; the try is not free, and there is one a flush."""
    bench, request = flushed(fraction=0.5)
    for _ in range(9):
        bench.fail(request)
        assert bench.next() is None
        bench.exporter.force_flush()
        assert bench.request() is request
    bench.fail(request)
    assert bench.next() is None
    assert bench.exporter.next_deadline_ns() == RESERVE * PERIOD_NS  # no more is owed


@pytest.mark.parametrize("answer", ["fail", "throttle", "silence"])
def test_an_outage_gives_nothing_up(answer: str) -> None:
    """However often it is tried, a request that nobody overtakes goes on waiting."""
    bench, request = flushed(fraction=0.0)
    for attempt in range(1, 3 * MAX_ATTEMPTS):
        assert bench.count("requests", "in_flight") == (attempt, 2)
        if answer == "fail":
            assert bench.fail(request) is not None
        elif answer == "throttle":
            assert bench.respond(request, 503) is not None
        again = bench.next()
        while again is None:
            deadline = bench.exporter.next_deadline_ns()
            assert deadline is not None
            bench.now = deadline
            again = bench.next()
        assert again is request


def test_a_request_that_others_overtake_is_given_up() -> None:
    """After five failures others are tried before it, and once they get through it has one more."""
    bench, poison = flushed(fraction=0.0)
    bench.offer("c")
    for _ in range(MAX_ATTEMPTS):
        assert bench.next() is (poison if bench.now else None)
        bench.fail(poison)
        bench.now += 31 * S
    other = bench.request()
    assert span_names(decode(other)) == ["c"]
    bench.respond(other)
    assert bench.request() is poison
    bench.fail(poison)
    assert bench.count("dropped_retries_exhausted", "exported", "in_flight") == (2, 1, 0)
    bench.offer("d")
    bench.exporter.force_flush()
    assert bench.request().spans == 1


def test_silence_is_no_answer() -> None:
    """A request whose outcome is never told is tried again after its timeout and a grace."""
    bench, request = flushed(fraction=0.5)
    deadline = 10 * S + GRACE_NS
    assert bench.exporter.next_deadline_ns() == deadline
    bench.now = deadline
    assert bench.next() is None
    assert bench.exporter.next_deadline_ns() == deadline + 5 * S // 2
    bench.now += 5 * S // 2
    assert bench.request() is request


def _late(bench: Bench, request: ExportRequest) -> list[Any]:
    return [bench.respond(request), bench.respond(request, 500), bench.fail(request)]


@pytest.mark.parametrize(
    "settle",
    [
        lambda bench, request: bench.respond(request),
        lambda bench, request: bench.respond(request, 400),
        lambda bench, request: bench.fail(request),
        lambda bench, request: bench.exporter.abandon(),
    ],
)
def test_outcomes_told_late_or_twice_change_nothing(settle: Callable[..., Any]) -> None:
    """Only a request that is on its way has an outcome; unknown ids are ignored."""
    bench, request = flushed()
    settle(bench, request)
    before = bench.exporter.counters()
    assert _late(bench, request) == [None, None, None]
    assert _late(bench, request._replace(id=99)) == [None, None, None]
    assert bench.exporter.counters() == before


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        ("200", {}, b""),
        (None, {}, b""),
        (200, {}, 5),
        (429, None, b""),
        (503, {"retry-after": 5}, b""),
    ],
    ids=range(5),
)
def test_an_answer_that_is_none_changes_nothing(status: Any, headers: Any, body: Any) -> None:
    """It raises before the request has left the books, so that an adapter can report a failure."""
    bench, request = flushed()
    before = bench.exporter.counters()
    with pytest.raises((TypeError, AttributeError)):
        bench.exporter.receive_response(request.id, status, headers, body, 0)
    assert bench.exporter.counters() == before
    assert bench.fail(request) is not None


def test_a_flush_covers_what_was_there() -> None:
    """It is settled when its spans are, whatever ended after it."""
    bench = Bench(max_export_batch_size=2)
    assert bench.exporter.is_settled(bench.exporter.force_flush())
    bench.offer("a", "b", "c")
    mark = bench.exporter.force_flush()
    first, second = bench.request(), bench.request()
    bench.offer("d")
    assert bench.next() is None  # flushing ended with the spans that were there
    bench.respond(first)
    assert not bench.exporter.is_settled(mark)
    bench.respond(second, 400)
    assert bench.exporter.is_settled(mark)
    assert not bench.exporter.is_settled(bench.exporter.force_flush())


def test_a_request_across_the_mark_belongs_to_the_flush() -> None:
    """Spans that came later may ride along, and then the flush waits for the whole request."""
    bench = Bench()
    bench.offer("a")
    mark = bench.exporter.force_flush()
    bench.offer("b")
    request = bench.request()
    assert request.spans == 2
    assert not bench.exporter.is_settled(mark)
    bench.respond(request)
    assert bench.exporter.is_settled(mark)


def test_shutdown_flushes_and_takes_no_more() -> None:
    """What was queued goes out, what ends later is dropped as SHUTDOWN."""
    bench = Bench()
    bench.offer("a")
    bench.exporter.shutdown()
    assert bench.offer("b") == [False]
    assert span_names(decode(bench.request())) == ["a"]
    bench.exporter.shutdown()
    assert bench.count("ended", "dropped_shutdown", "in_flight") == (2, 1, 1)


def test_abandoning_leaves_nothing() -> None:
    """Queued, sent and waiting spans are dropped as SHUTDOWN, and a flush is settled."""
    bench, request = flushed("a", max_export_batch_size=1)
    bench.fail(request)
    bench.offer("b", "c")
    mark = bench.exporter.force_flush()
    bench.exporter.abandon()
    assert bench.count("dropped_shutdown", "queued", "in_flight") == (3, 0, 0)
    assert bench.exporter.is_settled(mark)
    assert bench.next() is None
    assert bench.exporter.next_deadline_ns() is None


def test_time_may_start_below_zero() -> None:
    """Monotonic time has an arbitrary start."""
    bench = Bench()
    bench.now = -100 * S
    bench.offer("a")
    assert bench.next() is None
    bench.now += DELAY
    assert bench.next() is not None


def test_413_halves_a_request() -> None:
    """Each half is a request of its own, and none as large is made again."""
    bench, request = flushed(*"abcde", compression="none")
    assert bench.respond(request, 413) is None
    first, second = bench.request(), bench.request()
    assert [span_names(decode(each)) for each in (first, second)] == [["a", "b"], ["c", "d", "e"]]
    assert bench.count("in_flight", "requests", "retries") == (5, 3, 0)
    bench.respond(first)
    bench.respond(second, 413)
    parts = [bench.request(), bench.request()]
    assert [span_names(decode(each)) for each in parts] == [["c"], ["d", "e"]]
    bench.offer(*"fgh")
    bench.exporter.force_flush()
    assert bench.request().spans == 1
    assert bench.count("exported", "in_flight", "queued") == (2, 4, 2)


def test_413_for_one_span_drops_it() -> None:
    """There is nothing to split."""
    bench, request = flushed("a")
    error = bench.respond(request, 413, b"too large")
    assert isinstance(error, RejectedError)
    assert (error.status, error.spans) == (413, 1)
    assert bench.count("dropped_too_large", "in_flight") == (1, 0)


def test_a_flush_waits_for_halves() -> None:
    """They belong to the flush that their whole belonged to."""
    bench = Bench()
    bench.offer("a", "b")
    mark = bench.exporter.force_flush()
    bench.respond(bench.request(), 413)
    halves = [bench.request(), bench.request()]
    bench.respond(halves[0])
    assert not bench.exporter.is_settled(mark)
    bench.respond(halves[1])
    assert bench.exporter.is_settled(mark)


def test_what_is_undelivered_can_be_adopted() -> None:
    """By another exporter, with other credentials: the same bytes go out, and are counted."""
    before, request = flushed("a", "b", headers="api-key=old")
    before.fail(request)
    before.offer("c")
    (kept,) = before.exporter.undelivered()
    assert (kept.id, kept.body, kept.spans, kept.important) == (1, request.body, 2, True)
    assert kept.headers == {"content-type": "application/x-protobuf"}
    bench = Bench(headers="api-key=new")
    mark = bench.exporter.force_flush()
    hostile = {**kept.headers, "cookie": "x"}
    assert bench.exporter.adopt(kept.body, hostile, kept.spans, kept.important) == 1
    assert bench.exporter.is_settled(mark)
    mark = bench.exporter.force_flush()
    assert not bench.exporter.is_settled(mark)
    assert bench.count("adopted", "in_flight", "ended") == (2, 2, 0)
    again = bench.request()
    assert again.body == request.body
    assert again.headers == {"content-type": "application/x-protobuf", "api-key": "new"}
    assert [each.id for each in bench.exporter.undelivered()] == [1]
    bench.respond(again)
    assert bench.exporter.is_settled(mark)
    assert bench.exporter.undelivered() == []
    assert bench.count("exported", "retries") == (2, 0)


def test_what_is_queued_can_be_undelivered_too() -> None:
    """Requests are made of it, which wait, as long as there are not too many."""
    bench = Bench(max_queue_size=2)
    bench.offer("a", "b")
    assert bench.exporter.undelivered() == []
    (kept,) = bench.exporter.undelivered(queued=True)
    assert (kept.spans, kept.important) == (2, True)
    assert bench.request().body == kept.body
    bench.offer("c")
    assert len(bench.exporter.undelivered(queued=True)) == 1
    assert bench.count("queued", "in_flight") == (1, 2)


def test_adopted_by_one_that_is_shut_down() -> None:
    """Counted in and out."""
    bench = Bench()
    bench.exporter.shutdown()
    bench.exporter.adopt(b"x", {}, 3)
    assert bench.count("adopted", "dropped_shutdown", "in_flight") == (3, 3, 0)


def test_an_adopted_request_that_is_too_large_is_dropped() -> None:
    """Its spans are not known one by one."""
    bench = Bench()
    bench.exporter.adopt(b"x", {}, 3)
    assert isinstance(bench.respond(bench.request(), 413), RejectedError)
    assert bench.count("dropped_too_large") == (3,)


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"<!DOCTYPE html><title>Sign in to the hotel's network</title>",
        b"\n<html>" + b" " * 100_000,
        b'{"partialSuccess":{}}',
        b"{" * 100_000,
        b"\xff\xfe\x00",
    ],
    ids=["nothing", "text", "html", "much html", "json", "deep", "binary"],
)
@pytest.mark.parametrize("content_type", ["text/html", "application/json", ""])
def test_a_success_is_what_its_status_says(protocol: str, body: bytes, content_type: str) -> None:
    """Whatever a proxy or a portal sends along with it; nothing of that is taken for a refusal."""
    bench, request = flushed(protocol=protocol)
    assert bench.respond(request, 200, body, content_type=content_type) is None
    assert bench.count("exported", "in_flight") == (2, 0)


def test_retry_after_may_be_a_date() -> None:
    """Measured against the answer's own Date; without one it is the backoff."""
    bench, request = flushed(fraction=0.0)
    until = "Fri, 21 Nov 2026 07:28:30 GMT"
    bench.respond(request, 503, date="Fri, 21 Nov 2026 07:28:00 GMT", retry_after=until)
    assert bench.next() is None
    assert bench.exporter.next_deadline_ns() == 30 * S
    bench.now = 30 * S
    assert bench.request() is request
    bench.respond(request, 503, retry_after=until)
    bench.now = bench.exporter.next_deadline_ns() or 0
    assert bench.now < 31 * S


def test_an_outage_costs_adopted_requests_too() -> None:
    """However many came out of storage: one at a time, and the budget pays for each try."""
    bench = Bench(fraction=0.0)
    for number in range(50):
        bench.exporter.adopt(b"%d" % number, {}, 1)
    under_way = [bench.request() for _ in range(MAX_IN_FLIGHT)]
    assert bench.next() is None
    for request in under_way:
        bench.fail(request)
    while (probe := bench.next()) is not None:
        bench.fail(probe)
    assert bench.count("requests", "in_flight") == (MAX_IN_FLIGHT + RESERVE, 50)
    assert bench.exporter.next_deadline_ns() is not None
    bench.now = 60 * S
    bench.respond(bench.request())
    sizes = []
    while answered := [each for _ in range(MAX_IN_FLIGHT) if (each := bench.next())]:
        sizes.append(len(answered))
        for request in answered:
            bench.respond(request)
    assert sizes[:2] == [2, 4]
    assert bench.count("exported", "in_flight") == (50, 0)


@pytest.mark.parametrize(("headers", "spans"), [(None, 1), ({}, "x"), ({}, None), ("a", -1)])
def test_nonsense_out_of_storage_breaks_no_account(headers: Any, spans: Any) -> None:
    """It raises before it is counted, or counts as nothing."""
    bench = Bench()
    try:
        bench.exporter.adopt(b"", headers, spans)
    except (TypeError, AttributeError):
        assert bench.exporter.undelivered() == []
    assert bench.count("adopted", "in_flight") == (0, 0)
