# SPDX-License-Identifier: MIT OR Apache-2.0
"""What went through a proxy: each POST, what it met, and the bodies, each kept once.

Counts what the collector cannot: requests that never reached it, and whether what came twice was
the same. Thread-safe; knows OTLP/protobuf only where it is asked for spans.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.fault_proxy.faults import Fault

T = TypeVar("T")


class Exchange(NamedTuple):
    """One POST.

    Attributes:
        at_s: When its head had come, of `time.monotonic`.
        fault: What it met.
        digest: Of its body; "" where that was cut off.
        repeat: Whether the same body had come before.
    """

    at_s: float
    fault: Fault
    digest: str
    repeat: bool


class Turn(NamedTuple):
    """From here on all requests meet `fault`."""

    at_s: float
    fault: Fault


class Ledger:
    """Filled by a `FaultProxy`."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._changed = threading.Condition(threading.RLock())
        self._exchanges: list[Exchange] = []
        self._bodies: dict[str, bytes] = {}
        self._turns: list[Turn] = []

    def note(self, fault: Fault, at_s: float, body: bytes | None, *, packed: bool) -> None:
        """Write down a POST; None stands for a body that was cut off."""
        digest = "" if body is None else hashlib.sha256(body).hexdigest()
        with self._changed:
            self._exchanges.append(Exchange(at_s, fault, digest, digest in self._bodies))
            if body is not None and digest not in self._bodies:
                self._bodies[digest] = gzip.decompress(body) if packed else body
            self._changed.notify_all()

    def turn(self, fault: Fault) -> None:
        """Write down that a phase begins."""
        with self._changed:
            self._turns.append(Turn(time.monotonic(), fault))
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget all."""
        with self._changed:
            self._exchanges.clear()
            self._bodies.clear()
            self._turns.clear()

    @property
    def exchanges(self) -> list[Exchange]:
        """In the order that they came."""
        with self._changed:
            return list(self._exchanges)

    @property
    def turns(self) -> list[Turn]:
        """Phases, in order."""
        with self._changed:
            return list(self._turns)

    @property
    def bodies(self) -> dict[str, bytes]:
        """Whole bodies by digest, unpacked, each once."""
        with self._changed:
            return dict(self._bodies)

    def met(self, fault: Fault) -> int:
        """How many POSTs met a fault."""
        return sum(exchange.fault is fault for exchange in self.exchanges)

    def repeats(self) -> int:
        """How many POSTs brought a body that had come before."""
        return sum(exchange.repeat for exchange in self.exchanges)

    def copies_that_differ(self) -> set[bytes]:
        """Ids (trace and span) of spans that came with different bytes; empty is as it should be.

        The same span in two different bodies counts as different: a backend that drops what it has
        already seen goes by bodies or by ids, and both have to be stable.
        """
        first: dict[bytes, str] = {}
        differ = set()
        for digest, body in self.bodies.items():
            for span_id in span_ids(body):
                if first.setdefault(span_id, digest) != digest:
                    differ.add(span_id)
        return differ

    def wait_for(self, predicate: Callable[[Ledger], T], timeout_s: float = 20.0) -> T:
        """Block until `predicate(self)` is true after some change, and return what it returned.

        Raises:
            TimeoutError: With what has come by then.
        """
        found: list[T] = []

        def true() -> bool:
            found[:] = [predicate(self)]
            return bool(found[0])

        with self._changed:
            if not self._changed.wait_for(true, timeout_s):
                came = [exchange.fault.label for exchange in self._exchanges]
                raise TimeoutError(f"not seen within {timeout_s:g} s; POSTs met: {came}")
        return found[0]


def span_ids(body: bytes) -> list[bytes]:
    """Trace id and span id, 24 bytes, of each span of an unpacked OTLP/protobuf body."""
    message = ExportTraceServiceRequest.FromString(body)
    return [
        span.trace_id + span.span_id
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def down_share(turns: Sequence[Turn], until_s: float) -> float:
    """Share of the time in which there was a fault."""
    ends = [turn.at_s for turn in turns[1:]] + [until_s]
    down = sum(
        end - turn.at_s
        for turn, end in zip(turns, ends, strict=True)
        if turn.fault is not Fault.NONE
    )
    return down / (until_s - turns[0].at_s)
