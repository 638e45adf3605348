# SPDX-License-Identifier: MIT OR Apache-2.0
"""A page on its way to the visitor gets the script tag and its trace, as it streams.

    <head>  <meta name="traceparent">, the tag, then what was there
    no <head>: before <body>'s content; neither: at the end

A page that a shared cache may keep gets the tag alone: a trace in it would be every visitor's.
HTMLRewriter changes tokens as they pass, so a page of any size costs no memory; it opens gzip and
Brotli by itself, and what it cannot read is left as it is.

Source: Cloudflare Workers, "HTMLRewriter"; the rest is `page`'s, `html`'s and `csp`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import js
from pyodide.ffi import JsException, create_once_callable, create_proxy

from edgetrace._edge import IncomingRequest
from edgetrace_gateway import html, page
from edgetrace_gateway.consent import withheld
from edgetrace_gateway.csp import csp_nonce
from edgetrace_gateway.metrics import Counters
from edgetrace_gateway.paths import FOLDER, matches
from edgetrace_gateway.settings import GatewaySettings

from .files import Release
from .http import plain_headers

LOADER: Final = FOLDER + "agent.js"
READABLE: Final = frozenset(("", "identity", "gzip", "br"))
"""Content codings that workerd opens; others' bytes would be taken for HTML, and spoilt."""


def skipped(incoming: IncomingRequest, path: str, settings: GatewaySettings) -> str:
    """Why a request's page gets nothing, known before there is one; "" where it may."""
    if not settings.tag:
        return "switched_off"
    if matches(settings.skip_paths, path):
        return "path"
    return withheld(incoming.headers, settings)


def may_be_page(response: Any) -> bool:
    """Whether a response says that it is HTML, by the one header that tells most others apart."""
    kind = response.headers.get("content-type")
    return isinstance(kind, str) and "html" in kind.lower()


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
        if headers.get("content-length") == "0":  # nobody looks at nothing, but a script may
            return response
        cause = skipped(incoming, path, self._settings)
        if not cause and not page.may_inject(headers.get("cache-control", "")):
            cause = "no_transform"
        if not cause and headers.get("content-encoding", "").strip().lower() not in READABLE:
            cause = "failed"
        if cause:
            return self._left_alone(response, cause)
        trace = ""
        if self._settings.traceparent and not page.is_shared(headers):
            trace = html.traceparent_meta(traceparent)
        tag = html.script_tag(
            f"{LOADER}?v={release.version}" if release.version else LOADER,
            self._settings.tag_attributes,
            csp_nonce(headers),
            release.integrity,
        )
        changed = page.changed_headers(headers)
        if trace:
            changed["cache-control"] = page.unshared(headers.get("cache-control", ""))
        copy = _with_headers(response, changed)
        if trace:
            copy.headers.append("server-timing", html.server_timing(traceparent))
        try:
            rewritten = _insert(trace + tag, copy)
        except JsException:  # a charset that no HTML is written in, UTF-16: nothing is read yet
            return self._left_alone(response, "failed")
        self._counters.add("pages", "traceparent" if trace else "tag")
        return rewritten

    def _left_alone(self, response: Any, cause: str) -> Any:
        self._counters.add("pages", "left_alone")
        self._counters.add("page_skips", cause)
        return response


def _with_headers(response: Any, changed: Mapping[str, str | None]) -> Any:
    copy = js.Response.new(response.body, response)
    for name, value in changed.items():
        if value is None:
            copy.headers.delete(name)
        else:
            copy.headers.set(name, value)
    return copy


def _insert(markup: str, response: Any) -> Any:
    """The response with markup in it once, at the first good place.

    The end's callable owns the element's proxy, and nothing owns the end's but the page: so both go
    when the last byte has passed, or with a page that was given up half-way.

    Raises:
        JsException: HTMLRewriter does not take the page; its body is not read.
    """
    left = [markup]
    as_html = js.Object.new()
    as_html.html = True

    def at_element(element: Any) -> None:
        if left:
            element.prepend(left.pop(), as_html)

    proxy = create_proxy(at_element)

    def at_end(end: Any) -> None:
        if left:
            end.append(left.pop(), as_html)
        proxy.destroy()

    on_element, on_document = js.Object.new(), js.Object.new()
    on_element.element, on_document.end = proxy, create_once_callable(at_end)
    rewriter = js.HTMLRewriter.new()
    rewriter.on("head", on_element).on("body", on_element).onDocument(on_document)
    return rewriter.transform(response)
