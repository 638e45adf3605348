# SPDX-License-Identifier: MIT OR Apache-2.0
"""A request to the site: on to its origin, traced, and the answer back as it came.

Bodies are streams in both directions and never read here; redirects, cookies, ranges, conditions
and WebSockets pass as they are. Whatever fails on our side, the origin's answer is what the visitor
gets; where there is none, a 502 says so.

Source: RFC 9110, section 7.6 (what a gateway forwards); Fetch, "Request class".
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import js
from pyodide.ffi import JsException

from edgetrace._context import get_current
from edgetrace._edge import EdgeRuntime, IncomingRequest
from edgetrace._handlers import Start
from edgetrace._http import set_response, split_url
from edgetrace._propagation import format_traceparent, get_propagators
from edgetrace._types import AttributeValue, SpanKind
from edgetrace_gateway import loop
from edgetrace_gateway.metrics import Counters
from edgetrace_gateway.settings import GatewaySettings

from .http import respond

LOG: Final = logging.getLogger("edgetrace")
METHOD_ATTRIBUTES: Final = ("http.request.method", "http.request.method_original")
NOWHERE: Final = (
    "This gateway has no site: set its variable ORIGIN, https://origin.example, "
    "or give it an ASSETS binding.\n"
)


class Site:
    """The site behind the gateway."""

    def __init__(
        self,
        settings: GatewaySettings,
        runtime: EdgeRuntime,
        fetch: Callable[..., Awaitable[Any]],
        counters: Counters,
    ) -> None:
        """Set where it is.

        Args:
            settings: The gateway's.
            runtime: Makes the client span.
            fetch: The platform's, without a span.
            counters: For what goes wrong.
        """
        self._settings, self._runtime, self._fetch = settings, runtime, fetch
        self._counters = counters
        self._origin = ""
        self._address: dict[str, AttributeValue] = {}

    async def answer(
        self, request: Any, incoming: IncomingRequest, env: Any, server: Start | None = None
    ) -> Any:
        """The origin's response, or ours where it has none.

        Args:
            request: JavaScript's.
            incoming: The same, read.
            env: JavaScript's.
            server: How the request's own span began; None for no client span.
        """
        scheme, _, rest = incoming.url.partition("://")
        host, slash, tail = rest.partition("/")
        if not self._settings.origin:
            if getattr(env, "ASSETS", None) is None:
                return respond(500, NOWHERE)
            outgoing = js.Request.new(request)
            return await self._ask(outgoing, outgoing.headers, f"{scheme}://{host}", env, server)
        # A request that comes back does so by one of the hosts that it was asked at.
        via = loop.extend(incoming.headers.get(loop.HEADER, ""), host)
        if via is None:
            self._counters.add("origin_errors", "loop")
            return respond(loop.LOOP_DETECTED, "The gateway's ORIGIN leads back to the gateway.\n")
        origin = self._settings.origin
        try:
            # The same request, under its address there, with its redirect mode: "manual".
            outgoing = js.Request.new(origin + slash + tail, request)
            headers = outgoing.headers
            put = headers.set
            put(loop.HEADER, via)
            put("x-forwarded-host", host)
            put("x-forwarded-proto", scheme)
            if server and get_propagators().tracecontext and "tracestate" in incoming.headers:
                headers.delete("tracestate")  # what is good of it goes along with our traceparent
            return await self._ask(outgoing, headers, origin, env, server)
        except JsException as failure:
            self._counters.add("origin_errors", "failed")
            LOG.warning("the origin did not answer: %s", failure)
            return respond(502, "Bad gateway: the site's origin did not answer.\n")

    async def _ask(
        self, outgoing: Any, headers: Any, origin: str, env: Any, server: Start | None
    ) -> Any:
        if server is None:
            return await self._send(outgoing, env)
        with self._runtime.tracer.start_as_current_span(
            server.name, kind=SpanKind.CLIENT, attributes=self._attributes(origin, server)
        ) as span:
            for field, value in get_propagators().headers().items():
                headers.set(field, value)
            response = await self._send(outgoing, env)
            if span.is_recording():
                set_response(span, response.status, {})
            return response

    def _attributes(self, origin: str, server: Start) -> dict[str, AttributeValue]:
        """Of the client span: the server span's, at the origin; its URL is redacted already."""
        known = server.attributes or {}
        query = f"?{known['url.query']!s}" if "url.query" in known else ""
        attributes: dict[str, AttributeValue] = {
            name: known[name] for name in METHOD_ATTRIBUTES if name in known
        }
        attributes["url.full"] = f"{origin}{known.get('url.path', '')!s}{query}"
        if origin != self._origin:
            self._origin, at = origin, split_url(origin)
            self._address = {"server.address": at.host, "server.port": at.port}
        return {**attributes, **self._address}

    async def _send(self, outgoing: Any, env: Any) -> Any:
        if self._settings.origin:
            return await self._fetch(outgoing)
        return await env.ASSETS.fetch(outgoing)


def current_traceparent() -> str:
    """Of the span that is current: the server's, once the origin has answered."""
    span = get_current().span
    return format_traceparent(span.context) if span is not None else ""
