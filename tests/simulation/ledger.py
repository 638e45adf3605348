# SPDX-License-Identifier: MIT OR Apache-2.0
"""The books of one world: what was reported, what has arrived, what was counted lost, and why.

    reported = arrived + lost with a cause + excused          at the end, entry by entry

An entry is excused where its only copies were in the memory of a process that was killed, which
docs/delivery.md names as the bound of that end. What arrives again has to be the same bytes.
Knows neither the core nor the models of pages and workers.
"""

from __future__ import annotations

import gzip
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from functools import lru_cache

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Violation(AssertionError):
    """A promise was broken; the message says which."""


class Ledger:
    """What ought to be, and what is, by span id.

    Attributes:
        duplicates: Spans that arrived again.
        unnamed: Spans that were counted lost without anybody saying which.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.known: dict[bytes, str] = {}
        self.reported: set[bytes] = set()
        self.arrived: dict[bytes, bytes] = {}
        self.lost: dict[bytes, str] = {}
        self.excused: set[bytes] = set()
        self.duplicates = 0
        self.unnamed: Counter[str] = Counter()
        self.notes: deque[str] = deque(maxlen=60)

    def announce(self, span_id: bytes, content: str) -> None:
        """A span with this id may come.

        Args:
            span_id: Derived from its view's seed.
            content: What it says: its URL, or its name.
        """
        if self.known.setdefault(span_id, content) != content:
            raise Violation(f"{content} and {self.known[span_id]} are both {span_id.hex()}")

    def report(self, span_ids: Iterable[bytes]) -> None:
        """The browser has told its page of these: now they must come, or be counted."""
        self.reported.update(span_ids)

    def arrive(self, spans: Iterable[Span]) -> None:
        """The collector has stored spans."""
        for span in spans:
            data: bytes = span.SerializeToString(deterministic=True)
            known = self.arrived.setdefault(span.span_id, data)
            if known is not data:
                self.duplicates += 1
                if known != data:
                    raise Violation(
                        f"{self.known.get(span.span_id)} came again with other bytes:\n"
                        f"{Span.FromString(known)}\n{span}"
                    )
                continue
            said = self.known.get(span.span_id)
            if said is None:
                raise Violation(f"a span that nobody announced: {span}")
            if said != span.name and said != url_of(span):
                raise Violation(f"the id of {said} came with {span.name} of {url_of(span)}")

    def lose(self, span_ids: Iterable[bytes], cause: str) -> None:
        """These were counted lost."""
        for span_id in span_ids:
            self.lost.setdefault(span_id, cause)

    def excuse(self, span_ids: Iterable[bytes]) -> None:
        """These had no copy outside the memory of what was killed."""
        self.excused.update(span_ids)

    def note(self, text: str) -> None:
        """Remember what has happened, for the one who reads a violation."""
        self.notes.append(text)

    def close(self) -> None:
        """Hold the promise, when nothing more will come."""
        missing = self.reported - self.arrived.keys() - self.lost.keys() - self.excused
        unnamed = sum(self.unnamed.values())
        if len(missing) > unnamed:
            some = sorted(self.known[span_id] for span_id in missing)[:5]
            raise Violation(
                f"{len(missing)} entries neither arrived nor were counted lost "
                f"({unnamed} were counted without a name): {', '.join(some)}"
            )


def url_of(span: Span) -> str:
    """The span's `url.full`, or ""."""
    for attribute in span.attributes:
        if attribute.key == "url.full":
            return str(attribute.value.string_value)
    return ""


def spans_of(body: bytes, headers: Mapping[str, str]) -> list[Span]:
    """All spans of a request, as a receiver reads it."""
    return _spans_of(body, headers.get("content-encoding") == "gzip")


@lru_cache(maxsize=32)
def _spans_of(body: bytes, zipped: bool) -> list[Span]:
    if zipped:
        body = gzip.decompress(body)
    request = ExportTraceServiceRequest.FromString(body)
    return [
        span
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
