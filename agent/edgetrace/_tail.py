# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tail sampling over one request's own spans: they wait until it ends, then all go out or none do.

    request begins ── spans end, wait ── request ends ── kept: offered to the exporter, in order
                                                     `── not: counted as `tail_dropped`

Kept is a request that failed, that took longer than a limit, or that belongs to a share of all
traces, whichever the rules name. Spans that end outside of any request, and those after its end,
follow at once or not at all. What a request did downstream has been sampled by its head by then:
a dropped request leaves the spans of other services without their parent.

Which request is running is known by a ContextVar, so tasks that a request starts belong to it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Final

from ._records import NamedTuple
from ._threshold import NEVER, randomness, ratio_to_threshold
from ._types import Scope, SpanData, SpanExporter, StatusCode

MAX_WAITING: Final = 1_000
"""Spans of one request that may wait; with more it is kept, undecided."""


class TailRules(NamedTuple):
    """What is kept. Without a rule everything is.

    Attributes:
        errors: Keep requests in which a span has the status ERROR.
        slower_ms: Keep requests whose first span took this many ms or more; None for no such rule.
        ratio: Keep this share of all traces, 0 to 1, the same ones as TraceIdRatioBased keeps.
    """

    errors: bool = False
    slower_ms: float | None = None
    ratio: float = 0.0

    @classmethod
    def parse(cls, text: str) -> TailRules:
        """Read "errors,slower=500,ratio=0.05", in any order; raises ValueError on anything else."""
        rules = cls()
        for word in filter(None, map(str.strip, text.split(","))):
            name, _, value = word.partition("=")
            if name == "errors" and not value:
                rules = rules._replace(errors=True)
            elif name == "slower" and float(value) >= 0:
                rules = rules._replace(slower_ms=float(value))
            elif name == "ratio":
                ratio_to_threshold(float(value))
                rules = rules._replace(ratio=float(value))
            else:
                raise ValueError(word)
        return rules

    def keep(self, root: SpanData, spans: list[SpanData]) -> bool:
        """Decide on a request: `root` is its first span, `spans` are all of them."""
        if self.errors and any(span.status.code is StatusCode.ERROR for span in spans):
            return True
        took_ms = (root.end_unix_nano - root.start_unix_nano) / 1e6
        if self.slower_ms is not None and took_ms >= self.slower_ms:
            return True
        threshold = ratio_to_threshold(self.ratio)
        number = randomness(root.context.trace_id, root.context.trace_state)
        return threshold < NEVER and number >= threshold


class _Request:
    """One request's spans while it runs; `kept` once it is decided."""

    __slots__ = ("kept", "spans")

    def __init__(self) -> None:
        self.spans: list[tuple[int, SpanData]] = []
        self.kept: bool | None = None


_request: Final[ContextVar[_Request | None]] = ContextVar("edgetrace.request", default=None)


class TailExporter:
    """Stands before an exporter and holds back the spans of requests that are not decided yet."""

    def __init__(self, rules: TailRules, exporter: SpanExporter, wake: Callable[[], None]) -> None:
        """Begin without a request; `wake` is called where `offer` would have returned True."""
        self._rules, self._exporter, self._wake = rules, exporter, wake
        self._waiting = self._dropped = 0

    def add_scope(self, scope: Scope) -> int:
        """See `SpanExporter`."""
        return self._exporter.add_scope(scope)

    def begin(self) -> Token[_Request | None]:
        """A request begins here; `end` wants the token."""
        return _request.set(_Request())

    def end(self, token: Token[_Request | None]) -> None:
        """The request's own span has ended: decide."""
        request = _request.get()
        _request.reset(token)
        if request is not None and request.kept is None:
            spans = [span for _, span in request.spans]
            # A span ends after its children do, so the request's own is the last.
            if self._decide(request, bool(spans) and self._rules.keep(spans[-1], spans)):
                self._wake()

    def offer(self, scope: int, span: SpanData) -> bool:
        """See `SpanExporter`."""
        request = _request.get()
        if request is None or request.kept:
            return self._exporter.offer(scope, span)
        if request.kept is False:  # it ended after its request did
            self._dropped += 1
            return False
        request.spans.append((scope, span))
        self._waiting += 1
        return len(request.spans) >= MAX_WAITING and self._decide(request, True)

    def counters(self) -> dict[str, int]:
        """The exporter's, with `tail_waiting` and `tail_dropped` spans; neither is in `ended`."""
        own = {"tail_waiting": self._waiting, "tail_dropped": self._dropped}
        return {**self._exporter.counters(), **own}

    def _decide(self, request: _Request, keep: bool) -> bool:
        request.kept = keep
        self._waiting -= len(request.spans)
        spans, request.spans = request.spans, []
        if not keep:
            self._dropped += len(spans)
            return False
        look_again = False
        for scope, span in spans:
            look_again |= self._exporter.offer(scope, span)
        return look_again
