# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_span`: what is recorded, within which limits, and what becomes of misuse."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from edgetrace._config import Settings
from edgetrace._limits import MAX_UNIX_NANO, SpanLimits, SpanSink
from edgetrace._span import RecordingSpan
from edgetrace._types import Event, Link, SpanContext, SpanData, SpanKind, Status, StatusCode
from edgetrace.testing import ManualClock
from tests.strategies import HOSTILE, Hostile, HostileException, HostileInt, HostileStr

CONTEXT = SpanContext(b"\x01" * 16, b"\x02" * 8, 1)
NOW = 1_700_000_000_000_000_000


class Bench:
    """Spans on a manual clock, with what they yield and what they complain of."""

    def __init__(self, **limits: Any) -> None:
        """Take `SpanLimits` by name."""
        self.clock = ManualClock(NOW)
        self.ended: list[SpanData] = []
        self.misuses: list[str] = []
        self._sink = SpanSink(
            self.clock, SpanLimits(**limits), self.ended.append, self.misuses.append
        )

    def span(
        self, name: Any = "x", kind: Any = SpanKind.INTERNAL, start_time: Any = None
    ) -> RecordingSpan:
        """Start one."""
        return RecordingSpan(CONTEXT, None, name, kind, start_time, self._sink)

    def end(self, span: RecordingSpan) -> SpanData:
        """End it and take what it yields."""
        span.end()
        return self.ended.pop()


@pytest.fixture
def bench() -> Bench:
    """Default limits."""
    return Bench()


def test_a_span_s_life(bench: Bench) -> None:
    """What was set is frozen at the end and handed on once."""
    span = bench.span("GET /", SpanKind.SERVER)
    assert span.is_recording()
    span.set_attribute("a", 1)
    span.set_attributes({"a": 2, "b": [True]})
    span.add_event("e", {"k": "v"})
    span.add_link(CONTEXT, {"l": 1})
    span.update_name("GET /cart")
    bench.clock.advance(ms=5)
    span.end()
    assert not span.is_recording()
    (data,) = bench.ended
    assert data == SpanData(
        *(CONTEXT, None, "GET /cart", SpanKind.SERVER, NOW, NOW + 5_000_000),
        {"a": 2, "b": (True,)},
        [Event("e", NOW, {"k": "v"})],
        [Link(CONTEXT, {"l": 1})],
        Status(),
    )
    assert bench.misuses == []


CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("set_attribute", ("a", 1)),
    ("set_attributes", ({"a": 1},)),
    ("add_event", ("e",)),
    ("add_link", (CONTEXT,)),
    ("record_exception", (ValueError(),)),
    ("set_status", (StatusCode.ERROR,)),
    ("update_name", ("other",)),
    ("end", ()),
]


@pytest.mark.parametrize(("method", "arguments"), CALLS)
def test_an_ended_span_does_not_change(
    bench: Bench, method: str, arguments: tuple[Any, ...]
) -> None:
    """Each call after the end is a no-op and one report."""
    span = bench.span()
    span.end()
    before = repr(bench.ended)
    getattr(span, method)(*arguments)
    assert repr(bench.ended) == before
    assert len(bench.misuses) == 1
    assert "ended span 'x'" in bench.misuses[0]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (5, 9, (5, 9)),
        (9, 5, (9, 9)),  # an end before the start is moved to it
        (0, 0, (0, 1)),  # an end of 0 would say that the span has not ended
        (MAX_UNIX_NANO, MAX_UNIX_NANO, (MAX_UNIX_NANO, MAX_UNIX_NANO)),
        (HostileInt(5), HostileInt(9), (5, 9)),
        (None, None, (NOW, NOW)),
    ],
    ids=range(6),
)
def test_given_times(bench: Bench, start: Any, end: Any, expected: tuple[int, int]) -> None:
    """Times are nanoseconds since the epoch, 0 to 2**64-1, and a span never lasts less than 0."""
    bench.span(start_time=start).end(end)
    (data,) = bench.ended
    assert (data.start_unix_nano, data.end_unix_nano) == expected
    assert {type(data.start_unix_nano), type(data.end_unix_nano)} == {int}
    assert bench.misuses == []


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"none", "true", "hostile int"}))
def test_impossible_times_mean_now(bench: Bench, name: str) -> None:
    """Negative, too large, fractional or no numbers at all: the time now, and a report each."""
    span = bench.span(start_time=HOSTILE[name]())
    span.add_event("e", timestamp=HOSTILE[name]())
    span.end(HOSTILE[name]())
    (data,) = bench.ended
    assert data.start_unix_nano == data.end_unix_nano == data.events[0].time_unix_nano == NOW
    assert len(bench.misuses) == 3


def test_a_clock_that_steps_back_does_not_make_a_negative_span(bench: Bench) -> None:
    """The end is never before the start, whatever the clock does."""
    span = bench.span()
    bench.clock.advance(ns=-10)
    assert bench.end(span).end_unix_nano == NOW


@pytest.mark.parametrize(
    ("limits", "kept", "dropped"),
    [
        ({"attributes": 2}, ["a", "b"], 1),
        ({"attributes": 0}, [], 3),
        ({"attributes": 3}, ["a", "b", "c"], 0),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_the_attribute_limit(
    limits: dict[str, int], kept: list[str], dropped: int, together: bool
) -> None:
    """Beyond the limit attributes are dropped and counted, one by one or together alike."""
    bench = Bench(**limits)
    span = bench.span()
    if together:
        span.set_attributes({"a": 1, "b": 2, "c": 3})
    else:
        for key in "abc":
            span.set_attribute(key, 1)
    data = bench.end(span)
    assert (list(data.attributes), data.dropped_attributes_count) == (kept, dropped)
    assert bench.misuses == []


def test_a_full_span_still_takes_new_values() -> None:
    """An attribute that is there may be replaced when the limit is reached."""
    bench = Bench(attributes=2)
    span = bench.span()
    span.set_attributes({"a": 1, "b": 2})
    span.set_attribute("a", 3)
    span.set_attributes({"b": 4, "c": 5})
    data = bench.end(span)
    assert (data.attributes, data.dropped_attributes_count) == ({"a": 3, "b": 4}, 1)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_event_and_link_limits(limit: int) -> None:
    """The first ones are kept, the rest is counted; their attributes have limits of their own."""
    bench = Bench(events=limit, links=limit, event_attributes=limit, link_attributes=limit)
    span = bench.span()
    for _ in range(3):
        span.add_event("e", {"a": 1, "b": 2, "c": 3})
        span.add_link(CONTEXT, {"a": 1, "b": 2, "c": 3})
    data = bench.end(span)
    assert (len(data.events), data.dropped_events_count) == (limit, 3 - limit)
    assert (len(data.links), data.dropped_links_count) == (limit, 3 - limit)
    items: list[Event | Link] = [*data.events, *data.links]
    for item in items:
        assert (len(item.attributes), item.dropped_attributes_count) == (limit, 3 - limit)


def test_the_length_limit_holds_everywhere() -> None:
    """Span, event, link and exception attributes are cut alike."""
    bench = Bench(value_length=3)
    span = bench.span()
    span.set_attribute("a", "abcdef")
    span.set_attributes({"b": ["abcdef"]})
    span.add_event("e", {"a": "abcdef"})
    span.add_link(CONTEXT, {"a": b"abcdef"})
    span.record_exception(ValueError("abcdef"))
    data = bench.end(span)
    assert data.attributes == {"a": "abc", "b": ("abc",)}
    assert data.events[0].attributes == {"a": "abc"}
    assert data.links[0].attributes == {"a": b"abc"}
    assert set(data.events[1].attributes.values()) == {"Val", "abc"}


def test_limits_come_from_settings() -> None:
    """OTEL_SPAN_ATTRIBUTE_* stand before OTEL_ATTRIBUTE_*."""
    assert SpanLimits.from_settings(Settings()) == SpanLimits()
    general = Settings(attribute_count_limit=5, attribute_value_length_limit=6)
    assert SpanLimits.from_settings(general)[:2] == (5, 6)
    special = Settings(
        attribute_count_limit=5, span_attribute_count_limit=0, span_attribute_value_length_limit=0
    )
    assert SpanLimits.from_settings(special)[:2] == (0, 0)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(StatusCode.ERROR, "bad")], (StatusCode.ERROR, "bad")),
        ([(StatusCode.OK, "fine")], (StatusCode.OK, "")),
        ([(StatusCode.OK, ""), (StatusCode.ERROR, "bad")], (StatusCode.OK, "")),
        ([(StatusCode.ERROR, "bad"), (StatusCode.OK, "")], (StatusCode.OK, "")),
        ([(StatusCode.ERROR, "bad"), (StatusCode.UNSET, "")], (StatusCode.ERROR, "bad")),
        ([(StatusCode.ERROR, "bad"), (StatusCode.ERROR, "worse")], (StatusCode.ERROR, "worse")),
        ([(StatusCode.UNSET, "x")], (StatusCode.UNSET, "")),
        ([(Status(StatusCode.ERROR, "whole"), "ignored")], (StatusCode.ERROR, "whole")),
        ([(2, "number")], (StatusCode.ERROR, "number")),
    ],
)
def test_status(
    bench: Bench, steps: list[tuple[Any, str]], expected: tuple[StatusCode, str]
) -> None:
    """OK is final, ERROR overrides UNSET, UNSET is ignored, only ERROR keeps a description."""
    span = bench.span()
    for status, description in steps:
        span.set_status(status, description)
    assert bench.end(span).status == expected
    assert bench.misuses == []


@pytest.mark.parametrize("status", [9, "ERROR", None, Hostile(), [2], Status("x")], ids=range(6))  # type: ignore[arg-type]
def test_a_status_that_is_none_changes_nothing(bench: Bench, status: Any) -> None:
    """One report, and the status stays as it was."""
    span = bench.span()
    span.set_status(StatusCode.ERROR, "bad")
    span.set_status(status)
    assert bench.end(span).status == (StatusCode.ERROR, "bad")
    assert len(bench.misuses) == 1


@pytest.mark.parametrize(
    ("kind", "kept", "reports"),
    [
        (SpanKind.CLIENT, SpanKind.CLIENT, 0),
        (3, SpanKind.CLIENT, 0),
        (0, SpanKind.INTERNAL, 1),
        ("server", SpanKind.INTERNAL, 1),
        (None, SpanKind.INTERNAL, 1),
        (Hostile(), SpanKind.INTERNAL, 1),
    ],
    ids=range(6),
)
def test_kinds(bench: Bench, kind: Any, kept: SpanKind, reports: int) -> None:
    """A kind is a SpanKind or its number; anything else is INTERNAL and reported."""
    assert bench.end(bench.span(kind=kind)).kind is kept
    assert len(bench.misuses) == reports


@pytest.mark.parametrize(
    ("name", "kept", "reports"),
    [
        ("x", "x", 0),
        (HostileStr("x"), "x", 0),
        ("", "", 0),
        (5, "int", 1),
        (None, "NoneType", 1),
        (Hostile(), "Hostile", 1),
        (Mock(spec=str), "Mock", 1),
    ],
    ids=range(7),
)
def test_names(bench: Bench, name: Any, kept: str, reports: int) -> None:
    """A name that is no string is replaced by its type's and reported, wherever it is given."""
    span = bench.span(name)
    assert len(bench.misuses) == reports
    span.update_name(name)
    span.add_event(name)
    data = bench.end(span)
    assert data.name == data.events[0].name == kept
    assert type(data.name) is str
    assert len(bench.misuses) == 3 * reports


@pytest.mark.parametrize(
    "context",
    [
        SpanContext(bytes(16), bytes(8)),
        SpanContext(b"short", b"\x02" * 8),
        SpanContext(b"\x01" * 16, b"\x02" * 8, "x"),  # type: ignore[arg-type]
        Mock(spec=SpanContext),
        Hostile(),
        None,
        ("a", "b"),
    ],
    ids=range(7),
)
def test_links_to_nothing_are_refused(bench: Bench, context: Any) -> None:
    """A link needs a valid SpanContext."""
    span = bench.span()
    span.add_link(context)
    assert bench.end(span).links == ()
    assert len(bench.misuses) == 1


def test_invalid_attributes_are_reported_and_the_rest_is_kept(bench: Bench) -> None:
    """One report names how many had no OTLP form, per call."""
    span = bench.span()
    span.set_attribute("a", object())  # type: ignore[arg-type]
    span.set_attributes({"a": None, "": 1, "b": 2})
    span.add_event("e", {"a": None})
    span.add_link(CONTEXT, {"a": None})
    span.record_exception(ValueError(), {"a": None})
    assert bench.end(span).attributes == {"b": 2}
    assert [report.split()[0] for report in bench.misuses] == ["1", "2", "1", "1", "1"]


def test_a_key_that_hashes_once_costs_no_exception(bench: Bench) -> None:
    """A string of the application's own is taken for what it says; its methods are not trusted."""
    hashed: list[None] = []

    class Key(str):
        __slots__ = ()

        def __hash__(self) -> int:
            hashed.append(None)
            if len(hashed) > 1:
                raise RuntimeError("once is enough")
            return str.__hash__(self)

    span = bench.span()
    span.set_attributes({Key("a"): 1, "b": "c"})
    assert bench.end(span).attributes == {"a": 1, "b": "c"}


def _raised(exception: Exception) -> Exception:
    try:
        raise exception
    except Exception as caught:
        return caught


def test_exceptions_become_events(bench: Bench) -> None:
    """Type, message and stack trace by the semantic conventions; the caller's attributes win."""
    span = bench.span()
    span.record_exception(_raised(ValueError("no")), {"exception.message": "other", "k": 1}, 7)
    (event,) = bench.end(span).events
    assert (event.name, event.time_unix_nano) == ("exception", 7)
    assert event.attributes["exception.type"] == "ValueError"
    assert event.attributes["exception.message"] == "other"
    assert event.attributes["k"] == 1
    assert "in _raised" in str(event.attributes["exception.stacktrace"])


@pytest.mark.parametrize(
    "exception", [HostileException(), ValueError(Hostile()), ExceptionGroup("g", [ValueError()])]
)
def test_exceptions_that_cannot_be_printed(bench: Bench, exception: Exception) -> None:
    """They are recorded with what can be said of them."""
    span = bench.span()
    span.record_exception(exception)
    (event,) = bench.end(span).events
    assert type(event.attributes["exception.message"]) is str
    assert bench.misuses == []


def test_a_stack_that_cannot_be_formatted_is_left_out(bench: Bench) -> None:
    """Formatting runs the application's code; if that fails the event stays."""

    class Chained(Exception):
        """Its cause cannot be read."""

        @property
        def __cause__(self) -> Any:  # type: ignore[override]
            raise RuntimeError("no cause")

    span = bench.span()
    span.record_exception(Chained("x"))
    (event,) = bench.end(span).events
    assert event.attributes["exception.message"] == "x"
    assert event.attributes["exception.stacktrace"] == ""


@pytest.mark.parametrize("thing", ["text", None, ValueError, Mock(spec=ValueError)], ids=range(4))
def test_what_is_no_exception_is_not_recorded(bench: Bench, thing: Any) -> None:
    """A report, and no event."""
    span = bench.span()
    span.record_exception(thing)
    assert bench.end(span).events == ()
    assert len(bench.misuses) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_arguments_everywhere(bench: Bench, name: str) -> None:
    """Whatever is handed to whichever method, nothing is raised and the span ends."""
    make: Any = HOSTILE[name]
    span = bench.span(make(), make(), make())
    span.set_attribute(make(), make())
    span.set_attributes(make())
    span.add_event(make(), make(), make())
    span.add_link(make(), make())
    span.record_exception(make(), make(), make())
    span.set_status(make(), make())
    span.update_name(make())
    span.end(make())
    assert len(bench.ended) == 1
