# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_edge_config`: what a Worker's tracing can be told, by keywords and by `env`."""

from __future__ import annotations

from typing import Any

import pytest

from edgetrace._edge_config import EDGE_OPTIONS, EDGE_VARIABLES, EdgeSettings, edge_settings
from edgetrace._routes import RouteRatio
from edgetrace._tail import TailRules
from edgetrace.errors import ConfigError

HOSTS = ("a.example", "*.b.example")


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("client_address", "Anonymized", "anonymized"),
        ("propagate_to", " A.example, *.b.example ,", HOSTS),
        ("propagate_to", "none", ()),
        ("propagate_to", "*", ("*",)),
        ("route_ratios", "GET /a=0.5", (RouteRatio("GET", "/a", 0.5),)),
        ("tail", "errors,slower=5", TailRules(errors=True, slower_ms=5.0)),
        ("binding_keys", "true", True),
        ("platform_tracing", "1", True),
    ],
)
def test_variables_and_keywords_alike(option: str, text: str, value: object) -> None:
    """A text means the same in both, and a keyword may be the value itself."""
    assert getattr(EdgeSettings.from_environ({EDGE_VARIABLES[option]: text}), option) == value
    assert getattr(EdgeSettings.from_environ({}, **{option: text}), option) == value
    assert getattr(EdgeSettings.from_environ({}, **{option: value}), option) == value


def test_values_of_other_shapes() -> None:
    """Any iterable of hosts, of triples."""
    given = edge_settings({}, {"propagate_to": ["A.example"], "route_ratios": [("", "/a", 1)]})[1]
    assert given.propagate_to == ("a.example",)
    assert given.route_ratios == (RouteRatio("", "/a", 1),)
    assert edge_settings({}, {"propagate_to": []})[1].propagate_to == ()


@pytest.mark.parametrize(
    "options",
    [
        {"client_address": "some"},
        {"propagate_to": 5},
        {"propagate_to": [5]},
        {"route_ratios": "a"},
        {"route_ratios": "/a=2"},
        {"route_ratios": [("", "/a", 2)]},
        {"route_ratios": [("", "/a")]},
        {"route_ratios": [(None, "/a", 1)]},
        {"route_ratios": [("", 5, 1)]},
        {"route_ratios": 5},
        {"tail": "everything"},
        {"tail": 5},
        {"tail": TailRules(ratio=5)},
        {"binding_keys": 5},
        {"nonsense": "x"},
        {"sample_ratio": 2},
    ],
    ids=range(16),
)
def test_a_wrong_keyword_raises(options: dict[str, Any]) -> None:
    """Where the Worker is deployed; the message names it."""
    with pytest.raises(ConfigError, match=next(iter(options))):
        edge_settings({}, options)


@pytest.mark.parametrize("name", sorted(EDGE_OPTIONS.keys() - {"binding_keys", "platform_tracing"}))
def test_a_wrong_variable_names_itself(name: str) -> None:
    """As it was written; `propagate_to` takes any text."""
    environ = {EDGE_VARIABLES[name]: "\0"}
    if name == "propagate_to":
        assert edge_settings(environ, {})[1].propagate_to == ("\0",)
        return
    with pytest.raises(ConfigError, match=EDGE_VARIABLES[name]):
        edge_settings(environ, {})


def test_keywords_stand_before_variables() -> None:
    """For the edge's options and for all others."""
    environ = {"EDGETRACE_CLIENT_ADDRESS": "full", "OTEL_SERVICE_NAME": "b"}
    settings, edge = edge_settings(environ, {"client_address": "off", "service_name": "a"})
    assert (settings.service_name, edge.client_address) == ("a", "off")


def test_defaults() -> None:
    """An empty variable is none; batches of the edge wait 1 s; strangers' variables are theirs."""
    environ = {"EDGETRACE_TAIL": "", "OTEL_SERVICE_NAME": "", "PATH": "/x", "OTEL_NONSENSE": "x"}
    settings, edge = edge_settings(environ, {})
    assert edge == EdgeSettings()
    assert edge.tail is None
    assert settings.schedule_delay_ms == 1_000
    settings, _ = edge_settings({"OTEL_BSP_SCHEDULE_DELAY": "7"}, {})
    assert settings.schedule_delay_ms == 7
