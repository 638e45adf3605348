# SPDX-License-Identifier: MIT OR Apache-2.0
"""A provider's validated configuration, and its defaults; `_options` has the table of forms.

Three front doors, one check: `from_options` (keywords), `from_environ` (a mapping of variables: a
Worker's `env`, `os.environ`) and `from_dataset` (the script tag's `dataset`). Each raises
`ConfigError` naming the option as its user wrote it. Nothing is read from the process by itself: a
Worker has no `os.environ`.

Source: OpenTelemetry specification, configuration/sdk-environment-variables and protocol/exporter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

from ._camel import camel_case
from ._options import OPTIONS, parse_options
from ._records import Options
from ._types import NO_ATTRIBUTES, Attributes, AttributeValue, Resource
from ._variables import VARIABLES
from ._version import VERSION
from .errors import ConfigError

NO_HEADERS: Final[Mapping[str, str]] = {}
MAX_REQUEST_BYTES: Final = 61_440
"""60 KiB: browsers allow 64 KiB of keepalive bodies in flight. Fetch, "HTTP-network-or-cache
fetch".
"""


class Settings(Options):
    """One provider's configuration; docs/configuration.md says what each option is for."""

    # Headers are secrets, and addresses may hold some.
    _hidden = frozenset(("endpoint", "base_endpoint", "headers"))

    endpoint: str = ""
    base_endpoint: str = "http://localhost:4318"
    headers: Mapping[str, str] = NO_HEADERS
    protocol: str = "http/protobuf"
    compression: str = "gzip"
    timeout_ms: int = 10_000
    service_name: str = ""
    service_version: str = ""
    environment: str = ""
    resource_attributes: Attributes = NO_ATTRIBUTES
    sampler: str = "parentbased_always_on"
    sampler_arg: str = ""
    sample_ratio: float | None = None
    propagators: tuple[str, ...] = ("tracecontext", "baggage")
    attribute_count_limit: int = 128
    attribute_value_length_limit: int | None = None
    span_attribute_count_limit: int | None = None
    span_attribute_value_length_limit: int | None = None
    span_event_count_limit: int = 128
    span_link_count_limit: int = 128
    event_attribute_count_limit: int = 128
    link_attribute_count_limit: int = 128
    schedule_delay_ms: int = 5_000
    export_timeout_ms: int = 30_000
    max_queue_size: int = 2_048
    max_export_batch_size: int = 512
    max_request_bytes: int = MAX_REQUEST_BYTES
    url_query: str = "redact"
    attribute_values: str = "redact"
    phases: str = "attributes"
    disabled: bool = False
    debug: bool = False

    def __post_init__(self) -> None:
        """Hold the one rule between options.

        Raises:
            ConfigError: A batch would be larger than the queue that it is cut from.
        """
        if self.max_export_batch_size > self.max_queue_size:
            raise ConfigError(
                "max_export_batch_size",
                self.max_export_batch_size,
                f"use at most max_queue_size, which is {self.max_queue_size}",
            )

    @classmethod
    def from_options(cls, /, **options: object) -> Settings:
        """Validate keywords, each in its Python type or as text.

        Raises:
            ConfigError: An option is unknown, or its value is not of its form.
        """
        return cls._validated((name, name, value) for name, value in options.items())

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], /, **options: object) -> Settings:
        """Validate `OTEL_*` and `EDGETRACE_*` variables; others, and empty values, are ignored.

        Args:
            environ: Variables by name.
            options: Keywords that stand before the variables, as in `from_options`.

        Raises:
            ConfigError: A known variable's value is not of its form.
        """
        variables = (
            (variable, name, environ[variable])
            for name in OPTIONS
            for variable in VARIABLES[name]
            if environ.get(variable, "") != ""
        )
        keywords = ((name, name, value) for name, value in options.items())
        return cls._validated(chain(keywords, variables))

    @classmethod
    def from_dataset(cls, dataset: Mapping[str, str]) -> Settings:
        """Validate a script tag's `dataset`: camelCase keys; those of no option belong to the
        loader.

        Raises:
            ConfigError: A known attribute's value is not of its form.
        """
        return cls._validated(
            (f"data-{name.replace('_', '-')}", name, dataset[key])
            for name in OPTIONS
            if (key := camel_case(name)) in dataset
        )

    @classmethod
    def _validated(cls, given: Iterable[tuple[str, str, object]]) -> Settings:
        values = parse_options(given, OPTIONS)
        if "max_queue_size" in values:  # a smaller queue alone lowers the batch with it
            values.setdefault(
                "max_export_batch_size", min(cls.max_export_batch_size, values["max_queue_size"])
            )
        return cls(**values)

    @property
    def traces_url(self) -> str:
        """Where spans are POSTed: `endpoint` as it is, else `base_endpoint` with OTLP's path."""
        return self.endpoint or self.base_endpoint.rstrip("/") + "/v1/traces"

    def resource(self) -> Resource:
        """The service's attributes and the SDK's own. Source: semantic conventions, resource."""
        attributes: dict[str, AttributeValue] = {
            "service.name": "unknown_service",
            **self.resource_attributes,
            "telemetry.sdk.name": "edgetrace",
            "telemetry.sdk.language": "python",
            "telemetry.sdk.version": VERSION,
        }
        named = {
            "service.name": self.service_name,
            "service.version": self.service_version,
            "deployment.environment.name": self.environment,
        }
        attributes.update({key: value for key, value in named.items() if value})
        return Resource(attributes)
