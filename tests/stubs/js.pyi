# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pyodide's `js` module: JavaScript's global scope, anything. Only _pyodide.py imports it."""

from typing import Any

def __getattr__(name: str) -> Any: ...
