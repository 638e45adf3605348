# SPDX-License-Identifier: MIT OR Apache-2.0
"""W3C Trace Context Level 2: the working group's own test suite and the specification's examples.

Sources, both of https://github.com/w3c/trace-context at acab820 (June 2026): test/test.py, at
STRICT_LEVEL 2 and SPEC_LEVEL 2, whose test each row names, and "spec:", the sections of
spec/20-http_request_header_format.md. The suite drives an HTTP service that calls back; here the
headers go through extract and inject, which is all of a service that it looks at.
"""

from __future__ import annotations

import pytest

from edgetrace._context import Context, NonRecordingSpan
from edgetrace._propagation import extract, inject

ID = "12345678901234567890123456789012"
PARENT = "1234567890123456"
VALID = f"00-{ID}-{PARENT}-00"
CHARS = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
VALUE = "".join(chr(c) for c in range(0x20, 0x7F) if chr(c) not in ",=")
TEN = ",".join(f"bar{n:02}={n:02}" for n in range(1, 11))
TWENTY = ",".join(f"bar{n:02}={n:02}" for n in range(11, 21))
THIRTY = ",".join(f"bar{n:02}={n:02}" for n in range(21, 31))


def sent(headers: list[tuple[str, str]]) -> dict[str, str]:
    """What a service with the span id 0101010101010101 sends on when it was sent `headers`."""
    context = extract(headers)
    carrier: dict[str, str] = {}
    if context.span is not None:
        own = context.span.context._replace(span_id=b"\x01" * 8, is_remote=False)
        inject(carrier, Context(NonRecordingSpan(own)))
    return carrier


CONTINUED = [
    ("test_traceparent_included_tracestate_missing", f"00-{ID}-{PARENT}-01"),
    ("test_traceparent_version_0xcc", f"cc-{ID}-{PARENT}-01"),
    ("test_traceparent_version_0xcc", f"cc-{ID}-{PARENT}-01-what-the-future-will-be-like"),
    ("test_traceparent_ows_handling", f" 00-{ID}-{PARENT}-01"),
    ("test_traceparent_ows_handling", f"\t00-{ID}-{PARENT}-01"),
    ("test_traceparent_ows_handling", f"00-{ID}-{PARENT}-01 "),
    ("test_traceparent_ows_handling", f"00-{ID}-{PARENT}-01\t"),
    ("test_traceparent_ows_handling", f"\t 00-{ID}-{PARENT}-01 \t"),
]


@pytest.mark.parametrize(("source", "value"), CONTINUED)
def test_a_valid_traceparent_continues_the_trace(source: str, value: str) -> None:
    """The trace id goes on, sampled as it came, in version 00 with the service's own span id."""
    assert sent([("traceparent", value)]) == {"traceparent": f"00-{ID}-{'01' * 8}-01"}, source


@pytest.mark.parametrize("name", ["TraceParent", "TrAcEpArEnT", "TRACEPARENT"])
def test_the_name_of_traceparent_has_any_case(name: str) -> None:
    """Source: test_traceparent_header_name_valid_casing."""
    assert sent([(name, VALID)])["traceparent"].startswith(f"00-{ID}-")


RESTARTED = [
    ("test_both_traceparent_and_tracestate_missing", []),
    (
        "test_traceparent_duplicated",
        [f"00-{ID[:-1]}1-{PARENT}-01", f"00-{ID}-{PARENT}-01"],
    ),
    ("test_traceparent_version_0x00", [f"00-{ID}-{PARENT}-01."]),
    ("test_traceparent_version_0x00", [f"00-{ID}-{PARENT}-01-what-the-future-will-be-like"]),
    ("test_traceparent_version_0xcc", [f"cc-{ID}-{PARENT}-01.what-the-future-will-be-like"]),
    ("test_traceparent_version_0xff", [f"ff-{ID}-{PARENT}-01"]),
    ("test_traceparent_version_illegal_characters", [f".0-{ID}-{PARENT}-01"]),
    ("test_traceparent_version_illegal_characters", [f"0.-{ID}-{PARENT}-01"]),
    ("test_traceparent_version_too_long", [f"000-{ID}-{PARENT}-01"]),
    ("test_traceparent_version_too_long", [f"0000-{ID}-{PARENT}-01"]),
    ("test_traceparent_version_too_short", [f"0-{ID}-{PARENT}-01"]),
    ("test_traceparent_trace_id_all_zero", [f"00-{'0' * 32}-{PARENT}-01"]),
    ("test_traceparent_trace_id_illegal_characters", [f"00-.{ID[1:]}-{PARENT}-01"]),
    ("test_traceparent_trace_id_illegal_characters", [f"00-{ID[:-1]}.-{PARENT}-01"]),
    ("test_traceparent_trace_id_too_long", [f"00-{ID}3-{PARENT}-01"]),
    ("test_traceparent_trace_id_too_short", [f"00-{ID[:-1]}-{PARENT}-01"]),
    ("test_traceparent_parent_id_all_zero", [f"00-{ID}-{'0' * 16}-01"]),
    ("test_traceparent_parent_id_illegal_characters", [f"00-{ID}-.{PARENT[1:]}-01"]),
    ("test_traceparent_parent_id_illegal_characters", [f"00-{ID}-{PARENT[:-1]}.-01"]),
    ("test_traceparent_parent_id_too_long", [f"00-{ID}-{PARENT}7-01"]),
    ("test_traceparent_parent_id_too_short", [f"00-{ID}-{PARENT[:-1]}-01"]),
    ("test_traceparent_trace_flags_illegal_characters", [f"00-{ID}-{PARENT}-.0"]),
    ("test_traceparent_trace_flags_illegal_characters", [f"00-{ID}-{PARENT}-0."]),
    ("test_traceparent_trace_flags_too_long", [f"00-{ID}-{PARENT}-001"]),
    ("test_traceparent_trace_flags_too_short", [f"00-{ID}-{PARENT}-1"]),
    ("spec: HEXDIGLC is lower case", [f"00-{'A' * 32}-{PARENT}-01"]),
    ("spec: HEXDIGLC is lower case", [f"00-{ID}-{'B' * 16}-01"]),
    ("spec: HEXDIGLC is lower case", [f"00-{ID}-{PARENT}-0A"]),
    ("spec: HEXDIGLC is lower case", [f"CC-{ID}-{PARENT}-01"]),
    ("spec: DIGIT is ASCII", [f"00-{'١' * 32}-{PARENT}-01"]),
    ("spec: Versioning, shorter than 55", [f"cc-{ID}-{PARENT}-0"]),
    ("spec: Versioning, zeros are as invalid", [f"cc-{'0' * 32}-{PARENT}-01"]),
]


@pytest.mark.parametrize(("source", "values"), RESTARTED)
def test_an_invalid_traceparent_begins_a_new_trace(source: str, values: list[str]) -> None:
    """No parent is taken from it, and its tracestate is dropped with it."""
    headers = [("traceparent", value) for value in values] + [("tracestate", "foo=1,bar=2")]
    assert extract(headers) == Context(), source


@pytest.mark.parametrize("name", ["trace-parent", "trace.parent"])
def test_another_name_is_another_header(name: str) -> None:
    """Source: test_traceparent_header_name."""
    assert sent([(name, VALID)]) == {}


@pytest.mark.parametrize(
    ("came", "goes", "source"),
    [
        ("00", "00", "trace-flags"),
        ("01", "01", "trace-flags, sampled"),
        ("02", "02", "test_propagates_random_flag"),
        ("03", "03", "trace-flags, sampled and random"),
        ("04", "00", "Other Flags: MUST be set to zero"),
        ("ff", "03", "Other Flags: MUST be set to zero"),
        ("fe", "02", "Other Flags: MUST be set to zero"),
    ],
)
@pytest.mark.parametrize("version", ["00", "01", "fe"])
def test_flags(version: str, came: str, goes: str, source: str) -> None:
    """Sampled and random go on, flags that are not defined go on as zero."""
    value = sent([("traceparent", f"{version}-{ID}-{PARENT}-{came}")])["traceparent"]
    assert value == f"00-{ID}-{'01' * 8}-{goes}", source


STATES = [
    ("test_tracestate_included_traceparent_included", ["foo=1,bar=2"], "foo=1,bar=2"),
    ("test_tracestate_empty_header", [""], None),
    ("test_tracestate_empty_header", ["foo=1", ""], "foo=1"),
    ("test_tracestate_empty_header", ["", "foo=1"], "foo=1"),
    (
        "test_tracestate_multiple_headers_different_keys",
        ["foo=1,bar=2", "rojo=1,congo=2", "baz=3"],
        "foo=1,bar=2,rojo=1,congo=2,baz=3",
    ),
    ("test_tracestate_duplicated_keys", ["foo=1,foo=1"], "foo=1"),
    ("test_tracestate_duplicated_keys", ["foo=1,foo=2"], "foo=1"),
    ("test_tracestate_duplicated_keys", ["foo=1", "foo=1"], "foo=1"),
    ("test_tracestate_duplicated_keys", ["foo=1", "foo=2"], "foo=1"),
    ("test_tracestate_all_allowed_characters", [f"{CHARS}={VALUE}"], f"{CHARS}={VALUE}"),
    (
        "test_tracestate_all_allowed_characters",
        [f"{CHARS}@a-z0-9_-*/={VALUE}"],
        f"{CHARS}@a-z0-9_-*/={VALUE}",
    ),
    (
        "test_tracestate_ows_handling",
        ["foo=1 \t , \t bar=2, \t baz=3"],
        "foo=1,bar=2,baz=3",
    ),
    (
        "test_tracestate_ows_handling",
        ["foo=1\t \t,\t \tbar=2,\t \tbaz=3"],
        "foo=1,bar=2,baz=3",
    ),
    ("test_tracestate_ows_handling", [" foo=1"], "foo=1"),
    ("test_tracestate_ows_handling", ["\tfoo=1"], "foo=1"),
    ("test_tracestate_ows_handling", ["foo=1 "], "foo=1"),
    ("test_tracestate_ows_handling", ["foo=1\t"], "foo=1"),
    ("test_tracestate_ows_handling", ["\t foo=1 \t"], "foo=1"),
    ("test_tracestate_key_illegal_characters", ["foo =1"], None),
    ("test_tracestate_key_illegal_characters", ["FOO=1"], None),
    ("test_tracestate_key_illegal_characters", ["foo.bar=1"], None),
    ("test_tracestate_key_illegal_vendor_format", ["foo@=1,bar=2"], "foo@=1,bar=2"),
    ("test_tracestate_key_illegal_vendor_format", ["@foo=1,bar=2"], None),
    ("test_tracestate_key_illegal_vendor_format", ["foo@@bar=1,bar=2"], "foo@@bar=1,bar=2"),
    ("test_tracestate_key_illegal_vendor_format", ["foo@bar@baz=1,bar=2"], "foo@bar@baz=1,bar=2"),
    (
        "test_tracestate_member_count_limit",
        [TEN, TWENTY, THIRTY, "bar31=31,bar32=32"],
        f"{TEN},{TWENTY},{THIRTY},bar31=31,bar32=32",
    ),
    (
        "test_tracestate_member_count_limit",
        [TEN, TWENTY, THIRTY, "bar31=31,bar32=32,bar33=33"],
        None,
    ),
    ("test_tracestate_key_length_limit", ["foo=1", f"{'z' * 256}=1"], f"foo=1,{'z' * 256}=1"),
    ("test_tracestate_key_length_limit", ["foo=1", f"{'z' * 257}=1"], None),
    (
        "test_tracestate_key_length_limit",
        ["foo=1", f"{'t' * 241}@{'v' * 14}=1"],
        f"foo=1,{'t' * 241}@{'v' * 14}=1",
    ),
    (
        "test_tracestate_key_length_limit",
        ["foo=1", f"{'t' * 242}@v=1"],
        f"foo=1,{'t' * 242}@v=1",
    ),
    ("test_tracestate_key_length_limit", ["foo=1", f"t@{'v' * 15}=1"], f"foo=1,t@{'v' * 15}=1"),
    ("test_tracestate_value_illegal_characters", ["foo=bar=baz"], None),
    ("test_tracestate_value_illegal_characters", ["foo=,bar=3"], None),
    ("spec: Value, up to 256 characters", [f"a={'v' * 256}"], f"a={'v' * 256}"),
    ("spec: Value, up to 256 characters", [f"a={'v' * 257}"], None),
    ("spec: Value, leading spaces are part of it", ["a=  v ,b=1"], "a=  v,b=1"),
    ("spec: Value, no tabs or line ends within", ["a=b\tc"], None),
    ("spec: Value, no tabs or line ends within", ["a=b\n"], None),
    ("spec: Value, ASCII", ["a=é"], None),
    ("spec: Key, begins with a digit", ["0a=1"], "0a=1"),
    ("spec: Key, begins with a letter or digit", ["_a=1"], None),
    ("spec: list, empty members are allowed", [",, a=1 ,\t,,b=2,", " "], "a=1,b=2"),
    ("spec: list, empty members are allowed", ["," * 40 + TEN], TEN),
    ("spec: list-member is key=value", ["a"], None),
    (
        "spec: example",
        ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
    ),
]


@pytest.mark.parametrize(("source", "values", "expected"), STATES)
def test_tracestate(source: str, values: list[str], expected: str | None) -> None:
    """A tracestate goes on joined and in order; one that is not as specified does not, whole."""
    carrier = sent([("traceparent", VALID), *[("tracestate", value) for value in values]])
    assert carrier.pop("traceparent") == f"00-{ID}-{'01' * 8}-00", source
    assert carrier == ({} if expected is None else {"tracestate": expected}), source


@pytest.mark.parametrize("name", ["TraceState", "TrAcEsTaTe", "TRACESTATE"])
def test_the_name_of_tracestate_has_any_case(name: str) -> None:
    """Source: test_tracestate_header_name_valid_casing."""
    assert sent([("traceparent", VALID), (name, "foo=1")])["tracestate"] == "foo=1"


@pytest.mark.parametrize("name", ["trace-state", "trace.state"])
def test_another_name_is_not_tracestate(name: str) -> None:
    """Source: test_tracestate_header_name."""
    assert "tracestate" not in sent([("traceparent", VALID), (name, "foo=1")])


@pytest.mark.parametrize("value", ["foo=1", "foo=1,bar=2"])
def test_tracestate_without_traceparent(value: str) -> None:
    """Source: test_tracestate_included_traceparent_missing."""
    assert sent([("tracestate", value)]) == {}
