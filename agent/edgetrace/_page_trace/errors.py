# SPDX-License-Identifier: MIT OR Apache-2.0
"""Why there is no trace to assert on."""

from __future__ import annotations

from edgetrace.errors import AgentError


class PageTraceError(AgentError):
    """The page's trace could not be had; the message says what was seen and what to do.

    Raised by `page_trace(url)` into the test.
    """
