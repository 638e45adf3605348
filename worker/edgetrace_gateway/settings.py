# SPDX-License-Identifier: MIT OR Apache-2.0
"""The gateway's own settings, from the Worker's variables; the agent's `OTEL_*` are `_config`'s.

Raise at set-up: a variable that is not of its form is a `ConfigError` that names it and says how to
give it. Variables of other names are ignored, empty ones count as not given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from edgetrace._options import Option, _choice, _integer, _pairs, _text, _url, parse_options

EDGE_FACTS: Final = ("country", "region", "city", "continent", "colo", "asn", "timezone", "client")
"""What may be said of where a request came from; `facts` has the attributes' names."""

_ORIGIN: Final = re.compile(r"(https?)://([^\s/?#@\\,*]+?)(?::(\d{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
_COOKIE: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+=[\x21\x23-\x2b\x2d-\x3a\x3c-\x7e]*")
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")


class RateLimit(NamedTuple):
    """How often one client may ask: `requests` per `window_s` seconds, in bursts of as many."""

    requests: int
    window_s: int


def normal_origin(text: str) -> str:
    """An origin as browsers write it: lower case, no default port; "" for what is none.

    Source: WHATWG HTML, "ASCII serialisation of an origin".
    """
    match = _ORIGIN.fullmatch(text.strip())
    if match is None:
        return ""
    scheme, host, port = match[1].lower(), match[2].lower(), match[3]
    return f"{scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS[scheme] else "")


def _switch(value: str) -> bool:
    # Stricter than OTel's, where any typo is false: most switches here are on by default.
    words = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
    return words[value.strip().lower()]


def _origin_url(value: str) -> str:
    url = _url(value)
    if "?" in url:
        raise ValueError
    return url.rstrip("/")


def _members(value: str) -> list[str]:
    return [member.strip() for member in value.split(",") if member.strip()]


def _tag_attributes(value: str) -> dict[str, str]:
    pairs = {name.lower(): text for name, text in _pairs(value).items()}
    if not all(map(_ATTRIBUTE.fullmatch, pairs)):
        raise ValueError
    return {
        "data-" + name.removeprefix("data-").replace("_", "-"): text for name, text in pairs.items()
    }


def _patterns(value: str) -> tuple[str, ...]:
    patterns = _members(value)
    if not all(pattern.startswith(("/", "*")) for pattern in patterns):
        raise ValueError
    return tuple(patterns)


def _origins(value: str) -> tuple[str, ...]:
    origins = [member if member == "*" else normal_origin(member) for member in _members(value)]
    if not all(origins):
        raise ValueError
    return tuple(origins)


def _rate(value: str) -> RateLimit | None:
    if value.strip().lower() == "off":
        return None
    requests, _, window_s = value.partition("/")
    return RateLimit(_COUNT(requests), _COUNT(window_s))


def _cookie(value: str) -> tuple[str, str]:
    if not _COOKIE.fullmatch(value.strip()):
        raise ValueError
    name, _, content = value.strip().partition("=")
    return name, content


def _facts(value: str) -> tuple[str, ...]:
    names = [name.lower() for name in _members(value)]
    if names == ["none"]:
        return ()
    if not set(names) <= set(EDGE_FACTS):
        raise ValueError
    return tuple(dict.fromkeys(names))


def _secret(value: str) -> str:
    if not _VISIBLE.fullmatch(_text(value)):
        raise ValueError
    return _text(value)


_COUNT: Final[Callable[[Any], int]] = _integer(1)
_SWITCH: Final = Option(_switch, "true or false")
_BYTES: Final = Option(_COUNT, "a whole number of bytes from 1")
_SECRET: Final = Option(_secret, "visible ASCII characters without spaces")

OPTIONS: Final[Mapping[str, tuple[str, Option]]] = {
    "origin": ("ORIGIN", Option(_origin_url, "an absolute http: or https: URL without a query")),
    "tag": ("EDGETRACE_TAG", _SWITCH),
    "tag_attributes": (
        "EDGETRACE_TAG_ATTRIBUTES",
        Option(_tag_attributes, "name=value pairs joined by commas, as in service_name=shop"),
    ),
    "skip_paths": (
        "EDGETRACE_SKIP_PATHS",
        Option(_patterns, "paths from / joined by commas, * for any characters"),
    ),
    "traceparent": ("EDGETRACE_TRACEPARENT", _SWITCH),
    "max_body_bytes": ("EDGETRACE_MAX_BODY_BYTES", _BYTES),
    "max_expanded_bytes": ("EDGETRACE_MAX_EXPANDED_BYTES", _BYTES),
    "rate_limit": (
        "EDGETRACE_RATE_LIMIT",
        Option(_rate, "requests/seconds, as in 120/60, or off"),
    ),
    "allowed_origins": (
        "EDGETRACE_ALLOWED_ORIGINS",
        Option(_origins, "origins joined by commas, as in https://shop.example, or *"),
    ),
    "ingest_key": ("EDGETRACE_INGEST_KEY", _SECRET),
    "privacy_signals": (
        "EDGETRACE_PRIVACY_SIGNALS",
        Option(_choice("respect", "ignore"), "respect or ignore"),
    ),
    "consent_cookie": (
        "EDGETRACE_CONSENT_COOKIE",
        Option(_cookie, "name=value, as in consent=yes"),
    ),
    "edge_attributes": (
        "EDGETRACE_EDGE_ATTRIBUTES",
        Option(_facts, f"{', '.join(EDGE_FACTS)} joined by commas, or none"),
    ),
    "metrics_token": ("EDGETRACE_METRICS_TOKEN", _SECRET._replace(secret=True)),
    "forward_timeout_ms": (
        "EDGETRACE_FORWARD_TIMEOUT_MS",
        Option(_COUNT, "whole milliseconds from 1"),
    ),
    "forward": ("EDGETRACE_FORWARD", Option(_choice("direct", "queue"), "direct or queue")),
}
"""By field: the variable and its form."""


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """One gateway's settings.

    Attributes:
        origin: Base URL of the site behind the gateway, without a trailing slash; "" where a
            static-assets binding serves it.
        tag: Whether the script tag is put into pages.
        tag_attributes: Its `data-*` attributes, by full name.
        skip_paths: Patterns of paths whose pages are left as they are; see `paths.matches`.
        traceparent: Whether pages are told their trace, by <meta> and Server-Timing.
        max_body_bytes: The largest body that is taken, as it was sent.
        max_expanded_bytes: The largest body that is taken, after gzip.
        rate_limit: Per client; None for no limit.
        allowed_origins: Whose pages may send beside the site's own; "*" for anybody's.
        ingest_key: What senders have to show; public, for it stands in pages. "" for none.
        privacy_signals: "respect" or "ignore" what `Sec-GPC` and `DNT` say.
        consent_cookie: (name, value) without which nothing is measured; None for no such cookie.
        edge_attributes: Out of `EDGE_FACTS`, what is added to the resource of browsers' spans.
        metrics_token: What opens GET /edgetrace/metrics; "" where that does not exist.
        forward_timeout_ms: How long a collector may take to answer.
        forward: "direct", while the sender waits for the collector's word, or "queue".
    """

    origin: str = ""
    tag: bool = True
    tag_attributes: Mapping[str, str] = field(default_factory=dict)
    skip_paths: tuple[str, ...] = ()
    traceparent: bool = True
    max_body_bytes: int = 1_048_576
    max_expanded_bytes: int = 8_388_608
    rate_limit: RateLimit | None = RateLimit(120, 60)
    allowed_origins: tuple[str, ...] = ()
    ingest_key: str = ""
    privacy_signals: str = "respect"
    consent_cookie: tuple[str, str] | None = None
    edge_attributes: tuple[str, ...] = ("country", "colo", "asn")
    metrics_token: str = field(default="", repr=False)
    forward_timeout_ms: int = 10_000
    forward: str = "direct"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> GatewaySettings:
        """Validate variables.

        Raises:
            ConfigError: A known variable's value is not of its form.
        """
        given = [
            (variable, name, environ[variable])
            for name, (variable, _) in OPTIONS.items()
            if environ.get(variable, "") != ""
        ]
        values = parse_options(given, {name: option for name, (_, option) in OPTIONS.items()})
        if "max_body_bytes" in values:  # a larger body alone takes the other limit with it
            least = max(cls.max_expanded_bytes, values["max_body_bytes"])
            values.setdefault("max_expanded_bytes", least)
        return cls(**values)
