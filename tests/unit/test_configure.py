# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_configure`: one call makes a provider, or says what is wrong with it."""

from __future__ import annotations

import logging
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

import edgetrace
from edgetrace._clock import AnchoredClock
from edgetrace._configure import configure
from edgetrace._propagation import Propagators, set_propagators
from edgetrace._tracer import get_tracer_provider, set_tracer_provider
from edgetrace._types import ExportRequest, ExportResponse
from edgetrace.errors import AgentError, ConfigError, TransportError, UnsupportedPlatformError
from edgetrace.testing import InMemoryExporter, ManualClock
from tests.otlp_messages import decode
from tests.virtual_time import LoopClock, run


class Receiver:
    """A transport that keeps what it is sent."""

    def __init__(self, *answers: Any) -> None:
        """Answer with 200, or as told first."""
        self.requests: list[ExportRequest] = []
        self.answers = list(answers)

    async def send(self, request: ExportRequest) -> ExportResponse:
        """See `Transport`."""
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else ExportResponse(200, {}, b"")
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def _clean_globals() -> Iterator[None]:
    yield
    set_tracer_provider(None)
    set_propagators(Propagators())


def test_a_span_all_the_way() -> None:
    """Configure, trace, flush: a receiver decodes the span, its scope and its resource."""

    async def main() -> None:
        receiver = Receiver()
        provider = configure(
            transport=receiver,
            service_name="shop",
            endpoint="http://c/v1/traces",
            clock=LoopClock(),
        )
        assert get_tracer_provider() is provider
        with edgetrace.get_tracer("lib", "1").start_as_current_span("work") as span:
            span.set_attribute("n", 1)
        assert await provider.force_flush()
        (request,) = receiver.requests
        assert request.url == "http://c/v1/traces"
        (resource_spans,) = decode(request).resource_spans
        resource = {
            each.key: each.value.string_value for each in resource_spans.resource.attributes
        }
        assert resource["service.name"] == "shop"
        (scope_spans,) = resource_spans.scope_spans
        assert scope_spans.scope.name == "lib"
        assert [each.name for each in scope_spans.spans] == ["work"]
        assert await provider.shutdown()

    run(main())


def test_outside_pyodide_something_has_to_send() -> None:
    """The error says what to give."""
    with pytest.raises(UnsupportedPlatformError, match="transport="):
        configure()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"endpoint": "nowhere"}, "endpoint"),
        ({"nonsense": 1}, "nonsense"),
        ({"sampler": "sometimes"}, "sampler"),
        ({"sampler": "traceidratio", "sampler_arg": "x"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"propagators": "b3"}, "OTEL_PROPAGATORS"),
        ({"environ": {"OTEL_BSP_MAX_QUEUE_SIZE": "-1"}}, "OTEL_BSP_MAX_QUEUE_SIZE"),
    ],
)
def test_wrong_options_raise_and_change_nothing(options: dict[str, Any], named: str) -> None:
    """The program's provider stays what it was."""
    before = configure(exporter=InMemoryExporter())
    with pytest.raises(ConfigError, match=named):
        configure(exporter=InMemoryExporter(), **options)
    assert get_tracer_provider() is before


def test_keywords_stand_before_variables() -> None:
    """And variables before defaults."""
    provider = configure(
        exporter=InMemoryExporter(),
        environ={"OTEL_SERVICE_NAME": "a", "EDGETRACE_ENVIRONMENT": "test"},
        service_name="b",
    )
    assert (provider.settings.service_name, provider.settings.environment) == ("b", "test")


def test_a_sampler_is_an_object_or_a_name() -> None:
    """Either way it decides."""
    for sampler in ("always_off", edgetrace.AlwaysOff()):
        exporter = InMemoryExporter()
        provider = configure(exporter=exporter, sampler=sampler)
        provider.get_tracer("x").start_span("x").end()
        assert exporter.spans == []


def test_the_propagators_are_set() -> None:
    """OTEL_PROPAGATORS=none writes no header; the next configure() writes them again."""
    for names, written in (("none", []), ("tracecontext,baggage", ["traceparent"])):
        configure(exporter=InMemoryExporter(), propagators=names)
        carrier: dict[str, str] = {}
        with edgetrace.get_tracer("x").start_as_current_span("x"):
            edgetrace.inject(carrier)
        assert list(carrier) == written


def test_the_platform_s_clock_and_entropy_are_the_default() -> None:
    """On CPython: anchored time and os.urandom."""
    provider = configure(exporter=InMemoryExporter())
    assert isinstance(provider.clock, AnchoredClock)
    assert provider.ids.new_span_id() != provider.ids.new_span_id()


def test_a_handler_that_raises_stops_nothing() -> None:
    """Neither the application's call nor the retry of a failed send."""

    def broken(error: AgentError) -> None:
        told.append(error)
        raise RuntimeError("handler")

    told: list[AgentError] = []

    async def main() -> None:
        receiver = Receiver(TransportError("down"))
        provider = configure(transport=receiver, error_handler=broken, clock=LoopClock())
        provider.get_tracer("x").start_span("x").end("never")  # type: ignore[arg-type]
        assert await provider.force_flush()
        assert provider.counters()["exported"] == 1

    run(main())
    assert len(told) == 2


def test_by_default_faults_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Misuse and failed sends alike, by one handler."""

    async def main() -> None:
        provider = configure(transport=Receiver(TransportError("down")), clock=LoopClock())
        provider.get_tracer("x").start_span("x").end("never")  # type: ignore[arg-type]
        assert await provider.force_flush()

    with caplog.at_level(logging.WARNING, "edgetrace"):
        run(main())
    assert [message.split(":")[0] for message in caplog.messages] == [
        *("MisuseError", "TransportError"),
    ]


def test_an_exporter_of_one_s_own_stands_before_a_transport() -> None:
    """Nothing is sent, and flushing has nothing to do."""

    async def main() -> None:
        receiver, exporter = Receiver(), InMemoryExporter()
        provider = configure(transport=receiver, exporter=exporter)
        provider.get_tracer("x").start_span("x").end()
        assert await provider.force_flush()
        assert (len(exporter.spans), receiver.requests) == (1, [])

    run(main())


def test_in_pyodide_the_platform_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's clock and fetch; what is given stands before them."""
    receiver, clock = Receiver(), ManualClock()
    platform: Any = types.ModuleType("edgetrace._pyodide")
    platform.page_clock = lambda: clock
    platform.FetchTransport = lambda: receiver
    monkeypatch.setitem(sys.modules, "edgetrace._pyodide", platform)
    monkeypatch.setattr(edgetrace, "_pyodide", platform, raising=False)
    monkeypatch.setattr(sys, "platform", "emscripten")

    async def main() -> None:
        provider = configure()
        assert provider.clock is clock
        provider.get_tracer("x").start_span("x").end()
        assert await provider.force_flush()
        assert len(receiver.requests) == 1
        own = ManualClock()
        assert configure(clock=own, transport=Receiver()).clock is own

    run(main())
