# SPDX-License-Identifier: MIT OR Apache-2.0
"""The Workers SDK, as far as the agent asks it for anything. Only _workerd.py imports it."""

def wait_until(task: object) -> None: ...

class WorkerEntrypoint:
    """Base of an entry file's classes."""

    ctx: Any
    env: Any

def import_from_javascript(module_name: str) -> Any: ...
