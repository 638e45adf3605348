# SPDX-License-Identifier: MIT OR Apache-2.0
"""The environment variables of each option: a host's and an edge worker's way to set them.

A table of its own, because a page has no environment: its runtime does not carry it.

Source: OpenTelemetry specification, configuration/sdk-environment-variables and protocol/exporter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _otlp(name: str) -> tuple[str, str]:
    return f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}"


VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "endpoint": ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",),
    "base_endpoint": ("OTEL_EXPORTER_OTLP_ENDPOINT",),
    "headers": _otlp("HEADERS"),
    "protocol": _otlp("PROTOCOL"),
    "compression": _otlp("COMPRESSION"),
    "timeout_ms": _otlp("TIMEOUT"),
    "service_name": ("OTEL_SERVICE_NAME",),
    "service_version": ("EDGETRACE_SERVICE_VERSION",),
    "environment": ("EDGETRACE_ENVIRONMENT",),
    "resource_attributes": ("OTEL_RESOURCE_ATTRIBUTES",),
    "sampler": ("OTEL_TRACES_SAMPLER",),
    "sampler_arg": ("OTEL_TRACES_SAMPLER_ARG",),
    "sample_ratio": ("EDGETRACE_SAMPLE_RATIO",),
    "propagators": ("OTEL_PROPAGATORS",),
    "attribute_count_limit": ("OTEL_ATTRIBUTE_COUNT_LIMIT",),
    "attribute_value_length_limit": ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",),
    "span_attribute_count_limit": ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",),
    "span_attribute_value_length_limit": ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",),
    "span_event_count_limit": ("OTEL_SPAN_EVENT_COUNT_LIMIT",),
    "span_link_count_limit": ("OTEL_SPAN_LINK_COUNT_LIMIT",),
    "event_attribute_count_limit": ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",),
    "link_attribute_count_limit": ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",),
    "schedule_delay_ms": ("OTEL_BSP_SCHEDULE_DELAY",),
    "export_timeout_ms": ("OTEL_BSP_EXPORT_TIMEOUT",),
    "max_queue_size": ("OTEL_BSP_MAX_QUEUE_SIZE",),
    "max_export_batch_size": ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE",),
    "max_request_bytes": ("EDGETRACE_MAX_REQUEST_BYTES",),
    "url_query": ("EDGETRACE_URL_QUERY",),
    "attribute_values": ("EDGETRACE_ATTRIBUTE_VALUES",),
    "phases": ("EDGETRACE_PHASES",),
    "disabled": ("OTEL_SDK_DISABLED",),
    "debug": ("EDGETRACE_DEBUG",),
}
"""By option, the more specific first."""
