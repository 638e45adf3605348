# SPDX-License-Identifier: MIT OR Apache-2.0
"""The network and the collector behind it, as bad as the draw has it.

    send -> [lost] -> collector: stores all, some or none -> [answer lost] -> the sender hears

Each request draws one fate when it is sent. A sender that dies takes its answer with it, and its
request too, unless that was keepalive or is there already.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.simulation.clock import MS, S, Timeline
from tests.simulation.ledger import Ledger

TIMEOUT_NS = 10 * S


class Answer(NamedTuple):
    """What a sender hears; status 0 is a reset, or silence until its own timeout."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Fate(NamedTuple):
    """What becomes of one request.

    Attributes:
        status: The collector's answer; 0 where the connection is reset.
        stores: Whether it keeps the spans: a gateway may answer 504 for what was stored.
        refuses: How many spans a 2xx refuses.
        there_ns: How long the request travels.
        back_ns: How long the answer does; None where it is lost.
        retry_after: The header, or "".
    """

    status: int = 200
    stores: bool = True
    refuses: int = 0
    there_ns: int = 20 * MS
    back_ns: int | None = 20 * MS
    retry_after: str = ""


class Weather(NamedTuple):
    """How bad a world's network is: shares of requests, 0 to 1, and how far its answers go.

    Attributes:
        max_body_bytes: Of what the collector takes; more is 413. 0: any.
    """

    lost: float = 0.0
    reset: float = 0.0
    unanswered: float = 0.0
    throttled: float = 0.0
    refused: float = 0.0
    partial: float = 0.0
    slow: float = 0.0
    max_body_bytes: int = 0


FAIR = Weather()


class Flight(NamedTuple):
    """One request under way.

    Attributes:
        size: Of its body, in bytes.
        spans: Reads it as its receiver does.
        alive: Whether its sender still hears.
        carried: Whether somebody still carries it: the sender, or the browser if it is keepalive.
    """

    size: int
    spans: Callable[[], list[Span]]
    alive: Callable[[], bool]
    carried: Callable[[], bool]


class Network:
    """Draws fates and carries requests.

    Attributes:
        weather: Of now; a world's end is fair.
        down_until_ns: No request is answered before that.
        script: Fates of the next requests; the weather decides on those that follow.
    """

    def __init__(self, timeline: Timeline, ledger: Ledger, chance: Random) -> None:
        """Begin in fair weather."""
        self._timeline, self._ledger, self._chance = timeline, ledger, chance
        self.weather = FAIR
        self.down_until_ns = 0
        self.script: deque[Fate] = deque()
        self.requests = 0

    def send(self, flight: Flight, hear: Callable[[Answer], None]) -> None:
        """Carry a request; `hear` is called once, unless its sender dies before."""
        self.requests += 1
        fate = self.script.popleft() if self.script else self.draw(flight.size)
        self._timeline.after(fate.there_ns, self._arrive, flight, fate, hear)

    def draw(self, size: int) -> Fate:
        """What the weather has for a body of `size` bytes."""
        chance, weather = self._chance.random, self.weather
        there = int(chance() * (30 * S if chance() < weather.slow else 200 * MS))
        back = int(chance() * (15 * S if chance() < weather.slow else 200 * MS))
        if self._timeline.now_ns < self.down_until_ns:
            return Fate(0, False, there_ns=there) if chance() < 0.5 else Fate(503, False)
        if weather.max_body_bytes and size > weather.max_body_bytes:
            return Fate(413, False, there_ns=there, back_ns=back)
        draw = chance()
        for share, made in (
            (weather.lost, Fate(0, False, there_ns=there, back_ns=None)),
            (weather.reset, Fate(0, chance() < 0.5, there_ns=there, back_ns=back)),
            (weather.unanswered, Fate(200, True, there_ns=there, back_ns=None)),
            (weather.throttled, self._throttled(there, back)),
            (weather.refused, Fate(self._chance.choice((400, 401, 404, 500)), False, 0, there)),
            (weather.partial, Fate(200, True, self._chance.randint(1, 3), there, back)),
        ):
            if draw < share:
                return made
            draw -= share
        return Fate(there_ns=there, back_ns=back)

    def _throttled(self, there: int, back: int) -> Fate:
        status = self._chance.choice((429, 502, 503, 504))
        stored = status in (502, 504) and self._chance.random() < 0.5
        retry_after = self._chance.choice(("", "", "0", "1", "7", "soon"))
        return Fate(status, stored, 0, there, back, retry_after)

    def _arrive(self, flight: Flight, fate: Fate, hear: Callable[[Answer], None]) -> None:
        if not flight.carried():
            return
        refuses = 0
        if fate.stores:
            spans = flight.spans()
            refuses = min(fate.refuses, len(spans)) if fate.status == 200 else 0
            self._ledger.arrive(spans[: len(spans) - refuses])
        headers = {"retry-after": fate.retry_after} if fate.retry_after else {}
        answer = Answer(fate.status, headers, partial_success(refuses))
        if fate.back_ns is None:  # its sender's own timeout tells it
            fate = fate._replace(back_ns=max(TIMEOUT_NS - fate.there_ns, 0))
            answer = Answer(0, {})
        elif fate.there_ns + fate.back_ns > TIMEOUT_NS:
            answer = Answer(0, {})
        self._timeline.after(fate.back_ns or 0, self._answer, flight, answer, hear)

    @staticmethod
    def _answer(flight: Flight, answer: Answer, hear: Callable[[Answer], None]) -> None:
        if flight.alive():
            hear(answer)


def partial_success(refused: int) -> bytes:
    """The body of a 200 that refuses so many spans."""
    if not refused:
        return b""
    partial = ExportTracePartialSuccess(rejected_spans=refused, error_message="not these")
    return bytes(ExportTraceServiceResponse(partial_success=partial).SerializeToString())
