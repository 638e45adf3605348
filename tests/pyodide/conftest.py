# SPDX-License-Identifier: MIT OR Apache-2.0
"""pytest-pyodide runs Node's tests in a vm context of its own, without what browsers have too."""

from __future__ import annotations

from pytest_pyodide import get_global_config

get_global_config().add_node_extra_globals(["performance", "URL", "crypto"])
