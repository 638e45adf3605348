# SPDX-License-Identifier: MIT OR Apache-2.0
"""_redact: what is secret in a span's texts, and what is not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from edgetrace import Settings, SpanContext, SpanKind, Status, StatusCode, configure
from edgetrace._redact import MAX_KNOWN, Redactor, span_redaction
from edgetrace._types import Event, Link, SpanData
from edgetrace.testing import InMemoryExporter

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"
SECRET = "s3cr3t-V4lue-0123456789"
CONTEXT = SpanContext(b"\1" * 16, b"\2" * 8)


def span(**fields: Any) -> SpanData:
    """A span with these fields."""
    base = SpanData(CONTEXT, None, "GET", SpanKind.INTERNAL, 1, 2, {}, (), (), Status(), 0, 0, 0)
    return base._replace(**fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"bad token {JWT}, sorry", "bad token REDACTED, sorry"),
        ("no such user: ann.lee@mail.example!", "no such user: REDACTED!"),
        (f"sent Bearer {SECRET} to h", "sent Bearer REDACTED to h"),
        ("Authorization: Basic dXNlcjpwYXNz\nHost: h", "Authorization: REDACTED\nHost: h"),
        ("Cookie: a=b; sid=1\r\nHost: h", "Cookie: REDACTED\r\nHost: h"),
        ('{"password": "hunter", "a": 1}', '{"password": "REDACTED", "a": 1}'),
        (f"{{'api_key': '{SECRET}'}}", "{'api_key': 'REDACTED'}"),
        (f'{{\\"secret\\":\\"{SECRET}\\"}}', '{\\"secret\\":\\"REDACTED\\"}'),
        (f"x-auth={SECRET} code={SECRET}", "x-auth=REDACTED code=REDACTED"),
        (f"GET https://h/p?token=abc&q=1 {SECRET}", f"GET https://h/p?token=REDACTED&q=1 {SECRET}"),
        ("at https://u:p@h/app.js:10:5", "at https://h/app.js:10:5"),
        ("see https://h/token#part", "see https://h/token#part"),
        ("to https://h/#access_token=abc", "to https://h/"),
        ("/p?nonce=abc&q=1", "/p?nonce=REDACTED&q=1"),
        ("?pin=1234", "?pin=REDACTED"),
        (f"key is {KEY}.", "key is REDACTED."),
        (KEY[:40], "REDACTED"),
        ("AKIA" + "IOSFODNN7EXAMPLE", "REDACTED"),
    ],
)
def test_what_is_secret_in_a_text(text: str, expected: str) -> None:
    """Tokens, keys, addresses, what follows a secret's name, and secrets of URLs; no more."""
    redactor = Redactor("redact")
    assert redactor.text(text) == expected
    assert redactor.text(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "GET", "checkout", "text/html; charset=utf-8", "eyJ", "a@b", "basic authentication"),
        *("Unexpected token '<', \"<!doctype \"... is not valid JSON", "KeyError: 'session'"),
        *("password is required", "token: missing", "SELECT * FROM t WHERE token = ? AND key = $1"),
        "Mozilla/5.0 (compatible; bot/1.0; +https://bot.example/about)",
        *("const code = 404", "author=Ann", "npm/vue@3.4.21", "primary key of orders_2026"),
        '  File "app.py", line 3, in f\n    token = next(tokens)\n',
    ],
)
def test_ordinary_texts_stay(text: str) -> None:
    """Words about secrets are none."""
    assert Redactor("redact").text(text) == text


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("http.request.header.authorization", ("x",), ("REDACTED",)),
        ("http.request.header.cookie", "x", "REDACTED"),
        ("accessToken", "x", "REDACTED"),
        ("user.password", {"a": "x", "b": (1, "y")}, {"a": "REDACTED", "b": (1, "REDACTED")}),
        ("gen_ai.usage.token", 17, 17),
        ("session.id", "17", "17"),
        ("list", ("a", "ann@mail.example"), ("a", "REDACTED")),
        ("tree", {"password": "x", "b": ("y",)}, {"password": "REDACTED", "b": ("y",)}),
        ("tokenizer", "bpe", "bpe"),
        ("raw", b"ann@mail.example", b"ann@mail.example"),
        ("nothing", None, None),
    ],
)
def test_an_attribute_goes_by_its_key_too(key: str, value: object, expected: object) -> None:
    """The texts in what is called like a secret go, at any depth; numbers and bytes stay."""
    assert Redactor("redact").attributes({key: value}) == {key: expected}  # type: ignore[dict-item]


def test_every_text_of_a_span_is_looked_at() -> None:
    """Name, attributes, events, links and the status."""
    mail = {"a": "ann@mail.example"}
    found = Redactor("redact").span(
        span(
            name="of ann@mail.example",
            attributes=mail,
            events=(Event("e", 1, mail), Event("bare", 2)),
            links=(Link(CONTEXT, mail),),
            status=Status(StatusCode.ERROR, "ann@mail.example"),
        )
    )
    gone = {"a": "REDACTED"}
    assert found == span(
        name="of REDACTED",
        attributes=gone,
        events=[Event("e", 1, gone), Event("bare", 2)],
        links=[Link(CONTEXT, gone)],
        status=Status(StatusCode.ERROR, "REDACTED"),
    )


def test_a_tracestate_is_told_without_its_secrets() -> None:
    """What goes on to the next service is another matter: that is as it came."""
    state = (("vendor", "t61rcWkgMzE"), ("other", JWT))
    found = Redactor("redact").span(span(context=CONTEXT._replace(trace_state=state)))
    assert found.context.trace_state == (("vendor", "t61rcWkgMzE"), ("other", "REDACTED"))


def test_a_span_of_known_texts_is_the_same_object() -> None:
    """What was found harmless once costs a look into a set."""
    redactor = Redactor("redact")
    first = span(attributes={"a": "text", "n": 1})
    assert redactor.span(first) == first
    assert redactor.span(first) is first


def test_memory_is_bounded() -> None:
    """Texts that never come again do not fill it; what is long is not remembered."""
    redactor = Redactor("redact")
    for number in range(3 * MAX_KNOWN):
        redactor.attributes({f"key {number}": f"value {number}"})
    redactor.text("x" * 10_000)
    assert len(redactor.texts) <= MAX_KNOWN
    assert len(redactor.keys) <= MAX_KNOWN


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("redact", "https://h/?token=REDACTED&q=1"), ("drop", "https://h/"), ("keep", None)],
)
def test_urls_follow_their_own_policy(policy: str, expected: str | None) -> None:
    """What `url_query` keeps in `url.full` is not taken out of it again."""
    url = "https://h/?token=abc&q=1"
    found = Redactor(policy).attributes({"url.full": url})
    assert found == {"url.full": expected or url}


def test_what_is_no_span_goes_on_as_it_is() -> None:
    """It cannot be encoded, and is counted there."""
    broken = span(attributes=None)
    assert Redactor("redact").span(broken) is broken


@pytest.mark.parametrize(
    "word",
    [
        *("a", "a.a", "a@", "@a.", "eyJ", "token", "token=", "-----BEGIN PRIVATE KEY-----", "b="),
        *(
            "https://",
            "cookie ",
            "bearer ",
            "sk_a-",
            "key_",
            "key-",
            "password",
            "auth= \t",
            "a%40",
        ),
    ],
)
def test_time_is_linear(word: str) -> None:
    """No text, whoever wrote it, makes the patterns run away."""
    redactor = Redactor("redact")
    started = time.perf_counter()
    redactor.text(word * (200_000 // len(word)) + "@")
    assert time.perf_counter() - started < 5


LEAKY: dict[str, str] = {"who": "ann@mail.example"}
SENT = b"ann@mail.example"


def recorded(**options: Any) -> list[SpanData]:
    """What an exporter gets of one span with secrets all over it."""
    exporter = InMemoryExporter()
    provider = configure(exporter=exporter, **options)
    with (
        pytest.raises(ValueError, match="ann"),
        provider.get_tracer("t").start_as_current_span("GET", attributes=LEAKY),
    ):
        raise ValueError("no ann@mail.example")
    return exporter.spans


def test_a_providers_spans_are_redacted() -> None:
    """Before any exporter sees them: attributes, the exception's event and the status."""
    (found,) = recorded()
    assert found.attributes["who"] == "REDACTED"
    assert found.status.description == "ValueError: no REDACTED"
    assert "ann@" not in str(found.events)
    assert found.events[0].attributes["exception.message"] == "no REDACTED"


def test_a_provider_may_keep_them() -> None:
    """`attribute_values="keep"` changes nothing."""
    (found,) = recorded(attribute_values="keep")
    assert found.attributes["who"] == LEAKY["who"]
    assert "ann@" in str(found.events)


@pytest.mark.parametrize("policy", ["redact", "keep"])
def test_a_pages_own_spans_follow_the_option(policy: str) -> None:
    """Those of raw entries, as those of a page's runtime, whose pipeline asks the same function."""
    redacted = span_redaction(Settings.from_options(attribute_values=policy))
    assert (SENT.decode() in str(redacted(span(attributes=LEAKY)))) is (policy == "keep")
