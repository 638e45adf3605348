# SPDX-License-Identifier: MIT OR Apache-2.0
"""data-runtime="edge" as Chromium is held to it: no Python in the page, the gateway's route."""

from __future__ import annotations

from tests.browser.test_edge_runtime import (
    site,
    test_a_page_left_before_the_module_came_is_reported_by_the_next,
    test_a_strict_policy_is_enough,
    test_stop_erases,
    test_what_a_gateway_that_is_down_did_not_take_comes_with_the_next_page_view,
)

__all__ = (
    "site",
    "test_a_page_left_before_the_module_came_is_reported_by_the_next",
    "test_a_strict_policy_is_enough",
    "test_stop_erases",
    "test_what_a_gateway_that_is_down_did_not_take_comes_with_the_next_page_view",
)
