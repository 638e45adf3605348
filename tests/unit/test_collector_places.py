# SPDX-License-Identifier: MIT OR Apache-2.0
"""Where a service ran, by the scopes of its spans."""

from __future__ import annotations

from collector.places import places


def test_a_service_ran_where_its_edgetrace_spans_did() -> None:
    """One span of a known scope tells for all of the service's; nothing is guessed for others."""
    spans = [
        ("shop-edge", "checkout"),
        ("shop-edge", "edgetrace.worker"),
        ("shop", "edgetrace.browser"),
        ("shop", "checkout"),
        ("stock", "opentelemetry.instrumentation.asgi"),
    ]
    assert places(spans) == {"shop-edge": "edge", "shop": "browser", "stock": ""}


def test_services_come_in_the_order_of_their_first_spans() -> None:
    """The list shows them so: the root's first."""
    assert list(places([("b", ""), ("a", "edgetrace.browser"), ("b", "edgetrace.worker")])) == [
        "b",
        "a",
    ]
