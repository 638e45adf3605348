# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_options`: each parser, with what it takes and what it refuses."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from edgetrace._config import Settings
from edgetrace._options import OPTIONS
from edgetrace.errors import ConfigError

HAS_ZSTD = sys.version_info >= (3, 14)

TAKEN: list[tuple[str, Any, Any]] = [
    ("endpoint", "https://c.example/v1/traces", "https://c.example/v1/traces"),
    ("endpoint", "  http://localhost:4318/x?y=1 ", "http://localhost:4318/x?y=1"),
    ("endpoint", "HTTPS://[::1]:4318", "HTTPS://[::1]:4318"),
    ("base_endpoint", "http://collector:4318/", "http://collector:4318/"),
    ("headers", "a=b", {"a": "b"}),
    ("headers", " Api-Key = x%20y , , b=c=d ", {"api-key": "x y", "b": "c=d"}),
    ("headers", {"X-A": "1"}, {"x-a": "1"}),
    ("headers", "", {}),
    ("protocol", " HTTP/JSON ", "http/json"),
    ("compression", "none", "none"),
    ("timeout_ms", "10", 10),
    ("timeout_ms", 2**31 - 1, 2**31 - 1),
    ("service_name", "  shop ", "shop"),
    ("service_name", "", ""),
    ("resource_attributes", "a=1,b=x%2Cy", {"a": "1", "b": "x,y"}),
    ("resource_attributes", {"n": 1, "l": ["a"]}, {"n": 1, "l": ("a",)}),
    ("sampler", "Always_On", "always_on"),
    ("sampler_arg", 0.25, "0.25"),
    ("sample_ratio", "0.5", 0.5),
    ("sample_ratio", 1, 1.0),
    ("propagators", "tracecontext, Baggage ,", ("tracecontext", "baggage")),
    ("propagators", ["none"], ("none",)),
    ("span_event_count_limit", "0", 0),
    ("max_queue_size", 1, 1),
    ("max_request_bytes", 1024, 1024),
    ("url_query", "keep", "keep"),
    ("attribute_values", "keep", "keep"),
    ("phases", "off", "off"),
    ("disabled", True, True),
    ("disabled", "TRUE", True),
    ("disabled", "1", True),
    ("debug", "", True),  # <script data-debug>
    ("disabled", "0", False),
    ("disabled", "yes", False),  # by specification: what is not true is false
]
REFUSED: list[tuple[str, Any]] = [
    ("endpoint", "collector:4318"),
    ("endpoint", "ftp://c.example"),
    ("endpoint", "https://user:secret@c.example"),
    ("endpoint", "https://c.example/#here"),
    ("endpoint", "https://c .example/"),
    ("endpoint", ""),
    ("endpoint", None),
    ("endpoint", b"https://c.example"),
    ("headers", "no-equals"),
    ("headers", "=value"),
    ("headers", "a b=c"),
    ("headers", "a=%0d%0aevil"),
    ("headers", {"a": 5}),
    ("headers", {5: "a"}),
    ("headers", 5),
    ("protocol", "grpc"),
    ("protocol", 5),
    ("compression", "br"),
    ("timeout_ms", 0),
    ("timeout_ms", 2**31),
    ("timeout_ms", 1.0),
    ("timeout_ms", True),
    ("timeout_ms", "soon"),
    ("timeout_ms", None),
    ("service_name", None),
    ("service_name", b"shop"),
    ("resource_attributes", {"a": None}),
    ("resource_attributes", {f"k{number}": 1 for number in range(129)}),
    ("sampler", "sometimes"),
    ("sample_ratio", 1.01),
    ("sample_ratio", -0.1),
    ("sample_ratio", "nan"),
    ("sample_ratio", True),
    ("sample_ratio", 10**400),
    ("propagators", 5),
    ("propagators", [5]),
    ("span_link_count_limit", -1),
    ("max_request_bytes", 1023),
    ("disabled", 1),
]


@pytest.mark.parametrize(("name", "value", "parsed"), TAKEN)
def test_taken(name: str, value: Any, parsed: Any) -> None:
    """Text and Python values of the option's form are parsed to one type."""
    found = OPTIONS[name].parse(value)
    assert found == parsed
    assert type(found) is type(parsed)


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_refused(name: str, value: Any) -> None:
    """Whatever is not of the form raises something."""
    with pytest.raises((ValueError, TypeError, AttributeError, OverflowError)):
        OPTIONS[name].parse(value)


def test_every_option_is_a_setting_and_every_setting_an_option() -> None:
    """The table of forms and the fields of Settings name the same options."""
    assert set(OPTIONS) == set(Settings.defaults())


def test_every_option_says_its_form() -> None:
    """Forms read on after "use", in a ConfigError and in the documentation."""
    assert all(option.form for option in OPTIONS.values())


@pytest.mark.skipif(HAS_ZSTD, reason="this Python has it")
def test_zstd_is_refused_where_python_does_not_have_it() -> None:
    """At set-up, and the message names what else there is; tests/pyodide has the other half."""
    with pytest.raises(ConfigError, match=r"compression.*gzip or none.*compression\.zstd"):
        Settings.from_options(compression="zstd")
