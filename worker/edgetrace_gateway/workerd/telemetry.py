# SPDX-License-Identifier: MIT OR Apache-2.0
"""What browsers send: let in, checked, and handed on, with the collector's secret they never see.

    POST /v1/traces       OTLP, forwarded as it came where nothing has to be added
    POST /edgetrace/raw   raw entries, which the agent turns into spans here

The sender waits for the collector's word, so that it can send again what was not taken; with a
Queue it waits for the Queue's. Every body that goes no further is counted with its cause.

Source: OTLP specification 1.10, "OTLP/HTTP Response", "Failures"; docs/raw-entries.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from edgetrace._config import Settings
from edgetrace._edge import IncomingRequest
from edgetrace._frame import gzip
from edgetrace._raw import RawError, read_raw
from edgetrace._types import Clock, ExportRequest, ExportResponse, Transport
from edgetrace.errors import TransportError
from edgetrace_gateway import cors, status
from edgetrace_gateway.facts import client_key, edge_attributes
from edgetrace_gateway.ingest import Accepted, Dropped, Refused, accept, gate
from edgetrace_gateway.metrics import Counters
from edgetrace_gateway.rate import RateLimiter
from edgetrace_gateway.settings import GatewaySettings

from .http import SlowBody, cf_of, read_body, respond
from .queues import QueueError

PASSED_ON: Final = frozenset((400, 413, 429, 502, 503, 504))
"""Statuses of the collector's that mean the same to a sender as they do here."""
BUSY_S: Final = 5
MISCONFIGURED_S: Final = 60
"""After which a sender may try again where the collector does not want us: somebody has to act."""
TOO_LARGE: Final = 413
_CAUSES: Final = {
    400: "garbage",
    401: "key",
    403: "origin",
    405: "method",
    413: "too_large",
    415: "content_type",
}


class Telemetry:
    """The ways in, and the one way out."""

    def __init__(
        self,
        settings: GatewaySettings,
        base: Settings,
        transport: Transport,
        clock: Clock,
        counters: Counters,
    ) -> None:
        """Set where bodies go.

        Args:
            settings: The gateway's.
            base: The collector's address, headers and limits.
            transport: What POSTs there, or puts into a Queue.
            clock: The isolate's.
            counters: For every body.
        """
        self._settings, self._base, self._transport = settings, base, transport
        self._clock, self._counters = clock, counters
        limit = settings.rate_limit
        self._rate = RateLimiter(limit.requests, limit.window_s) if limit else None

    async def traces(self, request: Any, incoming: IncomingRequest) -> Any:
        """POST and OPTIONS /v1/traces."""
        return await self._answer(request, incoming, raw=False)

    async def raw(self, request: Any, incoming: IncomingRequest) -> Any:
        """POST and OPTIONS /edgetrace/raw."""
        return await self._answer(request, incoming, raw=True)

    async def _answer(self, request: Any, incoming: IncomingRequest, raw: bool) -> Any:
        site = "/".join(incoming.url.split("/", 3)[:3])
        if incoming.method == "OPTIONS":
            code, headers = cors.preflight(incoming.headers, self._settings, site)
            return respond(code, None, headers)
        outcome = await self._take(request, incoming, site, raw)
        if isinstance(outcome, Accepted):
            outcome = await self._forward(outcome)
        readable = cors.answer_headers(incoming.headers, self._settings, site)
        kind = incoming.headers.get("content-type", "")
        if isinstance(outcome, Refused):
            body: str | bytes = outcome.message + "\n"
            if not raw:
                readable["content-type"] = status.answer_type(kind)
                code = status.rpc_code(outcome.status)
                body = status.error_body(kind, code, outcome.message)
            return respond(outcome.status, body, {**readable, **outcome.headers})
        if raw:
            return respond(204, None, readable)
        readable["content-type"] = status.answer_type(kind)
        return respond(200, outcome or status.success_body(kind), readable)

    async def _take(
        self, request: Any, incoming: IncomingRequest, site: str, raw: bool
    ) -> Accepted | Refused | bytes:
        """What is to be forwarded, why not, or b"" where there is nothing to forward."""
        headers = incoming.headers
        query = incoming.url.partition("#")[0].partition("?")[2]
        decision = gate(incoming.method, headers, query, self._settings, site)
        if isinstance(decision, Refused):
            return self._refused(decision)
        wait_s = 0
        if self._rate is not None:  # one that knows nobody yet has a length of 0
            wait_s = self._rate.check(client_key(headers), self._clock.monotonic_ns())
        if wait_s:
            self._counters.add("bodies_dropped", "rate_limit")
            return Refused(429, "too many requests", status.retry_after(wait_s))
        try:
            body = await read_body(request, self._settings.max_body_bytes)
        except SlowBody:
            return self._refused(Refused(408, "the body did not come in time"))
        if isinstance(decision, Dropped):
            self._counters.add("bodies_dropped", decision.cause)
            return b""
        wanted = self._settings.edge_attributes
        facts = edge_attributes(cf_of(request), headers.get("cf-connecting-ip", ""), wanted)
        if raw:
            return self._spans_of(body, facts)
        taken = accept(headers, body, self._settings, facts)
        return self._refused(taken) if isinstance(taken, Refused) else taken

    def _spans_of(self, body: bytes, facts: Mapping[str, str | int]) -> Accepted | Refused | bytes:
        if len(body) > self._settings.max_body_bytes:
            return self._refused(Refused(TOO_LARGE, "the body is too large"))
        try:
            result = read_raw(body, self._clock.unix_nano(), facts, self._base)
        except RawError as error:
            return self._refused(Refused(400, str(error)))
        if not result.spans:
            return b""
        self._counters.add("spans_made", amount=result.spans)
        headers = {"content-type": status.PROTOBUF, "content-encoding": "gzip"}
        return Accepted(gzip(result.message), headers, result.spans)

    async def _forward(self, taken: Accepted) -> bytes | Refused:
        """The collector's answer for the sender: its body, or why it was not taken."""
        export = ExportRequest(
            0,
            self._base.traces_url,
            {**taken.headers, **self._base.headers},
            taken.body,
            self._settings.forward_timeout_ms * 1_000_000,
            taken.spans,
        )
        try:
            answer = await self._transport.send(export)
        except TransportError as failure:
            self._counters.add("bodies_dropped", _cause_of(failure))
            return Refused(503, "the collector does not answer", status.retry_after(BUSY_S))
        if 200 <= answer.status < 300:
            self._counters.add("bodies_forwarded")
            self._counters.add("spans_forwarded", amount=taken.spans)
            kind = status.media_type(answer.headers.get("content-type", ""))
            return answer.body if kind == taken.headers["content-type"] else b""
        return self._not_taken(answer)

    def _not_taken(self, answer: ExportResponse) -> Refused:
        self._counters.add("bodies_dropped", "collector_refused")
        if answer.status in PASSED_ON:
            wait = answer.headers.get("retry-after")
            headers = {"retry-after": wait} if wait else {}
            return Refused(answer.status, f"the collector answered {answer.status}", headers)
        # 401, 404, a redirect: the gateway's own settings are wrong. That is no fault of a sender's
        # and may be put right, so nothing is to be thrown away for it.
        wait_s = status.retry_after(MISCONFIGURED_S)
        return Refused(503, "the gateway cannot reach its collector", wait_s)

    def _refused(self, refusal: Refused) -> Refused:
        self._counters.add("bodies_dropped", _CAUSES.get(refusal.status, "garbage"))
        return refusal


def _cause_of(failure: TransportError) -> str:
    if isinstance(failure, QueueError):
        return "queue_failed"
    return "collector_timeout" if "timeout" in failure.cause.lower() else "collector_failed"
