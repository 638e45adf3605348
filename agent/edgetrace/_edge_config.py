# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a Worker's tracing can be told beside `Settings`, from its `env` or by keywords.

A bad keyword raises where the Worker is deployed; a bad variable, which nobody meets before the
first request, is for the adapter to report.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

from ._config import Settings
from ._options import OPTIONS, SWITCH, Option, one_of, parse_options
from ._records import Options
from ._routes import RouteRatio, parse_routes
from ._tail import TailRules
from ._threshold import ratio_to_threshold
from ._variables import VARIABLES


def _hosts(value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    hosts = tuple([name.strip().lower() for name in names if name.strip()])
    return () if hosts == ("none",) else hosts


def _routes(value: Any) -> tuple[RouteRatio, ...]:
    if isinstance(value, str):
        return parse_routes(value)
    routes = tuple([RouteRatio(*route) for route in value])
    for method, path, ratio in routes:
        ratio_to_threshold(ratio)
        if type(method) is not str or type(path) is not str:
            raise TypeError
    return routes


def _tail(value: Any) -> TailRules:
    if not isinstance(value, TailRules):
        return TailRules.parse(value)
    ratio_to_threshold(value.ratio)
    return value


EDGE_OPTIONS: Final[Mapping[str, Option]] = {
    "client_address": one_of("off", "anonymized", "full"),
    "propagate_to": Option(_hosts, "host names joined by commas, * for any, or none"),
    "route_ratios": Option(_routes, "routes as [METHOD ]/path=ratio joined by commas"),
    "tail": Option(_tail, "errors, slower=MS and ratio=R joined by commas"),
    "binding_keys": SWITCH,
    "platform_tracing": SWITCH,
}
EDGE_VARIABLES: Final[Mapping[str, str]] = {
    name: f"EDGETRACE_{name.upper()}" for name in EDGE_OPTIONS
}
DEFAULTS: Final[Mapping[str, str]] = {"OTEL_BSP_SCHEDULE_DELAY": "1000"}
"""Where the edge differs: what waits in an isolate is lost with it, so it waits 1 s, not 5."""


class EdgeSettings(Options):
    """One Worker's tracing beside `Settings`; docs/worker.md says what each option is for."""

    client_address: str = "off"
    propagate_to: tuple[str, ...] = ("*",)
    route_ratios: tuple[RouteRatio, ...] = ()
    tail: TailRules | None = None
    binding_keys: bool = False
    platform_tracing: bool = False

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], /, **options: object) -> EdgeSettings:
        """Validate keywords, which stand before variables; see `Settings.from_environ`.

        Raises:
            ConfigError: An option is unknown, or a value is not of its form.
        """
        keywords = [(name, name, value) for name, value in options.items()]
        variables = [
            (variable, name, environ[variable])
            for name, variable in EDGE_VARIABLES.items()
            if environ.get(variable, "") != ""
        ]
        return cls(**parse_options([*keywords, *variables], EDGE_OPTIONS))


def edge_settings(
    environ: Mapping[str, str], options: Mapping[str, object]
) -> tuple[Settings, EdgeSettings]:
    """Split options and variables into those of every provider and those of the edge.

    Raises:
        ConfigError: An option is unknown, or a value is not of its form.
    """
    names = chain.from_iterable(VARIABLES[name] for name in OPTIONS)
    given = {name: value for name in names if (value := environ.get(name, "")) != ""}
    edge = {name: options[name] for name in options if name in EDGE_OPTIONS}
    rest = {name: options[name] for name in options if name not in EDGE_OPTIONS}
    return (
        Settings.from_environ({**DEFAULTS, **given}, **rest),
        EdgeSettings.from_environ(environ, **edge),
    )
