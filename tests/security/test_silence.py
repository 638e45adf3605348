# SPDX-License-Identifier: MIT OR Apache-2.0
"""The secrets of who deploys, headers and addresses with keys: in requests, and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import pytest

from edgetrace import ConfigError, Settings, TracerProvider, configure, get_tracer
from edgetrace._edge_config import edge_settings
from edgetrace._types import ExportRequest, ExportResponse
from edgetrace.errors import TransportError
from edgetrace.testing import ManualClock

KEY: Final = "the-c0llectors-key"
ENVIRON: Final = {
    "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={KEY},authorization=Bearer%20{KEY}",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"https://collector.example/v1/traces?api-key={KEY}",
}


class Refusing:
    """Answers as told, and keeps what it was asked.

    Attributes:
        asked: All requests.
    """

    def __init__(self, *answers: int) -> None:
        self.asked: list[ExportRequest] = []
        self._answers = list(answers)

    async def send(self, request: ExportRequest) -> ExportResponse:
        """See `Transport`."""
        self.asked.append(request)
        status = self._answers.pop(0) if self._answers else 200
        if not status:
            raise TransportError("connection refused")
        return ExportResponse(status, {}, b"no")


def run(*answers: int) -> tuple[TracerProvider, Refusing, list[str]]:
    """One span through every fault; the provider, what was sent, and all errors in full."""
    transport, said = Refusing(*answers), list[str]()

    async def work() -> TracerProvider:
        provider = configure(
            environ=ENVIRON,
            transport=transport,
            clock=ManualClock(),
            error_handler=lambda error: said.append(f"{error!r} {error} {vars(error)}"),
        )
        get_tracer("t").start_span("work").end()
        get_tracer("t").start_span("").set_attribute("a", object())  # type: ignore[arg-type]
        await provider.force_flush(1_000)
        return provider

    return asyncio.run(work()), transport, said


@pytest.mark.parametrize("answers", [(400,), (0,), (503,), (401,), ()])
def test_headers_are_sent_and_never_said(
    answers: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Not by errors, logs and counters, nor where anything of ours is printed."""
    caplog.set_level(logging.DEBUG)
    provider, transport, said = run(*answers)
    sent = transport.asked[0]
    assert (sent.headers["x-key"], KEY in sent.url) == (KEY, True)
    shown = [repr(sent), str(sent), f"{transport.asked}", repr(provider), repr(vars(provider))]
    shown += [repr(provider.settings.resource()), str(provider.counters()), caplog.text, *said]
    assert KEY not in "\n".join(shown)


def test_settings_show_neither_headers_nor_addresses() -> None:
    """A dataclass prints all its fields; of these it prints none."""
    settings, edge = edge_settings(ENVIRON, {})
    assert settings.headers["x-key"] == KEY
    assert KEY not in repr(settings) + repr(edge)


def test_only_needed_headers_are_sent() -> None:
    """What describes the body, and what the deployer named: no cookie, agent or trace of ours."""
    _, transport, _ = run()
    assert set(transport.asked[0].headers) == {"content-type", "x-key", "authorization"}


@pytest.mark.parametrize(
    "options",
    [
        {"headers": f"x key={KEY}"},
        {"headers": {"x-key": f"{KEY}\r\nx-evil: 1"}},
        {"headers": f"x-key={KEY}%0d%0ax-evil:%201"},
        {"headers": f"x-key={KEY}%0ax-evil:%201"},
        {"headers": {f"x-{KEY}\r\nx-evil": "1"}},
        {"headers": [KEY]},
        {"header": f"x-key={KEY}"},
        {"header": {"x-key": KEY}},
        {"endpoint": f"ftp://collector.example/?api-key={KEY}"},
        {"endpoint": f"https://me:{KEY}@collector.example/"},
        {"base_endpoint": f"collector?token={KEY}"},
    ],
    ids=range(11),
)
def test_what_is_refused_is_not_shown(options: dict[str, Any]) -> None:
    """A wrong header or address raises, line breaks included, without the secret in it."""
    with pytest.raises(ConfigError) as caught:
        Settings.from_options(**options)
    assert KEY not in f"{caught.value} {caught.value!r} {vars(caught.value)}"
