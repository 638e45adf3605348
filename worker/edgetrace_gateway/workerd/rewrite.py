# SPDX-License-Identifier: MIT OR Apache-2.0
"""A page on its way to the visitor gets the script tag and its trace, as it streams.

    <head>  <meta name="traceparent">, the tag, then what was there
    no <head>: before <body>'s content; neither: at the end

A page that a shared cache may keep gets the tag alone: a trace in it would be every visitor's.
HTMLRewriter changes tokens as they pass, so a page of any size costs no memory.

Source: Cloudflare Workers, "HTMLRewriter"; the rest is `page`'s, `html`'s and `csp`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import js
from pyodide.ffi import create_once_callable, create_proxy, to_js

from edgetrace._edge import IncomingRequest
from edgetrace_gateway import html, page
from edgetrace_gateway.consent import withheld
from edgetrace_gateway.csp import csp_nonce
from edgetrace_gateway.metrics import Counters
from edgetrace_gateway.paths import FOLDER, matches
from edgetrace_gateway.settings import GatewaySettings

from .files import Release
from .http import plain_headers

LOADER = FOLDER + "agent.js"


def skipped(incoming: IncomingRequest, path: str, settings: GatewaySettings) -> str:
    """Why a request's page gets nothing, known before there is one; "" where it may."""
    if not settings.tag:
        return "switched_off"
    if matches(settings.skip_paths, path):
        return "path"
    return withheld(incoming.headers, settings)


class Rewriter:
    """Puts into pages what the settings ask for."""

    def __init__(self, settings: GatewaySettings, counters: Counters) -> None:
        """Set what pages get."""
        self._settings, self._counters = settings, counters

    def apply(
        self,
        response: Any,
        incoming: IncomingRequest,
        path: str,
        traceparent: str,
        release: Release,
    ) -> Any:
        """The response to send: a new one, or the same where it is no page or to be left alone.

        Args:
            response: The origin's; its body is not read yet.
            incoming: The visitor's request.
            path: Its URL's.
            traceparent: Of the server's span; "" for none.
            release: The agent's files that the tag refers to.
        """
        headers = plain_headers(response)
        if not page.is_page(incoming.method, response.status, headers, incoming.headers):
            return response
        cause = skipped(incoming, path, self._settings)
        if not cause and not page.may_inject(headers.get("cache-control", "")):
            cause = "no_transform"
        if cause:
            self._counters.add("pages", "left_alone")
            self._counters.add("page_skips", cause)
            return response
        joins = self._settings.traceparent and traceparent and not page.is_shared(headers)
        self._counters.add("pages", "traceparent" if joins else "tag")
        markup = html.traceparent_meta(traceparent) if joins else ""
        markup += html.script_tag(
            f"{LOADER}?v={release.version}" if release.version else LOADER,
            self._settings.tag_attributes,
            csp_nonce(headers),
            release.integrity,
        )
        changed = page.changed_headers(headers)
        if joins:
            changed["cache-control"] = page.unshared(headers.get("cache-control", ""))
        copy = _with_headers(response, changed)
        if joins:
            copy.headers.append("server-timing", html.server_timing(traceparent))
        return _Insertion(markup).into(copy)


def _with_headers(response: Any, changed: Mapping[str, str | None]) -> Any:
    copy = js.Response.new(response.body, response)
    for name, value in changed.items():
        if value is None:
            copy.headers.delete(name)
        else:
            copy.headers.set(name, value)
    return copy


class _Insertion:
    """Markup that goes into one page once, wherever the first good place is."""

    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._handlers = [create_proxy(self._at_element), create_proxy(self._at_end)]
        self._as_html = to_js({"html": True}, dict_converter=js.Object.fromEntries)

    def into(self, response: Any) -> Any:
        """The response with the markup in it; the proxies go when its last byte has passed."""
        at_element, at_end = [
            to_js({name: proxy}, dict_converter=js.Object.fromEntries)
            for name, proxy in zip(("element", "end"), self._handlers, strict=True)
        ]
        rewriter = js.HTMLRewriter.new()
        rewriter.on("head", at_element).on("body", at_element).onDocument(at_end)
        return rewriter.transform(response)

    def _at_element(self, element: Any) -> None:
        if self._markup:
            element.prepend(self._markup, self._as_html)
            self._markup = ""

    def _at_end(self, end: Any) -> None:
        if self._markup:
            end.append(self._markup, self._as_html)
        js.queueMicrotask(create_once_callable(self._destroy))  # not while one of them runs

    def _destroy(self) -> None:
        for proxy in self._handlers:
            proxy.destroy()
