# SPDX-License-Identifier: MIT OR Apache-2.0
"""_urls: what leaves the browser of a URL, and what never does."""

from __future__ import annotations

import pytest

from edgetrace._urls import MAX_URL_LENGTH, SEMCONV_SECRETS, redact

POLICIES = ("redact", "keep", "drop")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:pass@h.example/a", "https://h.example/a"),
        ("https://user@h.example/a", "https://h.example/a"),
        ("https://a@b@c:8443/", "https://c:8443/"),
        ("https://user:p/w@h/", "https://user:p/w@h/"),
        ("//user:pass@h.example/", "//h.example/"),
        ("HTTP:\\\\user:pass@h.example\\x", "HTTP:\\\\h.example\\x"),
        ("user:pass@h.example/x", "h.example/x"),
        ("user@h.example", "h.example"),
        ("mailto:someone@h.example", "mailto:h.example"),
        (
            "https://proxy.example/https://user:pass@h.example/",
            "https://proxy.example/https://h.example/",
        ),
        ("https://unpkg.com/@scope/name@1.2.3/x.js", "https://unpkg.com/@scope/name@1.2.3/x.js"),
        ("data:image/png;base64,iVBORw0KGgo=", "data:image/png"),
        ("DATA:,secret", "data:"),
        ("blob:https://h.example/550e8400-e29b", "blob:https://h.example"),
        ("blob:https://u:p@h.example/550e8400-e29b", "blob:https://h.example"),
        ("blob:null/550e8400-e29b", "blob:"),
        ("blob:x//h/550e8400", "blob:"),
        ("javascript:alert('a@b')", "javascript:"),
        ("about:blank", "about:blank"),
        ("https://h.example", "https://h.example"),
        ("", ""),
    ],
)
def test_credentials_and_content_never_leave(url: str, expected: str, policy: str) -> None:
    """No policy lets out user info, a data URL's data or a blob's id; the rest of a URL stays."""
    assert redact(url, policy) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("redact", "https://h/p?q=a&token=REDACTED&v=1"),
        ("keep", "https://h/p?q=a&token=b&v=1#part"),
        ("drop", "https://h/p"),
        ("typo", "https://h/p"),
    ],
)
def test_a_policy_decides_on_query_and_fragment(policy: str, expected: str) -> None:
    """The default keeps the query without secrets, `keep` all of it, anything else none of it."""
    assert redact("https://h/p?q=a&token=b&v=1#part", policy) == expected


@pytest.mark.parametrize("policy", ["redact", "keep"])
@pytest.mark.parametrize("name", sorted(SEMCONV_SECRETS))
def test_the_names_of_the_conventions_are_always_redacted(name: str, policy: str) -> None:
    """url.full: the values of the listed keys become REDACTED, and the keys stay."""
    assert redact(f"https://h/?a=1&{name}=s3cr3t", policy) == f"https://h/?a=1&{name}=REDACTED"


@pytest.mark.parametrize(
    "name",
    [
        *("token", "access_token", "id_token", "refresh_token", "code", "password", "passwd"),
        *("pwd", "secret", "client_secret", "api_key", "apikey", "key", "auth", "session"),
        *("sessionid", "sid", "jwt", "signature", "sig", "email", "TOKEN", "Access-Token"),
        *("x-api-key", "csrf_token", "userEmail", "user[password]", "user%5Bpin%5D", "t%6Fken"),
        *("/reset?otp", "PHPSESSID", "X-Amz-Signature"),
    ],
)
def test_a_secret_name_is_known_however_it_is_written(name: str) -> None:
    """Case, - _ . and percent-encoding hide no secret."""
    assert redact(f"https://h/?a=1&{name}=v") == f"https://h/?a=1&{name}=REDACTED"


@pytest.mark.parametrize(
    "name",
    ["q", "page", "id", "author", "keyboard", "sort[by]", "a[]", "decode", "design", "", "%"],
)
def test_an_ordinary_name_is_left_alone(name: str) -> None:
    """What merely resembles a secret's name keeps its value."""
    assert redact(f"https://h/?{name}=v") == f"https://h/?{name}=v"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("to=/cb?code=1", "to=REDACTED"),
        ("to=%2Fcb%3Fcode%3D1", "to=REDACTED"),
        ("to=%252Fcb%253Fcode%253D1", "to=REDACTED"),
        ("to=%2525", "to=%2525"),
        ("to=%2525252F", "to=REDACTED"),
        ("to=https%3A%2F%2Fu%3Ap%40h%2F", "to=REDACTED"),
        ("to=https://u:p@h/", "to=https://h/"),
        ("to=%2Fcb%3Fpage%3D1", "to=%2Fcb%3Fpage%3D1"),
        ("a=1;token=2", "a=REDACTED"),
        ("a&b=&=c&&", "a&b=&=c&&"),
        ("q=100%25&x=%zz", "q=100%25&x=%zz"),
        ("token=", "token="),
        ("token", "token"),
    ],
)
def test_a_secret_inside_a_value_takes_the_value_with_it(query: str, expected: str) -> None:
    """A URL in redirect_uri, encoded or not, is looked into; what stays encoded is not trusted."""
    assert redact(f"https://h/?{query}") == f"https://h/?{expected}"


def test_matrix_parameters_are_redacted() -> None:
    """Servlet containers put the session into the path."""
    url = "https://h/a;jsessionid=12/b;v=1?x=1"
    assert redact(url) == "https://h/a;jsessionid=REDACTED/b;v=1?x=1"
    assert redact(url, "drop") == "https://h/a;jsessionid=REDACTED/b;v=1"
    assert redact(url, "keep") == url


def test_a_kept_fragment_loses_listed_secrets() -> None:
    """With `keep`, a fragment is treated as a query: single-page applications route by it."""
    assert redact("https://h/#/r?sig=1&token=2", "keep") == "https://h/#/r?sig=REDACTED&token=2"


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
STRIPE = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"  # in two pieces, for those who search sources
GITHUB = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
SLACK = "xoxb-" + "123456789012-abcdefABCDEF"
AWS = "AKIA" + "IOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"https://h/verify/{JWT}/now", "https://h/verify/REDACTED/now"),
        ("https://h/users/ann.lee+x@mail.example/edit", "https://h/users/REDACTED/edit"),
        ("https://h/users/ann%40mail.example", "https://h/users/REDACTED"),
        ("https://h/users/ann%2540mail.example", "https://h/users/REDACTED"),
        ("https://h/unsubscribe?ann@mail.example", "https://h/unsubscribe?REDACTED"),
        ("https://h/?q=ann%40mail.example&p=1", "https://h/?q=REDACTED&p=1"),
        (f"https://h/?state={JWT}&p=1", "https://h/?state=REDACTED&p=1"),
        (f"https://h/?{JWT}", "https://h/?REDACTED"),
        (f"https://h/?a={STRIPE}&b={GITHUB}", "https://h/?a=REDACTED&b=REDACTED"),
        (f"https://h/hooks/{SLACK};v={AWS}?x=1", "https://h/hooks/REDACTED;v=REDACTED?x=1"),
        (f"/verify/{JWT}", "/verify/REDACTED"),
    ],
)
def test_a_token_is_known_by_its_form(url: str, expected: str) -> None:
    """JWTs, e-mail addresses and keys of known services go by default, whatever they are called."""
    assert redact(url) == expected
    assert redact(url, "drop") == expected.partition("?")[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn/npm/vue@3.4.21/dist/vue.js",
        "https://cdn/npm/vue@3.x/dist/vue.js",
        "https://cdn/npm/@scope/name@v1.2.3-beta.4/x.mjs",
        "https://h/img/logo@2x.png?v=1",
        "https://h/@ann/article",
        "https://h/risk-assessment-of-2026-and-later?task_id=12345678901234567890",
        "https://h/keyJack.js?x=heyJoe",
    ],
)
def test_what_resembles_a_token_is_left_alone(url: str) -> None:
    """Versions, densities and handles have an @ as well."""
    assert redact(url) == url


def test_keep_keeps_tokens() -> None:
    """Who keeps query strings keeps all but what OpenTelemetry lists."""
    url = f"https://h/ann@mail.example?state={JWT}"
    assert redact(url, "keep") == url


@pytest.mark.parametrize("policy", POLICIES)
def test_length_is_bounded(policy: str) -> None:
    """However long a URL is, MAX_URL_LENGTH characters of it leave, and a cut frees no secret."""
    for url in (
        "https://h/" + "a" * 5_000_000,
        "https://h/?" + "a=1&" * 1_000_000,
        "https://h/?sig=" + "s" * 5_000_000,
        "https://h/#" + "a=1&" * 1_000_000,
        "https://h/" + ";a=1" * 1_000_000,
        "blob:https://" + "h" * 100_000,
        "https://" + "u" * 5_000_000 + ":p@h/",
    ):
        redacted = redact(url, policy)
        assert len(redacted) <= MAX_URL_LENGTH
        assert "sss" not in redacted
        assert "uuu" not in redacted


def test_what_is_no_string_is_nothing() -> None:
    """A wrong type gives the empty string."""
    assert redact(None) == ""  # type: ignore[arg-type]  # that is the test
    assert redact(b"https://h/") == ""  # type: ignore[arg-type]  # that is the test
