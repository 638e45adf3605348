# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which spans are recorded: the samplers of the OpenTelemetry SDK, deciding alike in every process.

`_threshold` has the arithmetic; here is who decides, and what becomes of `th` in the tracestate,
from which receivers learn how many spans a kept one stands for:

| sampler                       | keeps     | `th` of a kept span             | of a dropped one |
| ----------------------------- | --------- | ------------------------------- | ---------------- |
| TraceIdRatioBased             | if R >= T | its own T                       | none             |
| ParentBased, parent sampled   | always    | the parent's, if R bears it out | -                |
| ParentBased, parent unsampled | never     | -                               | none             |
| AlwaysOn                      | always    | 0 where one came in, else none  | -                |
| AlwaysOff                     | never     | -                               | none             |

TraceIdRatioBased is the specification's ProbabilitySampler, which is to take over that name's
configuration in January 2027; we have no older behaviour to keep. AlwaysOn does not add `th:0`: it
would say no more than its absence, and put a `tracestate` header on every request, which receivers
of another origin have to allow. It warns nobody of trace ids that may not be random: it is pure.

Source: OpenTelemetry specification, trace/sdk "Sampling" (commit 1377f53, August 2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from ._config import Settings
from ._records import NamedTuple, Protocol
from ._threshold import (
    NEVER,
    RATIO_FORM,
    has_threshold,
    is_consistent,
    randomness,
    ratio_to_threshold,
    threshold_text,
    with_threshold,
)
from ._types import Attributes, Link, SpanContext, SpanKind, TraceState
from .errors import ConfigError


class Decision(IntEnum):
    """What becomes of a span: nothing, recorded but not exported, or both."""

    DROP = 0
    RECORD_ONLY = 1
    RECORD_AND_SAMPLE = 2


class SamplingResult(NamedTuple):
    """A sampler's answer.

    Attributes:
        decision: Whether the span records, and is exported.
        attributes: To be added to the span.
        trace_state: The new span's, complete: () clears what the parent had.
    """

    decision: Decision
    attributes: Attributes | None = None
    trace_state: TraceState = ()


_KEEP: Final = SamplingResult(Decision.RECORD_AND_SAMPLE)
_DROP: Final = SamplingResult(Decision.DROP)


class Sampler(Protocol):
    """Decides on a span before it starts; pure, so that it may be shared."""

    @property
    def description(self) -> str:
        """The sampler and its configuration, for people."""

    def should_sample(
        self,
        parent: SpanContext | None,
        trace_id: bytes,
        name: str,
        kind: SpanKind,
        attributes: Attributes | None,
        links: Sequence[Link],
    ) -> SamplingResult:
        """Decide on one span.

        Args:
            parent: The parent's context; None or not valid for a root span.
            trace_id: 16 bytes; the parent's, where there is one.
            name: The span's first name.
            kind: Its kind.
            attributes: Those it starts with.
            links: Those it starts with.
        """


class _ByTrace:
    """A built-in sampler: the parent and the trace id are all it looks at."""

    __slots__ = ()

    plain: SamplingResult | None = None  # where no tracestate came in, unless the trace id decides

    def should_sample(
        self,
        parent: SpanContext | None,
        trace_id: bytes,
        name: str,
        kind: SpanKind,
        attributes: Attributes | None,
        links: Sequence[Link],
    ) -> SamplingResult:
        """Decide on one span."""
        state = parent.trace_state if parent is not None else ()
        return (not state and self.plain) or self._decide(trace_id, state)

    def _decide(self, trace_id: bytes, state: TraceState) -> SamplingResult:
        return _drop(state)


class AlwaysOn(_ByTrace):
    """Keeps every span; a threshold that came in becomes 0, since here none is dropped."""

    __slots__ = ()

    plain = _KEEP

    @property
    def description(self) -> str:
        """See `Sampler`."""
        return "AlwaysOnSampler"

    def _decide(self, trace_id: bytes, state: TraceState) -> SamplingResult:
        return _keep(with_threshold(state, "0") if has_threshold(state) else state)


class AlwaysOff(_ByTrace):
    """Drops every span."""

    __slots__ = ()

    plain = _DROP

    @property
    def description(self) -> str:
        """See `Sampler`."""
        return "AlwaysOffSampler"


class TraceIdRatioBased(_ByTrace):
    """Keeps a share of all traces, each whole or not at all, whatever the parent decided."""

    __slots__ = ("_kept_root", "_th", "ratio", "threshold")

    def __init__(self, ratio: float) -> None:
        """Set the share.

        Args:
            ratio: 0, or 2**-56 to 1; it is kept to four hex digits or better.

        Raises:
            ConfigError: Not such a number.
        """
        self.ratio: Final = ratio
        self.threshold: Final = ratio_to_threshold(ratio)
        self._th: Final = threshold_text(self.threshold) if self.threshold < NEVER else ""
        self._kept_root: Final = _keep((("ot", f"th:{self._th}"),))

    @property
    def description(self) -> str:
        """See `Sampler`; the ratio in decimals, as trace/sdk has it."""
        text = repr(float(self.ratio))
        return f"TraceIdRatioBased{{{f'{self.ratio:.20f}'.rstrip('0') if 'e' in text else text}}}"

    def _decide(self, trace_id: bytes, state: TraceState) -> SamplingResult:
        if randomness(trace_id, state) < self.threshold:
            return _drop(state)
        return _keep(with_threshold(state, self._th)) if state else self._kept_root


class AsParent(AlwaysOn):
    """AlwaysOn for children of sampled spans: they were kept by the parent's threshold."""

    __slots__ = ()

    def _decide(self, trace_id: bytes, state: TraceState) -> SamplingResult:
        return _keep(state if is_consistent(trace_id, state) else with_threshold(state, None))


class ParentBased:
    """Decides as the parent did; a root span is for `root` to decide."""

    __slots__ = ("_delegates", "_root")

    def __init__(
        self,
        root: Sampler,
        *,
        remote_parent_sampled: Sampler | None = None,
        remote_parent_not_sampled: Sampler | None = None,
        local_parent_sampled: Sampler | None = None,
        local_parent_not_sampled: Sampler | None = None,
    ) -> None:
        """Set who decides.

        Args:
            root: Where there is no valid parent.
            remote_parent_sampled: Under a sampled parent of another process; keeps where None.
            remote_parent_not_sampled: Under an unsampled one; drops where None.
            local_parent_sampled: Under a sampled parent of this process; keeps where None.
            local_parent_not_sampled: Under an unsampled one; drops where None.
        """
        keep, drop = AsParent(), AlwaysOff()
        remote = (remote_parent_not_sampled or drop, remote_parent_sampled or keep)
        local = (local_parent_not_sampled or drop, local_parent_sampled or keep)
        self._root: Final = root
        # By [is_remote][sampled]: the table of trace/sdk "ParentBased".
        self._delegates: Final[tuple[tuple[Sampler, Sampler], ...]] = (local, remote)

    @property
    def description(self) -> str:
        """See `Sampler`."""
        local, remote = self._delegates
        return (
            f"ParentBased{{root:{self._root.description},"
            f"remoteParentSampled:{remote[1].description},"
            f"remoteParentNotSampled:{remote[0].description},"
            f"localParentSampled:{local[1].description},"
            f"localParentNotSampled:{local[0].description}}}"
        )

    def local_delegates(self) -> tuple[Sampler, Sampler, Sampler]:
        """Who decides on a root, and under an unsampled and a sampled span of this process."""
        return (self._root, *self._delegates[0])

    def should_sample(
        self,
        parent: SpanContext | None,
        trace_id: bytes,
        name: str,
        kind: SpanKind,
        attributes: Attributes | None,
        links: Sequence[Link],
    ) -> SamplingResult:
        """Pass on to the delegate that the parent calls for."""
        delegate = self._root
        if parent is not None and parent.is_valid:
            delegate = self._delegates[bool(parent.is_remote)][parent.sampled]
        return delegate.should_sample(parent, trace_id, name, kind, attributes, links)


def sampler_from_name(name: str, arg: str | None = None) -> Sampler:
    """Make the sampler that OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG name.

    Args:
        name: always_on, always_off or traceidratio, or one of them after `parentbased_`, in any
            case; "" for the default, parentbased_always_on.
        arg: The ratio for traceidratio, 1 where None or ""; the others take none and ignore it.

    Raises:
        ConfigError: Another name, or an `arg` that is no ratio.
    """
    chosen = name.strip().lower() or "parentbased_always_on"
    base = chosen.removeprefix("parentbased_")
    root: Sampler
    if base == "always_on":
        root = AlwaysOn()
    elif base == "always_off":
        root = AlwaysOff()
    elif base == "traceidratio":
        root = _ratio_sampler(arg)
    else:
        form = "use always_on, always_off or traceidratio, or one of them after parentbased_"
        raise ConfigError("OTEL_TRACES_SAMPLER", name, form)
    return root if base == chosen else ParentBased(root)


def sampler_from_settings(settings: Settings) -> Sampler:
    """`sample_ratio` is short for parentbased_traceidratio and stands before `sampler`."""
    if settings.sample_ratio is not None:
        return ParentBased(TraceIdRatioBased(settings.sample_ratio))
    return sampler_from_name(settings.sampler, settings.sampler_arg or None)


def _ratio_sampler(arg: str | None) -> Sampler:
    try:
        return TraceIdRatioBased(float(arg) if arg and arg.strip() else 1.0)
    except ValueError:  # float's, or a ConfigError, which would name the keyword instead
        raise ConfigError("OTEL_TRACES_SAMPLER_ARG", arg, RATIO_FORM) from None


def _keep(state: TraceState) -> SamplingResult:
    return SamplingResult(Decision.RECORD_AND_SAMPLE, None, state) if state else _KEEP


def _drop(state: TraceState) -> SamplingResult:
    return SamplingResult(Decision.DROP, None, with_threshold(state, None)) if state else _DROP
