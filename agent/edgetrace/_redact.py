# SPDX-License-Identifier: MIT OR Apache-2.0
"""Spans without the secrets that stand in their texts: attributes, messages, stack traces, names.

    text             what goes
    URLs             what `_urls.redact` takes out of them
    tokens           what is secret by its form: see `_urls.TOKEN`
    private keys     the whole PEM block
    Bearer, Basic    what follows them
    name=value       the value, where the name is a secret's: token: x, "password": "x", Cookie: x
    attributes       the texts in one whose key ends like a secret's: `access_token`

Numbers and bytes stay as they are, and so does what was set at deployment, the resource. Few texts
hold a secret, and most come again and again: keys and texts that were found harmless are
remembered, and whoever sets an attribute looks into the two sets while at it. So a span of known
texts is not walked again when it ends: five attributes cost 0.2 us instead of 1.3 (Pyodide in Node,
November 2026). Knows neither spans' recording nor their encoding.

Source: OpenTelemetry specification, common "Sensitive data"; semantic conventions 1.44, `url.full`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from ._config import Settings
from ._types import Attributes, AttributeValue, SpanContext, SpanData, SpanKind
from ._urls import HINTS, REDACTED, TOKEN, redact

MAX_KNOWN: Final = 1024
"""Texts that are remembered; when there are more, they are data, and all are forgotten."""
MAX_KNOWN_LENGTH: Final = 128

_SHORT: Final = len("basic ") + 8
"""What is shorter, and has none of the marks = : @ % in it, is no secret."""
_PLAIN: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_./"
"""None of the marks, and nearly all that stands in short texts."""
_NUMBERS: Final = frozenset((int, float, bool, bytes, type(None)))
_WORDS: Final = (
    *("://", "token", "secret", "pass", "pwd", "auth", "cookie", "credential", "signature"),
    *("session", "csrf", "key", "code", "sig", "hmac"),
)
"""One of these, in lower case, stands before every secret that is named with = or :"""
_ALONE: Final = ("bearer", "basic ", "-----begin")
_SECRET_ENDS: Final = (
    *("token", "secret", "password", "passwd", "passphrase", "pwd", "authorization", "cookie"),
    *("apikey", "api_key", "api-key", "privatekey", "private_key", "credentials", "jwt"),
)
_URLS: Final = frozenset(("url.full", "url.path", "url.query", "browser.document.referrer"))
"""Attributes that are redacted by the policy for URLs already."""
_WEB: Final = frozenset(("http", "https"))

# Repeats that a character could begin anew, and fail after, are bounded: time stays linear.
_URL: Final = r"(?:\b(?:https?|wss?)://|\A[/?])[^\s\"'<>`\\]+"
_IS: Final = r"""["'\\]*\s*(?:=>|[=:])\s*["'\\]*"""
_VALUE: Final = r"""[^\s"'\\&;,<>(){}\[\]]"""
_SECRET: Final = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END[A-Z ]*-----|\Z)"
    r"|(?i:"
    rf"((?:authorization|cookie){_IS})[^\r\n]+"
    r"|(\b(?:bearer|basic)\s+)(?=\S{0,64}\d|\S{16})[\w.~+/=-]{8,}"
    rf"|((?:passw\w{{0,16}}|passphrase|pwd){_IS}){_VALUE}{{3,}}"
    rf"|((?:token|secret|api[-_]?key|credentials?|signature|session[-_]?id|csrf)\w{{0,16}}{_IS})"
    rf"(?=\S{{0,64}}\d|\S{{16}}){_VALUE}{{6,}}"
    rf"|((?<![a-z])(?:auth|key|code|session|sig|hmac){_IS})(?=\S{{0,64}}\d)[\w+/.=~-]{{16,}}"
    rf")|{TOKEN}"
)


_AFTER_ATTRIBUTES: Final = SpanData._fields.index("attributes") + 1
_NOTHING: Final = SpanData(SpanContext(b"", b""), None, "", SpanKind.INTERNAL, 0, 0)[
    _AFTER_ATTRIBUTES:
]
"""The fields of most spans: no events, no links, no status, nothing dropped."""


class Redactor:
    """Takes secrets out of the spans of one provider; the same text always gives the same.

    Attributes:
        texts: Some that stay as they are; to be looked into, by whoever has no time for a call.
        keys: Some that are no secret's name.
    """

    def __init__(self, url_query: str) -> None:
        """Remember nothing yet; `url_query` is the policy for URLs in texts, see `_urls.redact`."""
        self._policy = url_query
        self.texts: set[AttributeValue] = set()
        self.keys: set[str] = set()

    def harmless(self, key: str, value: AttributeValue) -> bool:
        """Whether a clean attribute stays as it is; where not, `span` is to be asked for."""
        return self._attribute(key, value) == value

    def span(self, span: SpanData) -> SpanData:
        """A span without secrets in its name, tracestate, attributes, events, links and status."""
        try:
            attributes, name = span.attributes, span.name
            if attributes:
                attributes = self.attributes(attributes)
            if (
                span[_AFTER_ATTRIBUTES:] == _NOTHING  # as one: each field would cost as much
                and attributes is span.attributes
                and name in self.texts
                and not span.context.trace_state
            ):
                return span
            name = self.text(name)
            if attributes is not span.attributes or name != span.name:
                span = span._replace(attributes=attributes, name=name)
            if span.context.trace_state:
                members = [(key, self.text(value)) for key, value in span.context.trace_state]
                span = span._replace(context=span.context._replace(trace_state=tuple(members)))
            if span.status.description:
                status = span.status._replace(description=self.text(span.status.description))
                span = span._replace(status=status)
            if span.events or span.links:
                events, links = map(self._each, (span.events, span.links))
                span = span._replace(events=events, links=links)
        except Exception:  # not as `SpanData` says: the encoder refuses it, and it is counted
            return span
        return span

    def attributes(self, attributes: Attributes) -> Attributes:
        """Attributes without secrets; the same mapping if there are none."""
        keys, texts = self.keys, self.texts
        values = [value for value in attributes.values() if type(value) not in _NUMBERS]
        try:
            if keys.issuperset(attributes) and texts.issuperset(values):
                return attributes
        except TypeError:  # a dict is not to be remembered
            pass
        return {
            key: value
            if key in keys and (type(value) in _NUMBERS or type(value) is str and value in texts)
            else self._attribute(key, value)
            for key, value in attributes.items()
        }

    def text(self, text: str) -> str:
        """A text without secrets."""
        if text in self.texts:
            return text
        if len(text) < _SHORT and not text.strip(_PLAIN):
            _remember(self.texts, text)
            return text
        low = text.lower()
        named = ("=" in text or ":" in text) and any(map(low.__contains__, _WORDS))
        named = named or ("=" in text and text[0] in "/?")
        if named or any(map(low.__contains__, _ALONE)) or any(map(text.__contains__, HINTS)):
            found = re.sub(_URL, self._url, text)
            found = re.sub(_SECRET, _keep_name, found)
            if found != text:
                return found
        if len(text) <= MAX_KNOWN_LENGTH:
            _remember(self.texts, text)
        return text

    def _each(self, parts: Sequence[Any]) -> list[Any]:
        """Events or links, with their attributes redacted."""
        return [
            part._replace(attributes=self.attributes(part.attributes)) if part.attributes else part
            for part in parts
        ]

    def _attribute(self, key: str, value: AttributeValue) -> AttributeValue:
        if key not in self.keys:
            if key.lower().endswith(_SECRET_ENDS):
                return _covered(value)
            _remember(self.keys, key)
        if key in _URLS and type(value) is str:
            if self._policy == "keep":
                return value
            # Every request's is another, and no secret as a rule: spared the search for URLs.
            scheme, _, rest = value.partition("://")
            if scheme in _WEB and self.text(rest) == rest and redact(value, self._policy) == value:
                return value
        return self._value(value)

    def _value(self, value: AttributeValue) -> AttributeValue:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple([self._value(item) for item in value])
        if isinstance(value, dict):
            return {key: self._attribute(key, item) for key, item in value.items()}
        return value

    def _url(self, match: re.Match[str]) -> str:
        url, mark, fragment = match[0].partition("#")
        return redact(url, self._policy) + (mark + fragment if "=" not in fragment else "")


def _keep_name(match: re.Match[str]) -> str:
    """What tells of a secret, without it."""
    return "".join(filter(None, match.groups())) + REDACTED


def _covered(value: AttributeValue) -> AttributeValue:
    if isinstance(value, str):
        return REDACTED
    if isinstance(value, tuple):
        return tuple([_covered(item) for item in value])
    if isinstance(value, dict):
        return {key: _covered(item) for key, item in value.items()}
    return value


def _remember(known: set[AttributeValue] | set[str], text: str) -> None:
    if len(known) >= MAX_KNOWN:
        known.clear()
    known.add(text)


class Lenient(Redactor):
    """Leaves everything as it is."""

    def __init__(self) -> None:
        """Remember keys and texts all the same: that spares calls."""
        super().__init__("keep")

    def span(self, span: SpanData) -> SpanData:
        """The same span."""
        return span

    def harmless(self, key: str, value: AttributeValue) -> bool:
        """It is."""
        _remember(self.keys, key)
        if type(value) is str and len(value) <= MAX_KNOWN_LENGTH:
            _remember(self.texts, value)
        return True


def redactor(settings: Settings) -> Redactor:
    """What a provider's spans go through before they are encoded, or seen by anyone."""
    return Lenient() if settings.attribute_values == "keep" else Redactor(settings.url_query)


def span_redaction(settings: Settings) -> Callable[[SpanData], SpanData]:
    """It as a function."""
    return redactor(settings).span
