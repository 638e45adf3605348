# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_sampler`: who keeps a span, and with which tracestate."""

from __future__ import annotations

import pytest

from edgetrace._sampler import (
    AlwaysOff,
    AlwaysOn,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
    sampler_from_name,
)
from edgetrace._types import INVALID_SPAN_CONTEXT, SpanContext, SpanKind, TraceState
from edgetrace.errors import ConfigError

KEEP, DROP = Decision.RECORD_AND_SAMPLE, Decision.DROP
HIGH = bytes(9) + b"\xff" * 7
LOW = bytes(8) + b"\xff" + bytes(7)


def decide(
    sampler: Sampler, trace_id: bytes = HIGH, parent: SpanContext | None = None
) -> SamplingResult:
    """Ask about a span with nothing special to it."""
    return sampler.should_sample(parent, trace_id, "name", SpanKind.INTERNAL, None, ())


def parent(
    trace_id: bytes = HIGH, state: TraceState = (), *, sampled: bool = True, remote: bool = True
) -> SpanContext:
    """A parent's context."""
    return SpanContext(trace_id, b"\x01" * 8, int(sampled), state, remote)


def test_always_on() -> None:
    """Every span is kept, and a threshold that came in is lowered to 0."""
    sampler = AlwaysOn()
    assert sampler.description == "AlwaysOnSampler"
    assert decide(sampler) == (KEEP, None, ())
    assert decide(sampler, parent=parent(sampled=False)) == (KEEP, None, ())
    assert decide(sampler, parent=parent(state=(("a", "1"),))).trace_state == (("a", "1"),)
    came = (("a", "1"), ("ot", "th:8;rv:ffffffffffffff"))
    kept = (("ot", "th:0;rv:ffffffffffffff"), ("a", "1"))
    assert decide(sampler, parent=parent(state=came)).trace_state == kept


def test_always_off() -> None:
    """Every span is dropped, and its tracestate goes on without a threshold."""
    sampler = AlwaysOff()
    assert sampler.description == "AlwaysOffSampler"
    assert decide(sampler) == (DROP, None, ())
    came = (("a", "1"), ("ot", "th:8"))
    assert decide(sampler, parent=parent(state=came)) == (DROP, None, (("a", "1"),))


def test_ratio_decides_by_the_last_seven_bytes() -> None:
    """R >= T keeps, R < T drops, to the last bit; the first nine bytes do not count."""
    sampler = TraceIdRatioBased(0.25)
    edge = sampler.threshold
    assert edge == 0xC0000000000000
    assert decide(sampler, b"\xff" * 9 + (edge - 1).to_bytes(7, "big")).decision is DROP
    assert decide(sampler, bytes(9) + edge.to_bytes(7, "big")).decision is KEEP


def test_ratio_writes_its_threshold() -> None:
    """A kept span says at which threshold, in front of what came in; a dropped one does not."""
    sampler = TraceIdRatioBased(0.25)
    assert decide(sampler) == (KEEP, None, (("ot", "th:c"),))
    assert decide(sampler, LOW) == (DROP, None, ())
    came = (("a", "1"), ("ot", "th:8;x:y"))
    assert decide(sampler, HIGH, parent(HIGH, came)).trace_state == (("ot", "th:c;x:y"), ("a", "1"))
    assert decide(sampler, LOW, parent(LOW, came)).trace_state == (("ot", "x:y"), ("a", "1"))


def test_ratio_honours_explicit_randomness() -> None:
    """rv in the incoming tracestate stands before the trace id, and stays in it."""
    sampler = TraceIdRatioBased(0.25)
    low, high = (("ot", "rv:00000000000000"),), (("ot", "rv:c0000000000000"),)
    assert decide(sampler, HIGH, parent(HIGH, low)) == (DROP, None, low)
    kept = (("ot", "th:c;rv:c0000000000000"),)
    assert decide(sampler, LOW, parent(LOW, high)) == (KEEP, None, kept)


def test_ratio_ignores_the_parents_decision() -> None:
    """Whether the parent was sampled makes no difference."""
    sampler = TraceIdRatioBased(0.5)
    for sampled in (True, False):
        assert decide(sampler, HIGH, parent(HIGH, sampled=sampled)).decision is KEEP
        assert decide(sampler, LOW, parent(LOW, sampled=sampled)).decision is DROP


def test_ratio_0_and_1() -> None:
    """1 keeps the lowest R, 0 drops the highest."""
    lowest = b"\xff" * 9 + bytes(7)
    assert decide(TraceIdRatioBased(1), lowest) == (KEEP, None, (("ot", "th:0"),))
    assert decide(TraceIdRatioBased(0), HIGH) == (DROP, None, ())


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0, "0.0"),
        (1, "1.0"),
        (0.1, "0.1"),
        (0.0001, "0.0001"),
        (0.00001, "0.00001"),
        (2.0**-56, "0.00000000000000001388"),
    ],
)
def test_ratio_description(ratio: float, text: str) -> None:
    """The ratio as a decimal number, without an exponent."""
    assert TraceIdRatioBased(ratio).description == f"TraceIdRatioBased{{{text}}}"


class Named:
    """A sampler of an application: keeps, and says who it is."""

    def __init__(self, description: str) -> None:
        self.description = description

    def should_sample(self, *_: object) -> SamplingResult:
        return SamplingResult(Decision.RECORD_ONLY, {"by": self.description})


def test_parent_based_asks_the_delegate_that_fits() -> None:
    """The specification's table: root, then remote or local, sampled or not."""
    sampler = ParentBased(
        Named("root"),
        remote_parent_sampled=Named("remote sampled"),
        remote_parent_not_sampled=Named("remote"),
        local_parent_sampled=Named("local sampled"),
        local_parent_not_sampled=Named("local"),
    )
    assert decide(sampler).attributes == {"by": "root"}
    assert decide(sampler, parent=INVALID_SPAN_CONTEXT).attributes == {"by": "root"}
    for remote, place in ((True, "remote"), (False, "local")):
        for sampled, suffix in ((True, " sampled"), (False, "")):
            result = decide(sampler, parent=parent(sampled=sampled, remote=remote))
            assert result == (Decision.RECORD_ONLY, {"by": place + suffix}, ())
    assert sampler.description == (
        "ParentBased{root:root,remoteParentSampled:remote sampled,remoteParentNotSampled:remote,"
        "localParentSampled:local sampled,localParentNotSampled:local}"
    )


@pytest.mark.parametrize("remote", [True, False])
def test_parent_based_follows_the_parent(remote: bool) -> None:
    """By default a sampled parent's children are kept and another's dropped, wherever it is."""
    sampler = ParentBased(AlwaysOff())
    assert decide(sampler).decision is DROP
    assert decide(sampler, parent=parent(remote=remote)) == (KEEP, None, ())
    assert decide(sampler, parent=parent(remote=remote, sampled=False)) == (DROP, None, ())


def test_parent_based_passes_the_parents_threshold_on() -> None:
    """th stays as it came, unless the parent cannot have passed it or is not sampled."""
    sampler = ParentBased(AlwaysOn())
    state = (("a", "1"), ("ot", "th:8;rv:80000000000000"))
    assert decide(sampler, LOW, parent(LOW, state)) == (KEEP, None, state)
    wrong = (("a", "1"), ("ot", "th:8"))
    assert decide(sampler, LOW, parent(LOW, wrong)) == (KEEP, None, (("a", "1"),))
    unsampled = parent(HIGH, wrong, sampled=False)
    assert decide(sampler, HIGH, unsampled) == (DROP, None, (("a", "1"),))


@pytest.mark.parametrize(
    ("name", "arg", "description"),
    [
        ("always_on", None, "AlwaysOnSampler"),
        ("always_off", "ignored", "AlwaysOffSampler"),
        ("traceidratio", None, "TraceIdRatioBased{1.0}"),
        ("traceidratio", " ", "TraceIdRatioBased{1.0}"),
        ("TraceIdRatio", " 0.25 ", "TraceIdRatioBased{0.25}"),
        (" parentbased_always_on ", None, "ParentBased{root:AlwaysOnSampler,"),
        ("parentbased_always_off", "", "ParentBased{root:AlwaysOffSampler,"),
        ("parentbased_traceidratio", "1e-3", "ParentBased{root:TraceIdRatioBased{0.001},"),
        ("", None, "ParentBased{root:AlwaysOnSampler,"),
    ],
)
def test_sampler_from_name(name: str, arg: str | None, description: str) -> None:
    """OTEL_TRACES_SAMPLER's names, in any case, and its argument's defaults."""
    sampler = sampler_from_name(name, arg)
    assert sampler.description.startswith(description)
    assert isinstance(sampler, ParentBased) is description.startswith("ParentBased")


@pytest.mark.parametrize(
    "name", ["xray", "jaeger_remote", "parentbased_", "parentbased_xray", "on"]
)
def test_sampler_from_name_refuses_other_names(name: str) -> None:
    """A sampler that there is not is told with its option and what there is."""
    with pytest.raises(ConfigError, match=rf"^OTEL_TRACES_SAMPLER='{name}': use always_on, "):
        sampler_from_name(name)


@pytest.mark.parametrize("arg", ["1.1", "-0.5", "nan", "inf", "10%", "1e-30", "a"])
@pytest.mark.parametrize("name", ["traceidratio", "parentbased_traceidratio"])
def test_sampler_from_name_refuses_what_is_no_ratio(name: str, arg: str) -> None:
    """The argument's error names the argument, not the class's parameter."""
    with pytest.raises(ConfigError, match=rf"^OTEL_TRACES_SAMPLER_ARG='{arg}': give the share"):
        sampler_from_name(name, arg)
