# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_edge`: an isolate's tracing from its first event on, on a platform in memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from edgetrace._bindings import TracedEnv
from edgetrace._context import EMPTY
from edgetrace._current import get_current_span
from edgetrace._edge import EdgeRuntime, current_invocation
from edgetrace._propagation import Propagators, inject, set_propagators
from edgetrace._tracer import get_tracer, get_tracer_provider, set_tracer_provider
from edgetrace._types import ExportRequest, ExportResponse
from edgetrace.errors import ConfigError, TransportError
from tests.edge_platform import OK, Event, Platform, run
from tests.virtual_time import this_loop


@pytest.fixture(autouse=True)
def _no_provider() -> Iterator[None]:
    """The program's provider and propagators are the first runtime's."""
    set_tracer_provider(None)
    yield
    set_tracer_provider(None)
    set_propagators(Propagators())


def begun(platform: Platform, env: dict[str, str] | None = None, **options: Any) -> EdgeRuntime:
    """A runtime that has seen an event."""
    runtime = EdgeRuntime(platform, options)
    assert runtime.ready(env or {})
    return runtime


class Untouchable:
    """A platform of which nothing may be asked."""

    def __getattr__(self, name: str) -> Any:
        """Fail."""
        raise AssertionError(name)


def test_construction_is_inert() -> None:
    """Keywords are validated; the platform is not asked for anything."""
    runtime = EdgeRuntime(Untouchable(), {"service_name": "a"})
    assert runtime.counters() == {}
    runtime.deliver_after(None)
    env = object()
    assert runtime.traced_env(env) is env
    with pytest.raises(ConfigError, match="tail"):
        EdgeRuntime(Untouchable(), {"tail": "nonsense"})


def test_an_event_is_a_span_that_is_delivered_under_it() -> None:
    """With its caller's trace, and not before the batch is due."""

    async def main() -> None:
        platform, event = Platform(), Event()
        runtime = begun(platform)
        assert current_invocation() is None
        with runtime.invocation(event, "GET", attributes={"a": 1}) as span:
            invocation = current_invocation()
            assert invocation is not None
            assert invocation.ctx is event
            assert not invocation.is_over
            assert get_current_span() is span
        assert invocation.is_over
        assert current_invocation() is None
        assert get_current_span() is not span
        assert platform.sent == []
        await asyncio.sleep(5)
        assert platform.times == [1.0]
        assert platform.span("GET").trace_id == span.context.trace_id
        assert event.is_done

    run(main())


def test_an_exception_goes_on() -> None:
    """Recorded, and the event is over."""

    async def main() -> None:
        platform, event = Platform(), Event()
        runtime = begun(platform)
        with pytest.raises(ValueError, match="a bug"), runtime.invocation(event, "GET"):
            raise ValueError("a bug")
        assert current_invocation() is None
        await asyncio.sleep(5)
        assert [each.name for each in platform.span("GET").events] == ["exception"]

    run(main())


def test_settings_come_from_the_first_events_env(caplog: pytest.LogCaptureFixture) -> None:
    """Keywords stand before them; later events change nothing."""

    async def main() -> None:
        platform = Platform()
        env = {"OTEL_SERVICE_NAME": "theirs", "OTEL_RESOURCE_ATTRIBUTES": "a=b"}
        runtime = begun(platform, env, service_name="ours")
        assert runtime.ready({"OTEL_SDK_DISABLED": "nonsense"})
        assert runtime.provider is not None
        resource = runtime.provider.settings.resource().attributes
        assert (resource["service.name"], resource["a"]) == ("ours", "b")
        assert platform.tracing == [runtime]

    run(main())
    assert caplog.records == []


@pytest.mark.parametrize(
    "env", [{"OTEL_TRACES_SAMPLER": "some"}, {"EDGETRACE_TAIL": "x"}, None, 5], ids=range(4)
)
def test_a_wrong_env_is_said_once(env: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The Worker goes on untraced."""
    platform = Platform()
    runtime = EdgeRuntime(platform, {})
    for _ in range(3):
        assert not runtime.ready(env)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "this Worker is not traced: " in caplog.text
    assert platform.tracing == []
    assert runtime.counters() == {}


def test_the_first_runtime_of_an_isolate_is_the_programs() -> None:
    """Its tracer and its propagators; a second one keeps to itself."""

    async def main() -> None:
        platform, event = Platform(), Event()
        first = begun(platform, {"OTEL_PROPAGATORS": "none"})
        second = begun(platform, {"OTEL_PROPAGATORS": "baggage"}, service_name="b")
        assert get_tracer_provider() is first.provider
        with second.invocation(event, "GET"), get_tracer("app").start_as_current_span("work"):
            carrier: dict[str, str] = {}
            inject(carrier)
            assert carrier == {}
        assert (first.counters()["ended"], second.counters()["ended"]) == (1, 1)

    run(main())


def test_disabled() -> None:
    """No spans, no wrappers, nothing sent; the context goes through."""

    async def main() -> None:
        platform, event, env = Platform(), Event(), object()
        runtime = begun(platform, {"OTEL_SDK_DISABLED": "true"})
        with runtime.invocation(event, "GET") as span:
            assert not span.is_recording()
        assert runtime.traced_env(env) is env
        assert platform.tracing == []
        assert event.kept == []

    run(main())


def test_bindings_are_wrapped_once() -> None:
    """An env that is wrapped stays as it is."""
    runtime = begun(Platform(), binding_keys=True)
    env = runtime.traced_env(object())
    assert type(env) is TracedEnv
    assert runtime.traced_env(env) is env


def test_routes_and_tail_decide() -> None:
    """By variables: a route that is not sampled, a request that the tail drops, one it keeps."""

    async def main() -> None:
        platform, event = Platform(), Event()
        env = {"EDGETRACE_ROUTE_RATIOS": "/off=0", "EDGETRACE_TAIL": "errors"}
        runtime = begun(platform, env)
        for path, fails in [("/off", True), ("/quick", False), ("/broken", True)]:
            attributes = {"http.request.method": "GET", "url.path": path}
            try:
                with runtime.invocation(event, path, attributes=attributes):
                    assert not fails
            except AssertionError:
                pass
        await asyncio.sleep(5)
        assert [span.name for span in platform.spans] == ["/broken"]
        counters = runtime.counters()
        assert (counters["unsampled"], counters["tail_dropped"]) == (1, 1)

    run(main())


def test_a_tail_without_rules_is_none() -> None:
    """Everything is kept, and nothing waits."""
    assert "tail_waiting" not in begun(Platform(), {"EDGETRACE_TAIL": ","}).counters()


def test_spans_of_what_goes_on_after_the_event_are_delivered_under_it() -> None:
    """A task under waitUntil may end spans when nobody keeps a batch any more."""

    async def main() -> None:
        platform, event = Platform(), Event()
        runtime = begun(platform)

        async def later() -> None:
            await asyncio.sleep(10)
            with runtime.tracer.start_as_current_span("later"):
                pass

        with runtime.invocation(event, "GET") as span:
            event.waitUntil(later())
        await asyncio.sleep(9)
        assert len(event.kept) == 2
        await asyncio.sleep(5)
        assert platform.span("later").parent_span_id == span.context.span_id
        assert platform.times == [1.0, 11.0]

    run(main())


def test_a_span_outside_of_events_waits_for_the_next() -> None:
    """There is nothing that it could be delivered under."""

    async def main() -> None:
        platform, event = Platform(), Event()
        runtime = begun(platform)
        with runtime.tracer.start_as_current_span("free"):
            pass
        await asyncio.sleep(5)
        assert platform.sent == []
        with runtime.invocation(event, "GET"):
            pass
        await asyncio.sleep(5)
        assert [span.name for span in platform.spans] == ["free", "GET"]

    run(main())


def test_sending_is_no_part_of_the_event() -> None:
    """A flush inside a handler is not traced as one of its fetches; neither is a delivery."""

    async def main() -> None:
        seen: list[Any] = []

        async def answer(request: ExportRequest) -> ExportResponse:
            seen.append((current_invocation(), get_current_span().context.is_valid))
            return OK

        platform, event = Platform(answer), Event()
        runtime = begun(platform)
        with runtime.invocation(event, "GET"):
            with runtime.tracer.start_as_current_span("work"):
                pass
            assert runtime.provider is not None
            assert await runtime.provider.force_flush()
            assert current_invocation() is not None
        await asyncio.sleep(5)
        assert seen == [(None, False)] * 2

    run(main())


def test_a_ctx_that_refuses_changes_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    """The application has its result; the log says that spans wait."""

    class Refusing:
        def waitUntil(self, work: Any) -> None:  # noqa: N802  # the platform's
            work.close()
            raise RuntimeError("too late")

    async def main() -> None:
        with begun(Platform()).invocation(Refusing(), "GET", context=EMPTY):
            pass

    run(main())
    assert "spans were not sent: RuntimeError: too late" in caplog.text


def test_a_collector_that_is_down_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Not once per request."""

    async def main() -> None:
        runtime = begun(Platform(TransportError("ECONNREFUSED")))
        for _ in range(10):
            with runtime.invocation(Event(), "GET"):
                pass
            await asyncio.sleep(1)
        assert this_loop().now == 10

    run(main())
    assert caplog.text.count("ECONNREFUSED") == 1
