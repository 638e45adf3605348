# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a page says of itself when a view of it begins, and what of that its documentLoad carries.

Source: OpenTelemetry semantic conventions 1.44, `browser.*` and `user_agent.original`.
"""

from __future__ import annotations

from typing import Final

from ._records import NamedTuple
from ._types import AttributeValue
from ._urls import redact

MAX_TEXT: Final = 1024
"""Characters of one fact; user agents stay below 512."""
MAX_BRANDS: Final = 16
"""Browsers name three."""


class PageInfo(NamedTuple):
    """What a page says of itself when its view begins; "" and None stand for unknown."""

    url: str = ""
    referrer: str = ""
    user_agent: str = ""
    language: str = ""
    mobile: bool | None = None
    platform: str = ""
    brands: tuple[str, ...] = ()
    traceparent: str = ""
    visibility: str = ""

    @classmethod
    def from_json(cls, data: object) -> PageInfo:
        """Read the loader's `hello`; what is missing or of another type stays unknown."""
        if not isinstance(data, dict):
            return cls()
        known = {name: data.get(name) for name in cls._fields}
        texts = {name: value for name, value in known.items() if isinstance(value, str)}
        brands = known["brands"] if isinstance(known["brands"], list | tuple) else ()
        named = [brand[:MAX_TEXT] for brand in brands[:MAX_BRANDS] if isinstance(brand, str)]
        mobile = known["mobile"] if isinstance(known["mobile"], bool) else None
        return cls(**{**texts, "brands": tuple(named), "mobile": mobile})  # type: ignore[arg-type]

    def attributes(self, url_query: str) -> dict[str, AttributeValue]:
        """What of it the documentLoad span carries; the URL is the entry's."""
        attributes: dict[str, AttributeValue] = {
            "user_agent.original": self.user_agent[:MAX_TEXT],
            "browser.language": self.language[:MAX_TEXT],
            "browser.platform": self.platform[:MAX_TEXT],
            "browser.brands": self.brands,
            "browser.mobile": self.mobile,
            "browser.document.referrer": redact(self.referrer, url_query),
            "browser.document.visibility_state": self.visibility[:MAX_TEXT],
        }
        return {key: value for key, value in attributes.items() if value not in ("", None, ())}
