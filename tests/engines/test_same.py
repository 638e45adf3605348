# SPDX-License-Identifier: MIT OR Apache-2.0
"""What Chromium is held to, by the very same tests: `tab` is a page of another engine here."""

from __future__ import annotations

from tests.browser.test_back_and_prerender import (
    test_a_restore_from_the_back_forward_cache_is_a_view_of_its_own,
)
from tests.browser.test_page_load import (
    test_sixty_resources_are_one_trace_with_the_browsers_own_times,
)
from tests.browser.test_tag import test_a_strict_policy

__all__ = (
    "test_a_restore_from_the_back_forward_cache_is_a_view_of_its_own",
    "test_a_strict_policy",
    "test_sixty_resources_are_one_trace_with_the_browsers_own_times",
)
