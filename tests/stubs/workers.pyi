# SPDX-License-Identifier: MIT OR Apache-2.0
"""The Workers SDK, as far as the agent and the gateway ask it for anything."""

from typing import Any

def wait_until(task: object) -> None: ...

class WorkerEntrypoint:
    """Base of an entry file's classes."""

    ctx: Any
    env: Any

def import_from_javascript(module_name: str) -> Any: ...
