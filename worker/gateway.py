# SPDX-License-Identifier: MIT OR Apache-2.0
"""The edge gateway: in front of a site, it traces every request and joins it with the page.

    POST /v1/traces, /edgetrace/raw      what browsers send, on to the collector
    GET  /edgetrace/<name>               the agent's files
    GET  /edgetrace/health, .../metrics  how it is
    everything else                      the site: ORIGIN, or the ASSETS binding

One rule stands above all others: if tracing fails, the site still answers. This file only sorts;
`edgetrace_gateway` decides, and its `workerd` half moves.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from workers import WorkerEntrypoint, import_from_javascript

from edgetrace._edge import EdgeRuntime, IncomingRequest
from edgetrace._handlers import Start, begin_fetch
from edgetrace._http import set_response
from edgetrace._types import Transport
from edgetrace._version import VERSION
from edgetrace._workerd import Workerd, raw_env
from edgetrace_gateway import keys, metrics
from edgetrace_gateway.paths import Destination, Route, classify
from edgetrace_gateway.settings import GatewaySettings
from edgetrace_gateway.workerd import queues
from edgetrace_gateway.workerd.files import Files, Release
from edgetrace_gateway.workerd.http import respond
from edgetrace_gateway.workerd.rewrite import Rewriter, may_be_page
from edgetrace_gateway.workerd.site import Site, current_traceparent
from edgetrace_gateway.workerd.telemetry import Telemetry

LOG: Final = logging.getLogger("edgetrace")
NOT_CONFIGURED: Final = "This gateway's tracing is not configured; its log says why.\n"
FAILED: Final = "The gateway failed; its log says why.\n"


class Platform(Workerd):
    """workerd, where spans may go by way of a Queue."""

    through_queue = False

    def transport(self) -> Transport:
        """See `EdgePlatform`."""
        direct = super().transport()
        return queues.QueueTransport(_queue, direct) if self.through_queue else direct


def _queue() -> Any:
    return getattr(import_from_javascript("cloudflare:workers").env, queues.BINDING)


class Isolate:
    """What an isolate's requests share, made by the first: settings, counters, the parts."""

    def __init__(self, env: Any) -> None:
        """Read the settings; wrong ones are logged, and the site is served without the agent."""
        self.platform = Platform()
        self.runtime = EdgeRuntime(self.platform, {})
        self.counters = metrics.Counters()
        self.files = Files()
        environ = self.platform.environ(env)
        self.settings = _settings(environ)
        self.platform.through_queue = self.settings.forward == "queue"
        ready, provider = self.runtime.ready(env), self.runtime.provider
        self.traced = ready and provider is not None and not provider.settings.disabled
        self.site = Site(self.settings, self.runtime, self.platform.plain_fetch, self.counters)
        self.rewriter = Rewriter(self.settings, self.counters)
        self.telemetry: Telemetry | None = None
        if provider is not None:
            transport = self.platform.transport()
            self.telemetry = Telemetry(
                self.settings, provider.settings, transport, provider.clock, self.counters
            )

    def start(self, incoming: IncomingRequest) -> Start | None:
        """How a request's span begins; None where it is to have none."""
        try:
            return begin_fetch(self.runtime, incoming) if self.traced else None
        except Exception as failure:
            self.fault("a request was not traced", failure)
            return None

    async def page(self, response: Any, incoming: IncomingRequest, path: str, env: Any) -> Any:
        """The site's response, with the agent in it where it is a page."""
        try:
            if not may_be_page(response):
                return response
            release = await self._release(env, incoming.url)
            return self.rewriter.apply(response, incoming, path, current_traceparent(), release)
        except Exception as failure:
            self.fault("a page was left as it was", failure)
            return response

    async def _release(self, env: Any, base: str) -> Release:
        try:
            return await self.files.release(env, base) if self.settings.tag else Release()
        except Exception as failure:  # the page is worth more than a version in its tag
            LOG.warning("the agent's manifest could not be read: %s", failure)
            return Release()

    def fault(self, what: str, failure: Exception) -> None:
        """Count and report what went wrong in here; the request goes on."""
        self.counters.add("internal_errors")
        LOG.error("%s: %s: %s", what, type(failure).__name__, failure)


def _settings(environ: Mapping[str, str]) -> GatewaySettings:
    try:
        return GatewaySettings.from_environ(environ)
    except Exception as failure:
        LOG.error("the gateway only forwards: %s", failure)
    try:
        return replace(
            GatewaySettings.from_environ({"ORIGIN": environ.get("ORIGIN", "")}), tag=False
        )
    except Exception:
        return GatewaySettings(tag=False)  # the log has it; a request is told that there is no site


_isolate: list[Isolate] = []


class Default(WorkerEntrypoint):
    """The gateway."""

    async def fetch(self, request: Any) -> Any:
        """Answer one request."""
        if not _isolate:
            _isolate.append(Isolate(self.env))
        isolate, raw = _isolate[0], getattr(request, "js_object", request)
        env = raw_env(self.env)  # the SDK's wrappers would make Python objects of responses
        incoming = isolate.platform.incoming(raw)
        path = "/" + incoming.url.partition("://")[2].partition("/")[2].partition("?")[0]
        destination = classify(incoming.method, path)
        isolate.counters.add("requests", destination.route.value)
        if destination.route is Route.SITE:
            return await self._site(isolate, raw, incoming, path, env)
        try:
            return await self._own(isolate, raw, incoming, destination, env)
        except Exception as failure:  # senders of spans try again, and their pages go on
            isolate.fault("a request to the gateway itself failed", failure)
            return respond(503, FAILED, {"retry-after": "60", "cache-control": "no-store"})

    async def _site(
        self, isolate: Isolate, raw: Any, incoming: IncomingRequest, path: str, env: Any
    ) -> Any:
        start = isolate.start(incoming)
        if start is None:
            response = await isolate.site.answer(raw, incoming, env)
            return await isolate.page(response, incoming, path, env)
        with isolate.runtime.invocation(self.ctx, *start) as span:
            response = await isolate.site.answer(raw, incoming, env, start)
            if span.is_recording():
                set_response(span, response.status, {}, server=True)
            return await isolate.page(response, incoming, path, env)

    async def _own(
        self,
        isolate: Isolate,
        raw: Any,
        incoming: IncomingRequest,
        destination: Destination,
        env: Any,
    ) -> Any:
        route = destination.route
        if route is Route.FILE:
            return await isolate.files.answer(raw, incoming, destination.name, env)
        if route is Route.HEALTH:
            state = {"status": "ok", "version": VERSION, "traced": isolate.traced}
            no_store = {"content-type": "application/json", "cache-control": "no-store"}
            return respond(200, json.dumps(state) + "\n", no_store)
        if route is Route.METRICS:
            return self._metrics(isolate, incoming)
        if route is Route.WRONG_METHOD:
            return respond(405, f"Use {destination.allow}.\n", {"allow": destination.allow})
        if isolate.telemetry is None:
            return respond(503, NOT_CONFIGURED, {"retry-after": "60"})
        if route is Route.RAW:
            return await isolate.telemetry.raw(raw, incoming)
        return await isolate.telemetry.traces(raw, incoming)

    def _metrics(self, isolate: Isolate, incoming: IncomingRequest) -> Any:
        token = isolate.settings.metrics_token
        if not token:
            return respond(404, "Not found.\n")
        if not keys.same(keys.bearer(incoming.headers), token):
            return respond(401, "Unauthorized.\n", {"www-authenticate": "Bearer"})
        text = metrics.prometheus(isolate.counters.snapshot(), isolate.runtime.counters())
        headers = {"content-type": metrics.CONTENT_TYPE, "cache-control": "no-store"}
        return respond(200, text, headers)

    async def queue(self, batch: Any, env: Any = None, ctx: Any = None) -> None:
        """Take a batch of the traces' Queue to the collector; the runtime passes all three."""
        if not _isolate:
            _isolate.append(Isolate(self.env))
        provider = _isolate[0].runtime.provider
        raw = vars(batch).get("_binding", batch)
        if provider is None:
            raw.retryAll()
        else:
            await queues.consume(raw, provider.settings, Workerd().transport())
