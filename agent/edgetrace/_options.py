# SPDX-License-Identifier: MIT OR Apache-2.0
"""How each option is given: the table of forms and variables, and the parsers behind it.

A parser takes text or the Python value and returns the validated value; whatever else it meets it
answers with an exception of any kind, and `Settings` makes the `ConfigError` that names the option.

Source: OpenTelemetry specification, configuration/sdk-environment-variables and protocol/exporter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ._attributes import clean_attributes
from ._percent import percent_decode
from ._types import Attributes

_URL: Final = re.compile(r"https?://[^\s/?#@\\]+(?:[/?][^\s@#\\]*)?", re.IGNORECASE)
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2, token
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, section 5.5


class Option(NamedTuple):
    """How one option is given.

    Attributes:
        parse: Text or the Python value to the validated value; raises whatever it likes.
        form: What is accepted, to follow the word "use".
        variables: Its environment variables, the more specific first.
    """

    parse: Callable[[Any], Any]
    form: str
    variables: tuple[str, ...] = ()


def _text(value: str) -> str:
    return str.strip(value)


def _url(value: str) -> str:
    url = value.strip()
    if not _URL.fullmatch(url):
        raise ValueError
    return url


def _integer(minimum: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if isinstance(value, bool | float):
            raise TypeError
        number = int(value)
        if not minimum <= number < 2**31:
            raise ValueError
        return number

    return parse


def _ratio(value: Any) -> float:
    ratio = float(value)
    if isinstance(value, bool) or not 0.0 <= ratio <= 1.0:
        raise ValueError
    return ratio


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    # An attribute without a value, <script data-debug>, is the empty string.
    return {"": True, "true": True, "1": True, "false": False, "0": False}.get(
        value.strip().lower(), False
    )


def _choice(*accepted: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        chosen: str = value.strip().lower()
        if chosen not in accepted:
            raise ValueError
        return chosen

    return parse


def _names(value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    return tuple([name.strip().lower() for name in names if name.strip()])


def _pairs(value: Any) -> dict[str, str]:
    """`key=value` pairs as OTEL_RESOURCE_ATTRIBUTES and OTEL_EXPORTER_OTLP_HEADERS write them."""
    if isinstance(value, Mapping):
        return dict(value)
    pairs = {}
    for member in filter(None, map(str.strip, value.split(","))):
        key, equals, text = member.partition("=")
        if not equals or not key.strip():
            raise ValueError
        pairs[key.strip()] = percent_decode(text.strip())
    return pairs


def _headers(value: Any) -> dict[str, str]:
    headers = {name.lower(): text for name, text in _pairs(value).items()}
    for name, text in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(text):
            raise ValueError
    return headers


def _attributes(value: Any) -> Attributes:
    cleaned, dropped, invalid = clean_attributes(_pairs(value), 128, None)
    if dropped or invalid:
        raise ValueError
    return cleaned


_COUNT: Final = (_integer(0), "a whole number from 0")
_SIZE: Final = (_integer(1), "a whole number from 1")
_MILLISECONDS: Final = (_integer(1), "whole milliseconds from 1")
_ABSOLUTE_URL: Final = (_url, "an absolute http: or https: URL without credentials")
_PAIRS_FORM: Final = "key=value pairs joined by commas, values percent-encoded where needed"


def _one_of(*accepted: str) -> tuple[Callable[[Any], str], str]:
    return _choice(*accepted), " or ".join(accepted)


def _otlp(name: str) -> tuple[str, str]:
    return f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}"


OPTIONS: Final[Mapping[str, Option]] = {
    "endpoint": Option(*_ABSOLUTE_URL, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",)),
    "base_endpoint": Option(*_ABSOLUTE_URL, ("OTEL_EXPORTER_OTLP_ENDPOINT",)),
    "headers": Option(_headers, _PAIRS_FORM, _otlp("HEADERS")),
    "protocol": Option(*_one_of("http/protobuf", "http/json"), _otlp("PROTOCOL")),
    "compression": Option(*_one_of("gzip", "none"), _otlp("COMPRESSION")),
    "timeout_ms": Option(*_MILLISECONDS, _otlp("TIMEOUT")),
    "service_name": Option(_text, "a string", ("OTEL_SERVICE_NAME",)),
    "service_version": Option(_text, "a string", ("EDGETRACE_SERVICE_VERSION",)),
    "environment": Option(_text, "a string", ("EDGETRACE_ENVIRONMENT",)),
    "resource_attributes": Option(_attributes, _PAIRS_FORM, ("OTEL_RESOURCE_ATTRIBUTES",)),
    "sampler": Option(
        *_one_of(
            *("always_on", "always_off", "traceidratio"),
            *("parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"),
        ),
        ("OTEL_TRACES_SAMPLER",),
    ),
    "sampler_arg": Option(
        str, "what the sampler takes, for instance 0.25", ("OTEL_TRACES_SAMPLER_ARG",)
    ),
    "sample_ratio": Option(_ratio, "a number from 0 to 1", ("EDGETRACE_SAMPLE_RATIO",)),
    "propagators": Option(_names, "tracecontext, baggage, or none", ("OTEL_PROPAGATORS",)),
    "attribute_count_limit": Option(*_COUNT, ("OTEL_ATTRIBUTE_COUNT_LIMIT",)),
    "attribute_value_length_limit": Option(*_COUNT, ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",)),
    "span_attribute_count_limit": Option(*_COUNT, ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",)),
    "span_attribute_value_length_limit": Option(
        *_COUNT, ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",)
    ),
    "span_event_count_limit": Option(*_COUNT, ("OTEL_SPAN_EVENT_COUNT_LIMIT",)),
    "span_link_count_limit": Option(*_COUNT, ("OTEL_SPAN_LINK_COUNT_LIMIT",)),
    "event_attribute_count_limit": Option(*_COUNT, ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",)),
    "link_attribute_count_limit": Option(*_COUNT, ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",)),
    "schedule_delay_ms": Option(*_MILLISECONDS, ("OTEL_BSP_SCHEDULE_DELAY",)),
    "export_timeout_ms": Option(*_MILLISECONDS, ("OTEL_BSP_EXPORT_TIMEOUT",)),
    "max_queue_size": Option(*_SIZE, ("OTEL_BSP_MAX_QUEUE_SIZE",)),
    "max_export_batch_size": Option(*_SIZE, ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE",)),
    "max_request_bytes": Option(
        _integer(1024), "a whole number from 1024", ("EDGETRACE_MAX_REQUEST_BYTES",)
    ),
    "url_query": Option(*_one_of("redact", "drop", "keep"), ("EDGETRACE_URL_QUERY",)),
    "phases": Option(*_one_of("attributes", "events", "off"), ("EDGETRACE_PHASES",)),
    "disabled": Option(_boolean, "true or false", ("OTEL_SDK_DISABLED",)),
    "debug": Option(_boolean, "true or false", ("EDGETRACE_DEBUG",)),
}
