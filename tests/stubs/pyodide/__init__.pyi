# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the agent and its tests use of Pyodide's own package."""

from . import code as code, ffi as ffi

__version__: str
