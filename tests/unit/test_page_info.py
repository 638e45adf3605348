# SPDX-License-Identifier: MIT OR Apache-2.0
"""_page_info: what a page says of itself, in any shape, and what of it a span carries."""

from __future__ import annotations

import pytest

from edgetrace._page_info import MAX_BRANDS, MAX_TEXT, PageInfo

HELLO = {
    "url": "https://shop.example/?token=1",
    "referrer": "https://search.example/?q=shoes&token=2",
    "user_agent": "Mozilla/5.0",
    "language": "en-GB",
    "mobile": False,
    "platform": "Linux",
    "brands": ["Chromium 156", "Not A Brand 99"],
    "traceparent": "00-1-2-01",
    "visibility": "visible",
}


def test_a_hello_comes_back() -> None:
    """The loader's keys are the fields."""
    info = PageInfo.from_json({**HELLO, "later": 1})
    assert info._asdict() == {**HELLO, "brands": ("Chromium 156", "Not A Brand 99")}


@pytest.mark.parametrize(
    "data", [None, [], "x", {}, dict.fromkeys(HELLO), dict.fromkeys(HELLO, 5), {"brands": [1]}]
)
def test_what_is_missing_or_wrong_is_unknown(data: object) -> None:
    """No shape of a message raises, and no wrong type comes through."""
    assert PageInfo.from_json(data) == PageInfo()
    assert PageInfo.from_json(data).attributes("redact") == {}


def test_the_root_carries_the_browser() -> None:
    """By the conventions' names; the referrer under the URL policy, the URL not at all."""
    assert PageInfo.from_json(HELLO).attributes("redact") == {
        "user_agent.original": "Mozilla/5.0",
        "browser.language": "en-GB",
        "browser.platform": "Linux",
        "browser.brands": ("Chromium 156", "Not A Brand 99"),
        "browser.mobile": False,
        "browser.document.referrer": "https://search.example/?q=shoes&token=REDACTED",
        "browser.document.visibility_state": "visible",
    }
    assert (
        PageInfo.from_json(HELLO).attributes("drop")["browser.document.referrer"]
        == "https://search.example/"
    )


def test_sizes_are_bounded() -> None:
    """A page may say as much as it likes."""
    long = "x" * 100_000
    info = PageInfo.from_json({**dict.fromkeys(HELLO, long), "brands": [long] * 1000})
    attributes = info.attributes("redact")
    brands = attributes.pop("browser.brands")
    assert isinstance(brands, tuple)
    assert len(brands) == MAX_BRANDS
    assert {len(brand) for brand in brands} == {MAX_TEXT}
    assert max(len(str(value)) for value in attributes.values()) <= 2048
