# SPDX-License-Identifier: MIT OR Apache-2.0
"""The seam to workerd: requests, `env`, `waitUntil` and fetch, as the Workers SDK hands them over.

Beside `_pyodide` the only module that imports JavaScript, and the only one that changes anything of
the isolate's: after the first traced event, `fetch` of `js`, and with it Pyodide's and the SDK's,
makes client spans while a traced handler runs, and is its old self at any other time.

Sources: Cloudflare Workers, "Runtime APIs: Fetch"; workers-runtime-sdk 1.9; Pyodide 314,
`pyodide.http`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

import js
from pyodide.ffi import JsException, create_proxy, to_js

from ._binding_names import raw
from ._bindings import TracedFetch
from ._edge import EdgeRuntime, IncomingRequest, current_invocation
from ._edge_facts import PROPERTIES
from ._http import client_span, set_response, split_url
from ._mirror import PlatformMirror
from ._propagation import get_propagators
from ._pyodide import FetchTransport, page_clock
from ._records import NamedTuple
from ._types import NO_ATTRIBUTES, Attributes, Clock, SpanKind, SpanMirror, Transport

_PYFETCH: Final = "pyodide.http._pyfetch"


class _Readers(NamedTuple):
    """JavaScript that every request needs, looked up once: a look-up costs as much as the call.

    Attributes:
        from_entries: Makes a plain object of headers.
        stringify: JSON, by which an object of any size crosses as one string.
        properties: Of `cf`, those to cross.
    """

    from_entries: Callable[..., Any]
    stringify: Callable[..., str]
    properties: Any


class Workerd:
    """The `EdgePlatform` of Cloudflare Workers, and of workerd on any machine."""

    def __init__(self) -> None:
        """Nothing is read or changed yet."""
        self._fetch: Callable[..., Awaitable[Any]] | None = None
        self._readers: _Readers | None = None

    def clock(self) -> Clock:
        """See `EdgePlatform`; workerd's clocks move only at I/O, so a span may be 0 ns long."""
        return page_clock()

    def transport(self) -> Transport:
        """See `EdgePlatform`."""
        return FetchTransport()

    def environ(self, env: Any) -> Mapping[str, str]:
        """See `EdgePlatform`; numbers and switches written as JSON are as good as text."""
        variables = {}
        for name, value in js.Object.entries(raw_env(env)):
            if isinstance(value, bool):
                variables[str(name)] = str(value).lower()
            elif isinstance(value, str | int | float):
                variables[str(name)] = str(value)
        return variables

    def incoming(self, request: Any) -> IncomingRequest:
        """See `EdgePlatform`."""
        raw = getattr(request, "js_object", request)
        read = self._readers or self._make_readers()
        headers: dict[str, str] = json.loads(read.stringify(read.from_entries(raw.headers)))
        cf = getattr(raw, "cf", None)
        facts = json.loads(read.stringify(cf, read.properties)) if cf else {}
        return IncomingRequest(str(raw.method), str(raw.url), headers, facts)

    def _make_readers(self) -> _Readers:
        properties = to_js(PROPERTIES)
        self._readers = _Readers(js.Object.fromEntries, js.JSON.stringify, properties)
        return self._readers

    def wait_until(self, ctx: Any, work: Coroutine[Any, Any, None]) -> None:
        """See `EdgePlatform`; a task, because a bare coroutine would lose its context variables."""
        task = asyncio.ensure_future(work)
        # The SDK has taught the ctx of a class to keep what it is given, not that of a function.
        proxy = create_proxy(task)
        task.add_done_callback(lambda _: proxy.destroy())
        if ctx is not None:
            ctx.waitUntil(proxy)
            return
        from workers import wait_until  # what the platform takes the event to be

        wait_until(proxy)

    def plain_fetch(self, *arguments: Any) -> Awaitable[Any]:
        """The platform's fetch, without a span, for who makes one itself."""
        response: Awaitable[Any] = (self._fetch or js.fetch)(*arguments)
        return response

    def mirror(self) -> SpanMirror:
        """See `EdgePlatform`."""
        return PlatformMirror()

    def instrument_fetch(self, runtime: EdgeRuntime) -> None:
        """See `EdgePlatform`; the first runtime of an isolate makes the spans."""
        if self._fetch is not None:
            return
        plain = self._fetch = js.fetch

        def fetch(*arguments: Any, **options: Any) -> Any:
            if current_invocation() is None or not arguments:
                return plain(*arguments, **options)
            resource, init = (*arguments, None)[:2]
            if options:
                given = to_js(options, dict_converter=js.Object.fromEntries)
                init = js.Object.assign(js.Object.new(), init, given)
            arguments = (resource, js.Object.new() if init is None else init)
            work = _traced(runtime, plain, NO_ATTRIBUTES, arguments, {})
            return asyncio.ensure_future(work)  # a promise for JavaScript too

        js.fetch = create_proxy(fetch, roundtrip=False)
        if _PYFETCH in sys.modules:
            sys.modules[_PYFETCH]._jsfetch = fetch  # type: ignore[attr-defined]

    def traced_fetch(self, runtime: EdgeRuntime) -> TracedFetch:
        """See `EdgePlatform`."""

        def fetch(
            call: Callable[..., Awaitable[Any]],
            attributes: Attributes,
            args: tuple[Any, ...],
            kwargs: dict[str, Any],
        ) -> Awaitable[Any]:
            return _traced(runtime, call, attributes, args, kwargs)

        return fetch


def raw_env(env: Any) -> Any:
    """JavaScript's `env`, out of the SDK's wrapper and ours."""
    return raw(raw(env, "_traced_env"), "_env")


async def _traced(
    runtime: EdgeRuntime,
    call: Callable[..., Awaitable[Any]],
    attributes: Attributes,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Make a client span around a fetch, whose headers get its context.

    Args:
        runtime: Whose span.
        call: `fetch(resource, init)` or the SDK's `fetch(resource, **options)`.
        attributes: More of the span's.
        args: What it was called with: a URL or a request, JavaScript's or the SDK's; and an init.
        kwargs: The SDK's options.
    """
    try:
        method, url, headers = _request(args, kwargs)
        provider = runtime.provider
        assert provider is not None  # noqa: S101  # `ready` was True
        name, known = client_span(method, url, provider.settings.url_query)
    except (JsException, AttributeError, TypeError, IndexError):
        return await call(*args, **kwargs)  # not as fetch is called: its own error says so best
    with runtime.tracer.start_as_current_span(
        name, kind=SpanKind.CLIENT, attributes={**known, **attributes}
    ) as span:
        if _may_propagate(url, runtime.settings.propagate_to):
            for field, value in get_propagators().headers().items():
                headers.set(field, value)
            args, kwargs = _with_headers(args, kwargs, headers)
        response = await call(*args, **kwargs)
        if span.is_recording():
            set_response(span, response.status, {})
        return response


def _request(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, str, Any]:
    """Method, URL and a copy of the headers of a fetch that is about to be made."""
    resource = getattr(args[0], "js_object", args[0])
    init = args[1] if len(args) > 1 else None
    is_text = isinstance(resource, str)
    method, given = kwargs.get("method"), kwargs.get("headers")
    if init is not None:
        method = method or getattr(init, "method", None)
        given = given or getattr(init, "headers", None)
    if not is_text:
        method = method or getattr(resource, "method", None)
        given = given or getattr(resource, "headers", None)
    method = str(getattr(method, "value", method) or "GET").upper()
    if isinstance(given, dict | list):
        given = to_js(list(given.items() if isinstance(given, dict) else given))
    headers = js.Headers.new(given) if given else js.Headers.new()
    return method, str(resource if is_text else getattr(resource, "url", resource)), headers


def _with_headers(
    args: tuple[Any, ...], kwargs: dict[str, Any], headers: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if len(args) > 1:
        init = js.Object.assign(js.Object.new(), args[1])
        init.headers = headers
        return (args[0], init, *args[2:]), kwargs
    return args, {**kwargs, "headers": headers}  # a JavaScript function gets them as its init


def _may_propagate(url: str, hosts: tuple[str, ...]) -> bool:
    if "*" in hosts:
        return True
    host = split_url(url).host.lower()
    return any(host == name or (name[:2] == "*." and host.endswith(name[1:])) for name in hosts)
