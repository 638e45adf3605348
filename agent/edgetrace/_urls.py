# SPDX-License-Identifier: MIT OR Apache-2.0
"""URLs without what must not leave the browser.

A URL is cut into its parts by `str.partition`, in time linear in its length: `urllib.parse` costs
55-64 ms of first import in Pyodide (November 2026). Nothing is validated or normalised, the browser
has done that; any string at all gives a string and no string raises.

    part          redact (default)            keep                        drop
    user:pass@    removed                     removed                     removed
    query         values of secret names      values of the names that    removed
                  become REDACTED             OpenTelemetry lists do
    fragment      removed                     as the query                removed
    ;name=value   as the query                as the query                as for redact
    data:...      data:<media type>           the same                    the same
    blob:...      blob:<origin>               the same                    the same
    a token       REDACTED, wherever it is    kept                        as for redact

A token is what is secret by its own form, whatever it is called: a JWT, a key of a well-known
service, an e-mail address. Of a path the whole segment goes, of a query the value or the name.
Credentials go wherever they stand, in a URL inside the path or the query too. A data URL is its own
content and a blob URL ends in a UUID that means nothing outside the page; both would carry a page's
data away and make every span's URL a new value.

Source: OpenTelemetry semantic conventions 1.44, `url.full`; WHATWG URL, "URL parsing".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ._records import pattern

MAX_URL_LENGTH: Final = 2048
"""Characters that are kept. Servers commonly refuse URLs beyond 8 KiB; the long ones carry data."""

REDACTED: Final = "REDACTED"

SEMCONV_SECRETS: Final = frozenset(
    (
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "AWSAccessKeyId",
        "Signature",
        "sig",
        "X-Goog-Signature",
    )
)
"""Redacted whatever the policy; compared as written, as the semantic conventions ask."""

_SECRET_NAMES: Final = frozenset(
    (
        *("accesskey", "accesskeyid", "auth", "authcode", "authorization", "awsaccesskeyid"),
        *("bearer", "clientkey", "code", "hmac", "jsessionid", "jwt", "key", "keypairid", "mail"),
        *("nonce", "otp", "pass", "phone", "phpsessid", "pin", "policy", "privatekey", "pwd"),
        *("sas", "sessid", "session", "sid", "sig", "ssn", "sso", "ticket"),
    )
)
_SECRET_PARTS: Final = (
    *("apikey", "credential", "email", "passphrase", "passw", "secret", "sessionid"),
    *("signature", "token"),
)
"""What contains one of these is secret: csrf_token, X-Amz-Signature, clientSecret."""

TOKEN: Final = (
    r"eyJ[\w+/=-]{14,}(?:\.[\w-]+)*"  # JSON in base64: JWT, JWE, a page's state
    # An e-mail address, but neither name@1.2 nor logo@2x.png.
    r"|(?<![\w.+-])[\w.+-]+@(?!v?\d+(?:\.[\dx]|x\.))[\w-]+\.[\w.@-]*[\w-]"
    r"|\b(?:gh[a-z]_|github_pat_|glpat-|xox[a-z]-|AIza|[sr]k[-_](?:live_|test_)?)"
    r"(?=[\w-]{0,64}\d)[\w-]{16,}"
    r"|\bA[KS]IA[0-9A-Z]{16}\b"
)
"""What is secret by its form, for `re.search`: compiled when the first text may hold one, for that
takes a page's runtime a millisecond."""
HINTS: Final = (
    *("@", "%40", "%2540", "eyJ", "sk-", "sk_", "rk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    *("github_pat_", "glpat-", "xox", "AIza", "AKIA", "ASIA"),
)
"""One of these stands in every token."""

_SCHEME: Final = pattern(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HIERARCHICAL: Final = frozenset(("http:", "https:", "ws:", "wss:", "ftp:", "file:", "mailto:"))
_OPAQUE: Final = frozenset(("data:", "blob:", "javascript:"))
_SLASHES: Final = "/\\"
_AUTHORITY_END: Final = pattern(r"[/\\?#]")
_CREDENTIALS: Final = pattern(r"(:[/\\]{1,3})[^/\\?#]*@")
_PART: Final = pattern(r"[^/?&;=#]+")
_DELIMITERS: Final = pattern(r"[?&;#]")
_NOT_ALPHANUMERIC: Final = pattern(r"[^0-9a-z]+")
_ESCAPE: Final = pattern(r"%([0-9A-Fa-f]{2})")
_MAX_NESTING: Final = 3
"""Times that a value, redirect_uri=..., is decoded; what is still encoded then goes as a whole."""


def redact(url: str, policy: str = "redact") -> str:
    """Remove from `url` what is secret.

    Args:
        url: Any string, normally absolute and as the browser normalised it.
        policy: "redact", "keep" or "drop"; anything else counts as "drop".

    Returns:
        At most `MAX_URL_LENGTH` characters, "" where `url` is not a string.
    """
    if type(url) is not str:
        return ""
    plain = "?" not in url and "#" not in url and "@" not in url and ";" not in url
    if plain and url[:4] == "http" and "%" not in url and "eyJ" not in url:
        return url[:MAX_URL_LENGTH]  # most resources of most pages
    scheme, rest = _split_scheme(url)
    if scheme in _OPAQUE:
        return _opaque(scheme, rest)[:MAX_URL_LENGTH]
    tokens = policy != "keep" and any(map(url.__contains__, HINTS))
    if plain and not tokens:
        return url[:MAX_URL_LENGTH]
    is_secret = _is_listed if policy == "keep" else _is_secret
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    # Parts are cut before they are walked, so the time stays bounded; a name that lost its value by
    # it has nothing to leak.
    text = _without_credentials(scheme, rest)[:MAX_URL_LENGTH]
    if ";" in text:
        text = _redact_matrix(text, is_secret)
    if policy in ("redact", "keep") and query:
        text += "?" + _redact_query(query[:MAX_URL_LENGTH], is_secret)
    if policy == "keep" and fragment:
        text += "#" + _redact_query(fragment[:MAX_URL_LENGTH], is_secret)
    if tokens:
        text = _PART.sub(_redact_part, text)
    return text[:MAX_URL_LENGTH]


def _split_scheme(url: str) -> tuple[str, str]:
    """Cut after the scheme; one that decides how to go on comes back in lower case."""
    match = _SCHEME.match(url)
    if match is None:
        return "", url
    scheme = match[0]
    lowered = scheme.lower()
    return lowered if lowered in _OPAQUE else scheme, url[match.end() :]


def _opaque(scheme: str, rest: str) -> str:
    if scheme == "data:":
        return scheme + re.split("[;,]", rest[:128], maxsplit=1)[0]
    if scheme == "blob:":
        return scheme + _origin(rest)
    return scheme


def _origin(url: str) -> str:
    """The scheme and authority of `url`; "" where it has none: an opaque origin is "null"."""
    scheme, slashes, rest = url.partition("//")
    if not slashes or not _SCHEME.fullmatch(scheme):
        return ""
    return _without_credentials(scheme, slashes + _AUTHORITY_END.split(rest, maxsplit=1)[0])


def _without_credentials(scheme: str, rest: str) -> str:
    """Drop everything up to the last @ of the authority, whatever it looks like.

    What stands before the first slash is taken for an authority even without a leading "//", and an
    unknown scheme before it for a user's name: in a string that no browser has normalised, a
    forgotten password is worse than a shortened address.
    """
    start = len(rest) - len(rest.lstrip(_SLASHES))
    end = _AUTHORITY_END.search(rest, start)
    at = rest.rfind("@", start, end.start() if end else len(rest))
    if at >= 0:
        if start == 0 and scheme.lower() not in _HIERARCHICAL:
            scheme = ""
        rest = rest[:start] + rest[at + 1 :]
    return scheme + (_CREDENTIALS.sub(r"\1", rest) if "@" in rest else rest)


def _redact_query(query: str, is_secret: Callable[[str], bool]) -> str:
    return "&".join([_redact_pair(pair, is_secret) for pair in query.split("&")])


def _redact_pair(pair: str, is_secret: Callable[[str], bool]) -> str:
    """Redact one name=value if the name is secret, or if the value has a secret inside."""
    if "@" in pair:
        pair = _CREDENTIALS.sub(r"\1", pair)
    name, equals, value = pair.partition("=")
    if not value:
        return pair
    # A hash route hides the name behind a question mark: #/reset?token=1
    if is_secret(_DELIMITERS.split(name)[-1]) or _hides_secret(value, is_secret):
        return f"{name}={REDACTED}"
    return pair


def _hides_secret(value: str, is_secret: Callable[[str], bool]) -> bool:
    """Whether a value, taken for an encoded URL, has credentials or a secret parameter in it."""
    value = _decoded(value)
    if _CREDENTIALS.search(value) or _ESCAPE.search(value):
        return True
    for inner in _DELIMITERS.split(value):
        name, _, secret = inner.partition("=")
        if secret and is_secret(name):
            return True
    return False


def _redact_part(part: re.Match[str]) -> str:
    return REDACTED if re.search(TOKEN, _decoded(part[0])) else part[0]


def _decoded(text: str) -> str:
    for _ in range(_MAX_NESTING):
        if "%" not in text:
            break
        text = _unescape(text)
    return text


def _redact_matrix(text: str, is_secret: Callable[[str], bool]) -> str:
    """Redact path parameters: /cart;jsessionid=1/items."""
    head, *parameters = text.split(";")
    for parameter in parameters:
        pair, slash, tail = parameter.partition("/")
        head += ";" + _redact_pair(pair, is_secret) + slash + tail
    return head


def _is_listed(name: str) -> bool:
    return _unescape(name) in SEMCONV_SECRETS


def _is_secret(name: str) -> bool:
    """Whether `name`, or what its last brackets hold, is secret; case and - _ . do not count."""
    name = _unescape(name).lower()
    joined = _NOT_ALPHANUMERIC.sub("", name)
    if joined in _SECRET_NAMES or any(part in joined for part in _SECRET_PARTS):
        return True
    return name.endswith("]") and name[:-1].rpartition("[")[2] in _SECRET_NAMES


def _unescape(text: str) -> str:
    """Undo percent-encoding byte by byte, which is enough to recognise ASCII names."""
    if "%" not in text:
        return text
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
