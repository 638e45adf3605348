# SPDX-License-Identifier: MIT OR Apache-2.0
"""Imports inside the agent point one way.

A module may import from its own layer or lower ones, and the whole graph has no cycle. A new module
finds its place in LAYERS first: that is the decision this test asks for.
"""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter

import pytest

from tasks.paths import ROOT
from tests.architecture import agent

LAYERS: tuple[set[str], ...] = (
    # L0: words everything else is made of
    {"errors", "_records", "_types", "_version", "_percent", "_camel", "_variables", "_nesting"},
    # L1: values from outside, made safe
    {"_clock", "_ids", "_attributes", "_config", "_options", "_urls", "_redact", "_server_timing"}
    | {"_view_ids"},
    # L2: what travels with a request
    {"_context", "_current", "_baggage", "_propagation"},
    # L3: a span's life
    {"_threshold", "_sampler", "_plain_sampling", "_routes", "_limits", "_span"},
    # L4: bytes out, browser entries in
    {"_fields", "_protobuf", "_key_values", "_otlp", "_otlp_json", "_http", "_edge_facts"}
    | {"_entries", "_packed", "_phases", "_timing", "_column_fields"}
    | {"_page_info", "_join", "_custom"},
    # L5: what waits, what is sent, what comes back
    {
        *("_batch", "_priority", "_frame", "_retry", "_budget", "_breaker", "_request_state"),
        *("_outbox", "_export", "_tail"),
    },
    # L6: who drives it
    {"_report", "_tracer", "_send", "_pump", "_isolate", "_pipeline", "_runtime", "_configure"}
    | {"_page", "_columns", "_raw", "_views"},
    # L7: a Worker's events
    {"_binding_names", "_binding_sql", "_binding_calls", "_bindings"}
    | {"_edge_config", "_edge", "_mirror", "_handlers", "_steps", "_asgi"},
    # L8: the platform
    {"_pyodide", "_workerd", "_serve", "browser", "worker"},
    # L9: what people import
    {"__init__", "testing", "pytest_plugin"},
)
# Looked up when called, never at import: configure() finds the platform it runs on.
LATE = {("_configure", "_pyodide")}


def layer(name: str) -> int:
    """The index of a module's layer, or -1."""
    return next((index for index, names in enumerate(LAYERS) if name in names), -1)


@pytest.mark.parametrize("name", agent.modules())
def test_every_module_has_one_layer(name: str) -> None:
    """A module without a layer, or with two, has not been thought about."""
    assert sum(name in names for names in LAYERS) == 1, f"put {name} into LAYERS"


@pytest.mark.parametrize("name", agent.modules())
def test_a_module_imports_no_higher_layer(name: str) -> None:
    """What is below knows nothing of what is above."""
    upward = {
        other
        for other in agent.own(name)
        if layer(other) > layer(name) and (name, other) not in LATE
    }
    assert not upward, f"{name} (L{layer(name)}) imports {sorted(upward)} from above"


def test_there_is_no_import_cycle() -> None:
    """The modules can be read in one order, each after all it imports."""
    graph = {
        name: {other for other in agent.own(name) if (name, other) not in LATE}
        for name in agent.modules()
    }
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


def test_the_documentation_has_the_same_layers() -> None:
    """docs/architecture.md lists every module in its layer."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| (.+?) \|", page, re.MULTILINE)
    documented = {int(number): set(re.findall(r"`(\w+)`", names)) for number, names in rows}
    assert documented == dict(enumerate(LAYERS))
