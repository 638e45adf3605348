# SPDX-License-Identifier: MIT OR Apache-2.0
"""How each option is given: the table of forms, and the parsers behind it.

A parser takes text or the Python value and returns the validated value; whatever else it meets it
answers with an exception of any kind, of which `parse_options` makes a `ConfigError`.

Source: OpenTelemetry specification, configuration/sdk-environment-variables and protocol/exporter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, Final

from ._attributes import clean_attributes, exact_str
from ._percent import percent_decode
from ._records import NamedTuple, pattern
from ._types import Attributes
from ._urls import redact
from .errors import ConfigError

_URL: Final = pattern(r"https?://[^\s/?#@\\]+(?:[/?][^\s@#\\]*)?", re.IGNORECASE)
_HEADER_NAME: Final = pattern(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2, token
_HEADER_VALUE: Final = pattern(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, section 5.5

ZSTD: Final = "compression.zstd"
"""The module that compresses so; new in Python 3.14, and no part of trimmed libraries."""


class Option(NamedTuple):
    """How one option is given.

    Attributes:
        parse: Text or the Python value to the validated value; raises whatever it likes.
        form: What is accepted, to follow the word "use".
        secret: Whether its value may not stand in a message, which ends up in consoles and logs.
    """

    parse: Callable[[Any], Any]
    form: str
    secret: bool = False


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


def one_of(*accepted: str) -> Option:
    return Option(_choice(*accepted), " or ".join(accepted))


def _compression(value: Any) -> str:
    chosen = str(_choice("gzip", "none", "zstd")(value))
    if chosen == "zstd":
        import_module(ZSTD)
    return chosen


_STRING: Final = Option(_text, "a string")
_COUNT: Final = Option(_integer(0), "a whole number from 0")
_SIZE: Final = Option(_integer(1), "a whole number from 1")
_MILLISECONDS: Final = Option(_integer(1), "whole milliseconds from 1")
_ABSOLUTE_URL: Final = Option(_url, "an absolute http: or https: URL without credentials")
SWITCH: Final = Option(_boolean, "true or false")
_PAIRS_FORM: Final = "key=value pairs joined by commas, values percent-encoded where needed"

OPTIONS: Final[Mapping[str, Option]] = {
    "endpoint": _ABSOLUTE_URL,
    "base_endpoint": _ABSOLUTE_URL,
    "headers": Option(_headers, _PAIRS_FORM, secret=True),
    "protocol": one_of("http/protobuf", "http/json"),
    "compression": Option(_compression, f"gzip or none, or where Python has {ZSTD} zstd"),
    "timeout_ms": _MILLISECONDS,
    "service_name": _STRING,
    "service_version": _STRING,
    "environment": _STRING,
    "resource_attributes": Option(_attributes, _PAIRS_FORM),
    "sampler": one_of(
        *("always_on", "always_off", "traceidratio"),
        *("parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"),
    ),
    "sampler_arg": Option(str, "what the sampler takes, for instance 0.25"),
    "sample_ratio": Option(_ratio, "a number from 0 to 1"),
    "propagators": Option(_names, "tracecontext, baggage, or none"),
    "attribute_count_limit": _COUNT,
    "attribute_value_length_limit": _COUNT,
    "span_attribute_count_limit": _COUNT,
    "span_attribute_value_length_limit": _COUNT,
    "span_event_count_limit": _COUNT,
    "span_link_count_limit": _COUNT,
    "event_attribute_count_limit": _COUNT,
    "link_attribute_count_limit": _COUNT,
    "schedule_delay_ms": _MILLISECONDS,
    "export_timeout_ms": _MILLISECONDS,
    "max_queue_size": _SIZE,
    "max_export_batch_size": _SIZE,
    "max_request_bytes": Option(_integer(1024), "a whole number from 1024"),
    "url_query": one_of("redact", "drop", "keep"),
    "attribute_values": one_of("redact", "keep"),
    "phases": one_of("attributes", "events", "off"),
    "disabled": SWITCH,
    "debug": SWITCH,
}


def parse_options(
    given: Iterable[tuple[str, str, object]], options: Mapping[str, Option]
) -> dict[str, Any]:
    """Validate what was given, the more specific first: of an option given twice the first stands.

    Args:
        given: The option as its user wrote it, its name, and its value.
        options: The table of all options.

    Raises:
        ConfigError: An option is unknown, or its value is not of its form.
    """
    values: dict[str, Any] = {}
    for shown, name, value in given:
        option = options.get(name)
        if option is None:
            # Headers under a mistyped name are secrets all the same.
            text = exact_str(value) or ""
            what = text if text and "=" not in text else type(value)
            raise ConfigError(shown, what, f"no such option; use one of {', '.join(options)}")
        try:
            parsed = option.parse(value)
        except Exception:  # int() and float() overflow, a value's own methods raise anything
            secret = option.secret or (type(value) is str and "@" in value)
            told: object = "(a credential)" if secret else value
            text = exact_str(told) or ""
            if "?" in text:  # a URL's query may hold a key
                told = redact(text)
            raise ConfigError(shown, told, f"use {option.form}") from None
        values.setdefault(name, parsed)
    return values
