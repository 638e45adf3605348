# SPDX-License-Identifier: MIT OR Apache-2.0
"""The gateway keeps nothing of the requests that it has answered."""

from __future__ import annotations

from benchmarks.edge import load, memory

EARLY, LATE = 500, 2_000
MAX_LEAK_BYTES = 200


def test_memory_is_flat_once_requests_are_answered() -> None:
    """Python's allocations, the wasm memory and V8's heap grow by less than 200 B a request."""
    with load.origin() as site, memory.start(site) as bare:
        early = memory.after(bare, site, 0, EARLY)
        late = memory.after(bare, site, EARLY, LATE - EARLY)
    room = MAX_LEAK_BYTES * (LATE - EARLY)
    assert late.python - early.python < room
    assert late.javascript - early.javascript < room
    assert late.wasm == early.wasm
