# SPDX-License-Identifier: MIT OR Apache-2.0
"""The gateway's settings: what each variable takes, and what is said of what it does not."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from edgetrace.errors import ConfigError
from edgetrace_gateway.settings import OPTIONS, GatewaySettings, RateLimit, normal_origin


def test_defaults() -> None:
    """Nothing has to be set: empty variables, and those of other programs, count as not given."""
    environ = {"EDGETRACE_TAG": "", "ORIGIN": "", "OTEL_SERVICE_NAME": "x", "HOME": "/"}
    settings = GatewaySettings.from_environ(environ)
    assert settings == GatewaySettings()
    assert settings.origin == ""
    assert settings.tag
    assert settings.traceparent
    assert settings.rate_limit == (120, 60)
    assert (settings.max_body_bytes, settings.max_expanded_bytes) == (2**20, 2**23)
    assert settings.edge_attributes == ("country", "colo", "asn")


def test_every_field_has_its_variable() -> None:
    """The table of forms and the dataclass name the same fields."""
    assert list(OPTIONS) == [field.name for field in fields(GatewaySettings)]


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("ORIGIN", "https://shop.example/base/", "origin", "https://shop.example/base"),
        ("ORIGIN", " http://127.0.0.1:8080 ", "origin", "http://127.0.0.1:8080"),
        ("EDGETRACE_TAG", "false", "tag", False),
        ("EDGETRACE_TAG", "Off", "tag", False),
        ("EDGETRACE_TRACEPARENT", "0", "traceparent", False),
        (
            "EDGETRACE_TAG_ATTRIBUTES",
            "service_name=shop,data-phases=off,environment=a%2Cb",
            "tag_attributes",
            {"data-service-name": "shop", "data-phases": "off", "data-environment": "a,b"},
        ),
        ("EDGETRACE_SKIP_PATHS", "/admin*, /x,*.pdf", "skip_paths", ("/admin*", "/x", "*.pdf")),
        ("EDGETRACE_MAX_BODY_BYTES", "1000", "max_body_bytes", 1000),
        ("EDGETRACE_MAX_EXPANDED_BYTES", "1000", "max_expanded_bytes", 1000),
        ("EDGETRACE_RATE_LIMIT", "5/1", "rate_limit", RateLimit(5, 1)),
        ("EDGETRACE_RATE_LIMIT", "off", "rate_limit", None),
        (
            "EDGETRACE_ALLOWED_ORIGINS",
            "https://A.example:443, http://b.example:8080",
            "allowed_origins",
            ("https://a.example", "http://b.example:8080"),
        ),
        ("EDGETRACE_ALLOWED_ORIGINS", "*", "allowed_origins", ("*",)),
        ("EDGETRACE_INGEST_KEY", "abc", "ingest_key", "abc"),
        ("EDGETRACE_PRIVACY_SIGNALS", "Ignore", "privacy_signals", "ignore"),
        ("EDGETRACE_CONSENT_COOKIE", "consent=yes", "consent_cookie", ("consent", "yes")),
        ("EDGETRACE_EDGE_ATTRIBUTES", "city, COUNTRY,city", "edge_attributes", ("city", "country")),
        ("EDGETRACE_EDGE_ATTRIBUTES", "none", "edge_attributes", ()),
        ("EDGETRACE_METRICS_TOKEN", "s3cret", "metrics_token", "s3cret"),
        ("EDGETRACE_FORWARD_TIMEOUT_MS", "500", "forward_timeout_ms", 500),
        ("EDGETRACE_FORWARD", "queue", "forward", "queue"),
    ],
)
def test_what_a_variable_sets(variable: str, text: str, name: str, value: Any) -> None:
    """Each form, as it is written."""
    assert getattr(GatewaySettings.from_environ({variable: text}), name) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ORIGIN", "shop.example"),
        ("ORIGIN", "https://shop.example/?x=1"),
        ("ORIGIN", "ftp://shop.example"),
        ("EDGETRACE_TAG", "ture"),
        ("EDGETRACE_TAG_ATTRIBUTES", "onload"),
        ("EDGETRACE_TAG_ATTRIBUTES", 'x"><script>=1'),
        ("EDGETRACE_SKIP_PATHS", "admin"),
        ("EDGETRACE_MAX_BODY_BYTES", "0"),
        ("EDGETRACE_MAX_BODY_BYTES", "1e6"),
        ("EDGETRACE_RATE_LIMIT", "120"),
        ("EDGETRACE_RATE_LIMIT", "0/60"),
        ("EDGETRACE_ALLOWED_ORIGINS", "https://a.example/path"),
        ("EDGETRACE_ALLOWED_ORIGINS", "*.example"),
        ("EDGETRACE_INGEST_KEY", "a b"),
        ("EDGETRACE_PRIVACY_SIGNALS", "maybe"),
        ("EDGETRACE_CONSENT_COOKIE", "consent"),
        ("EDGETRACE_CONSENT_COOKIE", "consent=a;b"),
        ("EDGETRACE_EDGE_ATTRIBUTES", "country,shoe_size"),
        ("EDGETRACE_FORWARD_TIMEOUT_MS", "-1"),
        ("EDGETRACE_FORWARD", "later"),
    ],
)
def test_what_is_refused_is_named(variable: str, text: str) -> None:
    """The error has the variable, the value and the form to use."""
    with pytest.raises(ConfigError) as caught:
        GatewaySettings.from_environ({variable: text})
    assert str(caught.value).startswith(f"{variable}={text!r}: use ")


def test_credentials_are_not_shown() -> None:
    """Neither in errors nor where settings are printed."""
    with pytest.raises(ConfigError) as caught:
        GatewaySettings.from_environ({"EDGETRACE_METRICS_TOKEN": "top secret"})
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        GatewaySettings.from_environ({"ORIGIN": "https://me:secret@shop.example"})
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(GatewaySettings(metrics_token="secret"))


def test_a_value_that_is_no_text_is_an_error() -> None:
    """A binding of another kind under one of our names."""
    environ: dict[str, Any] = {"ORIGIN": object()}
    with pytest.raises(ConfigError, match="ORIGIN"):
        GatewaySettings.from_environ(environ)


def test_a_larger_body_takes_the_expanded_limit_with_it() -> None:
    """A body without gzip may be as large as EDGETRACE_MAX_BODY_BYTES says."""
    settings = GatewaySettings.from_environ({"EDGETRACE_MAX_BODY_BYTES": "20000000"})
    assert settings.max_expanded_bytes == 20_000_000


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("HTTPS://Shop.Example", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("http://[::1]:8787", "http://[::1]:8787"),
        ("null", ""),
        ("", ""),
        ("https://shop.example/", ""),
        ("https://a@shop.example", ""),
        ("https://shop.example, https://evil.example", ""),
    ],
)
def test_origins_are_compared_as_browsers_write_them(text: str, origin: str) -> None:
    """Lower case, no default port; anything else than one origin is none."""
    assert normal_origin(text) == origin
