# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which responses are pages, and what a page may be given without harm to caches in between.

Source: RFC 9110 (HTTP semantics), RFC 9111 (HTTP caching), RFC 9213 (targeted cache control).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .status import media_type

_DATE: Final = re.compile(
    r"[A-Za-z]{3}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT"
)
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_TARGETED: Final = ("cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control")
_DOCUMENTS: Final = ("", "document", "iframe", "frame", "embed", "object")
_NO_BODY: Final = frozenset((204, 205, 206))
_DIRECTIVE: Final = re.compile(r'([^\s=,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*)))?[^,]*,?')


def is_page(
    method: str,
    status: int,
    headers: Mapping[str, str],
    request_headers: Mapping[str, str] | None = None,
) -> bool:
    """Whether a response is a whole HTML page that somebody will look at.

    Error pages are; what a script fetched, parts of a page and files to be saved are not.

    Args:
        method: The request's.
        status: The response's.
        headers: The response's.
        request_headers: Tell by Sec-Fetch-Dest what asked; None where that is not known.
    """
    return (
        method in ("GET", "POST")
        and (200 <= status < 300 or 400 <= status < 600)
        and status not in _NO_BODY
        and media_type(headers.get("content-type", "")) == "text/html"
        and "content-range" not in headers
        and media_type(headers.get("content-disposition", "")) != "attachment"
        and (request_headers or {}).get("sec-fetch-dest", "") in _DOCUMENTS
    )


def may_inject(cache_control: str) -> bool:
    """Whether the origin lets the body be changed. RFC 9111, section 5.2.2.6."""
    return "no-transform" not in directives(cache_control)


def directives(cache_control: str) -> dict[str, str]:
    """Cache-Control's directives, names in lower case; of repeated ones the first.

    Source: RFC 9111, sections 4.2.1 and 5.2.
    """
    found: dict[str, str] = {}
    for name, quoted, token in _DIRECTIVE.findall(cache_control):
        found.setdefault(name.lower(), quoted or token.strip())
    return found


def is_shared(headers: Mapping[str, str]) -> bool:
    """Whether a shared cache may give this response to other visitors without asking again.

    Then it must not name a trace: all of them would become children of the one visit that filled
    the cache. Fresh by s-maxage, max-age or Expires, or by a guess from Last-Modified; in doubt,
    shared. What has to be asked for again each time is not: see `unshared`.

    Source: RFC 9111, sections 3, 4.2 and 4.2.2; RFC 9213, section 2.2.
    """
    for name in _TARGETED:
        if name in headers and _is_fresh(directives(headers[name]), headers):
            return True
    return _is_fresh(directives(headers.get("cache-control", "")), headers)


def _is_fresh(control: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    # With an argument, private and no-cache are of those header fields only. RFC 9111, 5.2.2.4.
    if "no-store" in control or control.get("private") == "" or control.get("no-cache") == "":
        return False
    if "*" in headers.get("vary", ""):
        return False
    if "stale-while-revalidate" in control:  # RFC 5861: served first, asked for afterwards
        return True
    for name in ("s-maxage", "max-age"):
        if name in control:
            return control[name].strip('"').lstrip("0") != ""
    if "expires" in headers:
        return _is_after(headers["expires"], headers.get("date", ""))
    return "last-modified" in headers or "public" in control


def _is_after(expires: str, date: str) -> bool:
    until, sent = _moment(expires), _moment(date)
    return until is not None and (sent is None or until > sent)  # "0" and its like are the past


def _moment(text: str) -> tuple[int, ...] | None:
    match = _DATE.fullmatch(text.strip())
    if match is None or match[2] not in _MONTHS:
        return None
    day, _, year, *time = match.groups()
    return int(year), _MONTHS.index(match[2]), int(day), *map(int, time)


def unshared(cache_control: str) -> str:
    """The Cache-Control of a page that names a trace: the same, but for the visitor's browser only.

    A shared cache that asks again would keep the old body, and its trace, under the new headers.
    RFC 9111, section 4.3.4.
    """
    kept = [
        part.strip()
        for part in cache_control.split(",")
        if part.strip() and not part.strip().lower().startswith(("public", "s-maxage"))
    ]
    return ", ".join(kept if directives(cache_control).get("private") == "" else ["private", *kept])


def changed_headers(headers: Mapping[str, str]) -> dict[str, str | None]:
    """What has to change when the body does: the new value, None for what goes.

    Length and digests were of the old bytes; a strong ETag promises them, a weak one their meaning;
    ranges of what is made on the way cannot be asked for. RFC 9110, sections 8.6, 8.8.1 and 14.3;
    RFC 9530.
    """
    gone = ("content-length", "content-md5", "digest", "repr-digest", "content-digest")
    changed: dict[str, str | None] = {
        name: None for name in (*gone, "accept-ranges") if name in headers
    }
    etag = headers.get("etag", "")
    if etag.startswith('"'):
        changed["etag"] = "W/" + etag
    return changed
