# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_tracer`: how spans begin, and what a provider keeps count of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from edgetrace._config import Settings
from edgetrace._context import EMPTY, Context, NonRecordingSpan, attach, detach
from edgetrace._sampler import (
    AlwaysOff,
    AlwaysOn,
    Decision,
    ParentBased,
    SamplingResult,
    TraceIdRatioBased,
    sampler_from_settings,
)
from edgetrace._tracer import (
    TracerProvider,
    get_tracer,
    get_tracer_provider,
    set_tracer_provider,
)
from edgetrace._types import (
    INVALID_SPAN_CONTEXT,
    Link,
    Scope,
    SpanContext,
    SpanData,
    SpanKind,
)
from edgetrace.errors import AgentError, ConfigError, MisuseError
from edgetrace.testing import InMemoryExporter, ManualClock
from tests.strategies import HOSTILE, Harm, Hostile, HostileDict, HostileException

TRACE_ID, SPAN_ID = b"\x0a" * 16, b"\x0b" * 8
REMOTE = SpanContext(TRACE_ID, SPAN_ID, 3, (("v", "1"),), True)


def from_remote(**fields: Any) -> Context:
    """A context with a remote parent."""
    return Context(NonRecordingSpan(REMOTE._replace(**fields)))


class Asks:
    """A sampler that answers as told and notes what it is asked."""

    description = "Asks"

    def __init__(self, answer: Any) -> None:
        """Answer, or raise it."""
        self.answer = answer
        self.asked: list[tuple[Any, ...]] = []

    def should_sample(self, *asked: Any) -> SamplingResult:
        """Note and answer."""
        self.asked.append(asked)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


class Woken:
    """A delivery that notes what is asked of it."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.calls: list[tuple[Any, ...]] = []

    def wake(self) -> None:
        """See `Delivery`."""
        self.calls.append(("wake",))

    async def flush(self, timeout_s: float) -> bool:
        """See `Delivery`."""
        self.calls.append(("flush", timeout_s))
        return True

    async def close(self, timeout_s: float) -> bool:
        """See `Delivery`."""
        self.calls.append(("close", timeout_s))
        return False

    def stop(self) -> None:
        """See `Delivery`."""
        self.calls.append(("stop",))


class Bench:
    """A provider with everything in reach."""

    def __init__(self, sampler: Any = None, exporter: Any = None, **more: Any) -> None:
        """Default: everything sampled, kept in memory."""
        self.exporter = exporter or InMemoryExporter()
        self.errors: list[AgentError] = []
        self.drawn = 0
        given: dict[str, Any] = {
            "clock": ManualClock(),
            "entropy": self.draw,
            "exporter": self.exporter,
            "sampler": sampler,
            "error_handler": self.errors.append,
            **more,
        }
        self.provider = TracerProvider(given.pop("settings", Settings()), **given)
        self.tracer = self.provider.get_tracer("lib", "1", "https://s", {"k": 1})

    def draw(self, size: int) -> bytes:
        """Bytes that count."""
        self.drawn += 1
        return bytes([self.drawn]) * size

    @property
    def span(self) -> SpanData:
        """The last that ended."""
        last: SpanData = self.exporter.spans[-1]
        return last


@pytest.fixture
def bench() -> Bench:
    """The default one."""
    return Bench()


@pytest.fixture(autouse=True)
def _no_global_provider() -> Iterator[None]:
    set_tracer_provider(None)
    yield
    set_tracer_provider(None)


def test_a_provider_is_inert(bench: Bench) -> None:
    """Nothing is drawn or registered before the first span."""
    assert bench.drawn == 0
    assert bench.exporter.scopes == []


def test_a_root(bench: Bench) -> None:
    """New ids, sampled and random flags, no parent."""
    bench.tracer.start_span("x", EMPTY, SpanKind.SERVER, {"a": 1}, start_time=5).end(9)
    span = bench.span
    assert span.context == SpanContext(b"\x01" * 16, b"\x02" * 8, 3)
    assert (span.parent, span.name, span.kind) == (None, "x", SpanKind.SERVER)
    assert (span.start_unix_nano, span.end_unix_nano, span.attributes) == (5, 9, {"a": 1})
    assert bench.exporter.scopes == [Scope("lib", "1", (("k", 1),), "https://s")]


@pytest.mark.parametrize("flags", [0, 1, 2, 3, 0xFF])
def test_a_child(flags: int) -> None:
    """The parent's trace, random flag and tracestate; its own id; sampled as the sampler says."""
    bench = Bench(AlwaysOn())
    bench.tracer.start_span("x", from_remote(trace_flags=flags)).end()
    span = bench.span
    assert span.parent == REMOTE._replace(trace_flags=flags)
    assert span.context.trace_id == TRACE_ID
    assert span.context.trace_flags == 1 | (flags & 2)
    assert span.context.trace_state == REMOTE.trace_state
    assert not span.context.is_remote


def test_the_current_span_is_the_parent(bench: Bench) -> None:
    """Unless a context is given; `EMPTY` makes a root."""
    token = attach(from_remote())
    try:
        bench.tracer.start_span("x").end()
        assert bench.span.parent == REMOTE
        bench.tracer.start_span("x", EMPTY).end()
        assert bench.span.parent is None
    finally:
        detach(token)


@pytest.mark.parametrize(
    "fields", [{"trace_id": bytes(16)}, {"span_id": b"x"}, {"trace_flags": "01"}]
)
def test_an_invalid_parent_is_none(bench: Bench, fields: dict[str, Any]) -> None:
    """The span is a root."""
    bench.tracer.start_span("x", from_remote(**fields)).end()
    assert bench.span.parent is None
    assert bench.errors == []


def test_the_sampler_sees_what_is_known(bench: Bench) -> None:
    """Parent, trace id, name, kind, attributes and links, in that order."""
    sampler = Asks(SamplingResult(Decision.RECORD_AND_SAMPLE, {"more": 1}, (("t", "s"),)))
    asking = Bench(sampler)
    links = [Link(REMOTE)]
    span = asking.tracer.start_span("x", from_remote(), SpanKind.CLIENT, {"a": 1}, links)
    span.end()
    asking.tracer.start_span("y", EMPTY)
    assert sampler.asked == [
        (REMOTE, TRACE_ID, "x", SpanKind.CLIENT, {"a": 1}, links),
        (None, b"\x02" * 16, "y", SpanKind.INTERNAL, None, ()),
    ]
    assert asking.span.attributes == {"a": 1, "more": 1}
    assert asking.span.links == links
    assert asking.span.context.trace_state == (("t", "s"),)


@pytest.mark.parametrize(
    ("decision", "recording", "exported"),
    [
        (Decision.DROP, False, 0),
        (Decision.RECORD_ONLY, True, 0),
        (Decision.RECORD_AND_SAMPLE, True, 1),
        (0, False, 0),
        (2, True, 1),
    ],
)
def test_decisions(decision: Any, recording: bool, exported: int) -> None:
    """Unsampled spans are counted and carry their context on, with the sampled flag down."""
    bench = Bench(Asks((decision, None, ())))
    span = bench.tracer.start_span("x", from_remote())
    assert span.is_recording() is recording
    assert span.context.trace_id == TRACE_ID
    assert span.context.span_id != SPAN_ID
    assert span.context.sampled is bool(exported)
    span.end()
    counters = bench.provider.counters()
    assert (counters["ended"], counters["unsampled"]) == (exported, 1 - exported)


@pytest.mark.parametrize(
    "answer",
    [ValueError("no"), HostileException(), None, (), (1, 2), (Hostile(), None, ()), Hostile()],
    ids=range(7),
)
def test_a_sampler_that_fails_costs_the_span_and_no_more(answer: Any) -> None:
    """A report, and a span that carries the parent along."""
    bench = Bench(Asks(answer))
    with bench.tracer.start_as_current_span("x", from_remote()) as span:
        assert not span.is_recording()
        assert span.context == REMOTE
    assert [type(error) for error in bench.errors] == [MisuseError]
    assert bench.exporter.spans == []


@pytest.mark.parametrize(
    "entropy", [bytes, lambda size: b"", lambda size: None, Hostile()], ids=range(4)
)
def test_entropy_that_fails_costs_the_span_and_no_more(entropy: Any) -> None:
    """Zeros for ever do not hang, and nothing is raised."""
    bench = Bench(entropy=entropy)
    span = bench.tracer.start_span("x")
    span.end()
    assert span.context is INVALID_SPAN_CONTEXT
    assert len(bench.errors) == 1


@pytest.mark.parametrize("context", ["text", 5, {}, Context("span"), Hostile()], ids=range(5))  # type: ignore[arg-type]
def test_a_context_that_is_none_costs_the_span_and_no_more(context: Any) -> None:
    """Given or attached, whatever it is."""
    bench = Bench()
    assert not bench.tracer.start_span("x", context).is_recording()
    token = attach(context)
    try:
        assert not bench.tracer.start_span("x").is_recording()
    finally:
        detach(token)
    assert bench.provider.counters()["misuses"] == 2


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"none"}))
def test_hostile_arguments(bench: Bench, name: str) -> None:
    """Whatever is given, a span of some kind comes back and can be used and ended."""
    make = HOSTILE[name]
    span = bench.tracer.start_span(make(), None, make(), make(), make(), make())
    span.set_attribute("a", 1)
    span.end()
    with bench.tracer.start_as_current_span(make(), make(), make(), make(), make(), make()) as two:
        two.set_attribute("a", 1)
    assert bench.provider.get_tracer(make(), make(), make(), make()).start_span("x").is_recording()


@pytest.mark.parametrize(
    ("links", "kept"),
    [
        ([Link(REMOTE), Link(REMOTE, {"a": 1})], 2),
        ((link for link in [Link(REMOTE)]), 1),
        ([Link(REMOTE), "text"], 1),
        ([Link(REMOTE), Link(None)], 1),  # type: ignore[arg-type]
        ([REMOTE], 0),
        (5, 0),
    ],
    ids=range(6),
)
def test_links(bench: Bench, links: Any, kept: int) -> None:
    """Links that are none are left out and reported; the span is kept."""
    bench.tracer.start_span("x", links=links).end()
    assert len(bench.span.links) == kept
    assert bool(bench.errors) is (kept == 0 or (isinstance(links, list) and len(links) > kept))


def test_attributes_that_have_no_truth_value(bench: Bench) -> None:
    """Tables and arrays raise when asked whether they are empty; nobody asks them."""
    bench.tracer.start_span("x", attributes=HostileDict()).end()
    assert bench.span.attributes == {"first": 1}


def test_a_tracer_may_be_had_before_its_provider() -> None:
    """It records nothing, then binds to whichever provider is there when a span starts."""
    tracer = get_tracer("lib")
    assert get_tracer_provider() is None
    early = tracer.start_span("x", from_remote())
    assert (early.is_recording(), early.context) == (False, REMOTE)
    assert tracer.start_span("x", "garbage").context is INVALID_SPAN_CONTEXT  # type: ignore[arg-type]
    for bench in (Bench(), Bench()):
        set_tracer_provider(bench.provider)
        assert get_tracer_provider() is bench.provider
        tracer.start_span("x").end()
        tracer.start_span("y").end()
        assert [span.name for span in bench.exporter.spans] == ["x", "y"]


def test_disabled_records_nothing() -> None:
    """OTEL_SDK_DISABLED: contexts are still carried along, nothing is drawn."""
    bench = Bench(settings=Settings(disabled=True))
    span = bench.tracer.start_span("x", from_remote())
    assert (span.is_recording(), span.context, bench.drawn) == (False, REMOTE, 0)


def test_limits_are_the_settings() -> None:
    """What the options say holds for every span."""
    bench = Bench(settings=Settings(attribute_count_limit=0))
    bench.tracer.start_span("x", attributes={"a": 1}).end()
    assert (bench.span.attributes, bench.span.dropped_attributes_count) == ({}, 1)


@pytest.mark.parametrize(
    ("options", "description"),
    [
        ({}, "root:AlwaysOnSampler"),
        ({"sampler": "always_off"}, "AlwaysOffSampler"),
        ({"sampler": "traceidratio", "sampler_arg": "0.5"}, "TraceIdRatioBased{0.5}"),
        ({"sample_ratio": 0.25}, "root:TraceIdRatioBased{0.25}"),
        ({"sample_ratio": 0.25, "sampler": "always_off"}, "root:TraceIdRatioBased{0.25}"),
    ],
)
def test_samplers_from_settings(options: dict[str, Any], description: str) -> None:
    """`sample_ratio` stands before `sampler`; an object given to the provider before both."""
    settings = Settings.from_options(**options)
    assert description in sampler_from_settings(settings).description
    assert Bench(settings=settings).provider.sampler.description.count(description) == 1
    given = AlwaysOff()
    assert Bench(given, settings=settings).provider.sampler is given
    assert isinstance(sampler_from_settings(Settings()), ParentBased)
    assert isinstance(TraceIdRatioBased(0.5), TraceIdRatioBased)


def test_a_sampler_argument_that_is_none_raises_at_set_up() -> None:
    """Not when the first span starts."""
    with pytest.raises(ConfigError):
        Bench(settings=Settings(sampler="traceidratio", sampler_arg="many"))


class Broken(InMemoryExporter):
    """An exporter of the application's own."""

    def offer(self, scope: int, span: SpanData) -> bool:
        """Fail."""
        raise Harm("disk full")


class BrokenScopes(InMemoryExporter):
    """One that fails earlier."""

    def add_scope(self, scope: Scope) -> int:
        """Fail."""
        raise Harm("disk full")


@pytest.mark.parametrize("exporter", [Broken(), BrokenScopes()])
def test_an_exporter_that_fails_is_reported(exporter: InMemoryExporter) -> None:
    """The application's span ends as if nothing were."""
    bench = Bench(exporter=exporter)
    with bench.tracer.start_as_current_span("x"):
        pass
    assert ["disk full" in str(error) for error in bench.errors] == [True]


class Wakes(InMemoryExporter):
    """An exporter that wants to be looked at for each span named "wake"."""

    def offer(self, scope: int, span: SpanData) -> bool:
        """Say so."""
        super().offer(scope, span)
        return span.name == "wake"


async def _deliver(provider: TracerProvider) -> list[bool]:
    return [
        await provider.force_flush(),
        await provider.force_flush(1_500),
        await provider.shutdown(),
        await provider.shutdown(0),
    ]


def test_delivery_is_woken_and_asked() -> None:
    """Milliseconds become seconds, OTEL_BSP_EXPORT_TIMEOUT is the default."""
    import asyncio

    woken = Woken()
    bench = Bench(exporter=Wakes(), delivery=woken)
    for name in ("sleep", "wake", "sleep"):
        bench.tracer.start_span(name).end()
    assert woken.calls == [("wake",)]
    assert asyncio.run(_deliver(bench.provider)) == [True, True, False, False]
    bench.provider.stop()
    assert woken.calls[1:] == [
        *(("flush", 30.0), ("flush", 1.5), ("close", 30.0), ("close", 0.0)),
        ("stop",),
    ]


def test_without_delivery_everything_is_delivered(bench: Bench) -> None:
    """An exporter that keeps its spans needs no pump."""
    import asyncio

    bench.provider.stop()
    assert asyncio.run(_deliver(bench.provider)) == [True] * 4
    bench.tracer.start_span("wake").end()


def test_counters_are_one_dict(bench: Bench) -> None:
    """The exporter's, and the provider's own."""
    bench.tracer.start_span("x").end()
    bench.tracer.start_span("y").set_attribute("a", None)
    assert bench.provider.counters() == {"ended": 1, "unsampled": 0, "misuses": 1}


def test_spans_of_any_origin_can_be_offered(bench: Bench) -> None:
    """Page timings come as SpanData; unsampled ones are only counted."""
    emit = bench.provider.emitter(Scope("page"))
    bench.tracer.start_span("x").end()
    span = bench.span
    emit(span._replace(context=span.context._replace(trace_flags=0)))
    emit(span)
    assert len(bench.exporter.spans) == 2
    assert bench.exporter.scopes[-1] == Scope("page")
    assert bench.provider.counters()["unsampled"] == 1
