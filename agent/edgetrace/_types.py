# SPDX-License-Identifier: MIT OR Apache-2.0
"""The nouns that every layer shares, and the ports through which layers and platforms meet.

Values only: nothing here holds state, reads a clock or draws a random byte. Names and numbers are
OpenTelemetry's; enum values are the numbers that OTLP sends.

Source: opentelemetry-proto trace/v1/trace.proto and common/v1/common.proto; W3C Trace Context Level
2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Final, TypeAlias, Union

from ._records import NamedTuple, Protocol

AttributeValue: TypeAlias = Union[
    str,
    bool,
    int,
    float,
    bytes,
    None,
    "Sequence[AttributeValue]",
    "Mapping[str, AttributeValue]",
]
Attributes: TypeAlias = Mapping[str, AttributeValue]
TraceState: TypeAlias = tuple[tuple[str, str], ...]

NO_ATTRIBUTES: Final[Attributes] = {}

SAMPLED: Final = 0x01
"""trace-flags bit 0. W3C Trace Context Level 2, section 3.2.2.5.1."""
RANDOM: Final = 0x02
"""trace-flags bit 1: the low 56 bits of the trace id are random. Section 3.2.2.5.2."""

_ZERO_TRACE_ID: Final = bytes(16)
_ZERO_SPAN_ID: Final = bytes(8)


class SpanKind(IntEnum):
    """A span's role, numbered as OTLP's Span.SpanKind."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class StatusCode(IntEnum):
    """How a span's work ended, numbered as OTLP's Status.StatusCode."""

    UNSET = 0
    OK = 1
    ERROR = 2


class Status(NamedTuple):
    """A span's status; `description` is only ever kept with ERROR."""

    code: StatusCode = StatusCode.UNSET
    description: str = ""


class SpanContext(NamedTuple):
    """What identifies a span across processes.

    Attributes:
        trace_id: 16 bytes, not all zero where valid.
        span_id: 8 bytes, not all zero where valid.
        trace_flags: 0 to 255; SAMPLED and RANDOM are defined.
        trace_state: Vendors' members, newest first, at most 32.
        is_remote: True where it came in over the wire.
    """

    trace_id: bytes
    span_id: bytes
    trace_flags: int = 0
    trace_state: TraceState = ()
    is_remote: bool = False

    @property
    def is_valid(self) -> bool:
        """Whether both ids have their length and are not all zero, and the flags are a number."""
        trace_id, span_id, flags, _, _ = self  # at once: a NamedTuple's field costs as a call does
        return (
            type(trace_id) is bytes
            and type(span_id) is bytes
            and len(trace_id) == 16
            and len(span_id) == 8
            and trace_id != _ZERO_TRACE_ID
            and span_id != _ZERO_SPAN_ID
            and isinstance(flags, int)
        )

    @property
    def sampled(self) -> bool:
        """Whether the caller may have recorded this trace."""
        return bool(self.trace_flags & SAMPLED)

    @property
    def random(self) -> bool:
        """Whether the low 56 bits of the trace id are known to be random."""
        return bool(self.trace_flags & RANDOM)

    @property
    def trace_id_hex(self) -> str:
        """32 lower-case hex digits."""
        return self.trace_id.hex()

    @property
    def span_id_hex(self) -> str:
        """16 lower-case hex digits."""
        return self.span_id.hex()


INVALID_SPAN_CONTEXT: Final = SpanContext(_ZERO_TRACE_ID, _ZERO_SPAN_ID)


class Link(NamedTuple):
    """A causal reference to a span, usually of another trace."""

    context: SpanContext
    attributes: Attributes = NO_ATTRIBUTES
    dropped_attributes_count: int = 0


class Event(NamedTuple):
    """Something that happened at one moment of a span."""

    name: str
    time_unix_nano: int
    attributes: Attributes = NO_ATTRIBUTES
    dropped_attributes_count: int = 0


class SpanData(NamedTuple):
    """An ended span: what `Span.end` yields, `_timing` makes and `_otlp` encodes.

    Times are integer nanoseconds since the Unix epoch; `end_unix_nano >= start_unix_nano`.
    Attributes are clean: `_attributes` has seen them.
    """

    context: SpanContext
    parent: SpanContext | None
    name: str
    kind: SpanKind
    start_unix_nano: int
    end_unix_nano: int
    attributes: Attributes = NO_ATTRIBUTES
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()
    status: Status = Status()
    dropped_attributes_count: int = 0
    dropped_events_count: int = 0
    dropped_links_count: int = 0


class Scope(NamedTuple):
    """The library that made a span: OTLP's InstrumentationScope and its schema URL."""

    name: str = ""
    version: str = ""
    attributes: tuple[tuple[str, AttributeValue], ...] = ()
    schema_url: str = ""


class Resource(NamedTuple):
    """What all spans of a provider come from: a service, a browser."""

    attributes: Attributes = NO_ATTRIBUTES
    schema_url: str = ""


class ExportRequest(NamedTuple):
    """One POST that an adapter has to make.

    Attributes:
        id: Names the request in `receive_response` and `receive_failure`.
        url: Absolute.
        headers: Complete, lower-case names.
        body: Encoded and, where it pays, compressed.
        timeout_ns: How long an adapter waits before it reports a failure.
        spans: How many spans the body holds.
    """

    id: int
    url: str
    headers: dict[str, str]
    body: bytes
    timeout_ns: int
    spans: int

    def __repr__(self) -> str:
        """Without address and headers, where secrets are: it may end up in a log."""
        return f"<ExportRequest {self.id}: {self.spans} spans in {len(self.body)} bytes>"


class ExportResponse(NamedTuple):
    """The answer to an `ExportRequest`; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Clock(Protocol):
    """The port to time."""

    def unix_nano(self) -> int:
        """Wall time, nanoseconds since the Unix epoch; may be coarse, never 0 in use."""

    def monotonic_ns(self) -> int:
        """Nanoseconds from an arbitrary start; never steps back."""


Entropy: TypeAlias = Callable[[int], bytes]
"""The port to randomness: n -> n unpredictable bytes."""


class Transport(Protocol):
    """The port to the network."""

    async def send(self, request: ExportRequest) -> ExportResponse:
        """POST once, following no redirect.

        Raises:
            TransportError: No complete answer within `request.timeout_ns`, for any cause.
        """


class SpanExporter(Protocol):
    """What takes ended spans: the `Exporter`, or an `InMemoryExporter` in tests."""

    def add_scope(self, scope: Scope) -> int:
        """Register an instrumentation scope; the index names it in `offer`."""

    def offer(self, scope: int, span: SpanData) -> bool:
        """Take an ended, sampled span; True if delivery has to be looked at again. Must not
        raise.
        """

    def counters(self) -> dict[str, int]:
        """Everything counted since the start."""


class Delivery(Protocol):
    """What brings spans out: the `Pump`."""

    def wake(self) -> None:
        """Look for due requests soon."""

    async def flush(self, timeout_s: float) -> bool:
        """Send everything now; True if nothing is left undelivered."""

    async def close(self, timeout_s: float) -> bool:
        """Flush, drop what is left, stop."""

    def stop(self) -> None:
        """Drop what is left and stop."""


class SpanMirror(Protocol):
    """What is told of every sampled span as it begins and ends: a platform's own tracing."""

    def begin(self, context: SpanContext, name: str) -> None:
        """A span has begun; must not raise."""

    def end(self, span: SpanData) -> None:
        """It has ended; must not raise."""
