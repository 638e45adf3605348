# SPDX-License-Identifier: MIT OR Apache-2.0
"""Source: https://pyodide.org/en/stable/usage/api/python-api/code.html"""

from typing import Any

def run_js(code: str, /) -> Any: ...
async def eval_code_async(source: str, globals: dict[str, Any] | None = None) -> Any: ...
