# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_config`: three doors to one set of validated settings."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from edgetrace._config import Settings
from edgetrace._options import OPTIONS
from edgetrace.errors import ConfigError
from tests.strategies import HOSTILE


def test_defaults_are_the_specification_s() -> None:
    """OTEL_BSP_*, OTEL_SPAN_* and OTLP defaults, with 60 KiB for keepalive bodies."""
    settings = Settings()
    assert settings.traces_url == "http://localhost:4318/v1/traces"
    assert (settings.schedule_delay_ms, settings.export_timeout_ms) == (5_000, 30_000)
    assert (settings.max_queue_size, settings.max_export_batch_size) == (2_048, 512)
    assert (settings.attribute_count_limit, settings.span_event_count_limit) == (128, 128)
    assert (settings.timeout_ms, settings.max_request_bytes) == (10_000, 61_440)
    assert settings.sampler == "parentbased_always_on"


def test_the_three_doors_agree() -> None:
    """Keywords, variables and data attributes give the same settings."""
    by_options = Settings.from_options(service_name="shop", sample_ratio=0.5, debug=True)
    by_environ = Settings.from_environ(
        {"OTEL_SERVICE_NAME": "shop", "EDGETRACE_SAMPLE_RATIO": "0.5", "EDGETRACE_DEBUG": "true"}
    )
    by_dataset = Settings.from_dataset({"serviceName": "shop", "sampleRatio": "0.5", "debug": ""})
    assert by_options == by_environ == by_dataset


@pytest.mark.parametrize(
    ("environ", "options", "endpoint"),
    [
        ({}, {}, "http://localhost:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c/"}, {}, "http://c/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c/otlp"}, {}, "http://c/otlp/v1/traces"),
        (
            {
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c",
            },
            {},
            "http://t",
        ),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t"}, {"endpoint": "http://k"}, "http://k"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ""}, {}, "http://localhost:4318/v1/traces"),
        ({"UNRELATED": "x"}, {}, "http://localhost:4318/v1/traces"),
    ],
)
def test_the_more_specific_stands_first(
    environ: dict[str, str], options: dict[str, Any], endpoint: str
) -> None:
    """Keywords before variables, TRACES variables before general ones; empty means not given."""
    assert Settings.from_environ(environ, **options).traces_url == endpoint


def test_signal_specific_variables_stand_before_general_ones() -> None:
    """OTEL_EXPORTER_OTLP_TRACES_TIMEOUT beats OTEL_EXPORTER_OTLP_TIMEOUT, whatever the order."""
    environ = {"OTEL_EXPORTER_OTLP_TIMEOUT": "5", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "7"}
    assert Settings.from_environ(environ).timeout_ms == 7


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Settings.from_options(timeout_ms="soon"), "timeout_ms='soon'"),
        (
            lambda: Settings.from_environ({"OTEL_BSP_SCHEDULE_DELAY": "x"}),
            "OTEL_BSP_SCHEDULE_DELAY='x'",
        ),
        (lambda: Settings.from_dataset({"maxQueueSize": "0"}), "data-max-queue-size='0'"),
        (lambda: Settings.from_options(servicename="x"), "servicename='x'"),
        (lambda: Settings.from_options(cls="x"), "cls='x'"),
        (lambda: Settings.from_environ({}, environ="x"), "environ='x'"),
        (lambda: Settings.from_options(sample_ratio=10**400), "sample_ratio=1000"),
        (
            lambda: Settings.from_options(max_queue_size=4, max_export_batch_size=5),
            "max_export_batch_size=5",
        ),
    ],
)
def test_errors_name_the_option_as_it_was_written(make: Any, named: str) -> None:
    """A keyword, a variable, a data attribute: the message has the user's own name and value."""
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value).startswith(named)
    assert ": use " in str(caught.value) or "; use " in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"authorization": "Bearer secret\n"}},
        {"headers": "secret"},
        {"endpoint": "https://user:secret@collector.example"},
    ],
)
def test_credentials_are_not_shown(options: dict[str, Any]) -> None:
    """Messages end up in consoles and logs, so a refused credential is not repeated there."""
    with pytest.raises(ConfigError) as caught:
        Settings.from_options(**options)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("option", OPTIONS)
def test_hostile_values_are_config_errors(option: str) -> None:
    """Whatever is given, an option is taken or a ConfigError says how to give it."""
    for name in sorted(set(HOSTILE) - {"endless mapping"}):
        with suppress(ConfigError):
            assert isinstance(Settings.from_options(**{option: HOSTILE[name]()}), Settings)


def test_a_smaller_queue_takes_the_batch_with_it() -> None:
    """max_queue_size alone lowers the default batch size; both given must agree."""
    assert Settings.from_options(max_queue_size=100).max_export_batch_size == 100
    assert Settings.from_options(max_queue_size=4_096).max_export_batch_size == 512
    with pytest.raises(ConfigError, match="max_export_batch_size"):
        Settings(max_queue_size=100)


def test_the_resource_tells_service_and_sdk() -> None:
    """Named options stand before resource attributes, the SDK's own attributes before both."""
    settings = Settings.from_options(
        service_name="shop",
        environment="test",
        resource_attributes="service.name=other,service.version=2,telemetry.sdk.name=x,a=b",
    )
    attributes = settings.resource().attributes
    assert attributes["service.name"] == "shop"
    assert attributes["service.version"] == "2"
    assert attributes["deployment.environment.name"] == "test"
    assert attributes["telemetry.sdk.name"] == "edgetrace"
    assert attributes["a"] == "b"
    assert Settings().resource().attributes["service.name"] == "unknown_service"


def test_settings_are_frozen() -> None:
    """One provider's configuration does not change under it."""
    with pytest.raises(AttributeError):
        Settings().endpoint = "x"  # type: ignore[misc]


def test_settings_are_records() -> None:
    """Equal by value, copied with changes, shown without secrets; nothing unknown is taken."""
    settings = Settings(service_name="shop", headers={"authorization": "s3cr3t"})
    assert settings == Settings(headers={"authorization": "s3cr3t"}, service_name="shop")
    assert settings != settings.replace(debug=True)
    assert settings.replace(debug=True).service_name == "shop"
    assert "service_name='shop'" in repr(settings)
    assert "s3cr3t" not in repr(settings)
    with pytest.raises(TypeError, match="Settings has no option 'servicename'"):
        Settings(servicename="shop")  # type: ignore[call-arg]
    with pytest.raises(ConfigError):
        settings.replace(max_queue_size=1)
    with pytest.raises(AttributeError):
        del settings.headers
