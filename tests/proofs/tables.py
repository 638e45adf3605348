# SPDX-License-Identifier: MIT OR Apache-2.0
"""The transition tables that models/export.pml writes out, read from its text."""

from __future__ import annotations

import re
from pathlib import Path

MODEL = Path(__file__).resolve().parents[2] / "models" / "export.pml"
_REQUEST = re.compile(r":: state\[r\] == (\w+) && signal == (\w+) -> state\[r\] = (\w+)$", re.M)
_CIRCUIT = re.compile(r":: circuit == (\w+) && news == (\w+) -> circuit = (\w+)$", re.M)

Table = dict[tuple[str, str], str]


def request_table(text: str) -> Table:
    """By state and signal, the next state; names as in the model."""
    return {(state, signal): after for state, signal, after in _REQUEST.findall(text)}


def circuit_table(text: str) -> Table:
    """By circuit and news, the next circuit."""
    return {(circuit, news): after for circuit, news, after in _CIRCUIT.findall(text)}
