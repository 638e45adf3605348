# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bodies: gzip in bounded memory, and the answers that OTLP prescribes."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest

from edgetrace._protobuf import read_fields
from edgetrace_gateway.inflate import MAX_MEMBERS, Damaged, TooLarge, gunzip
from edgetrace_gateway.status import (
    answer_type,
    error_body,
    retry_after,
    rpc_code,
    success_body,
)

TEXT = b"spans " * 1_000


@pytest.mark.parametrize("text", [b"", b"x", TEXT])
def test_gzip_is_expanded(text: bytes) -> None:
    """Up to the very size that is allowed."""
    assert gunzip(gzip.compress(text), len(text)) == text


def test_members_are_joined() -> None:
    """A file of several is one text."""
    assert gunzip(gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(b"b"), 2) == b"ab"


@pytest.mark.parametrize("allowed", [0, 1, len(TEXT) - 1])
def test_one_byte_too_many_is_too_large(allowed: int) -> None:
    """Also where it comes in a later member."""
    with pytest.raises(TooLarge, match=f"larger than {allowed} bytes"):
        gunzip(gzip.compress(TEXT), allowed)
    with pytest.raises(TooLarge):
        gunzip(gzip.compress(TEXT[:-1]) + gzip.compress(b"xx"), len(TEXT))


def test_a_bomb_uses_no_more_memory_than_was_allowed() -> None:
    """64 MiB of zeros in 64 kB are given up after 1 MiB."""
    bomb = gzip.compress(bytes(2**26))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        gunzip(bomb, 2**20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 2**20


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no gzip at all",
        b"\x1f\x8b",
        gzip.compress(TEXT)[:-1],
        gzip.compress(TEXT)[:40],
        gzip.compress(TEXT)[:-8] + bytes(8),
        gzip.compress(TEXT) + b"garbage",
        gzip.compress(TEXT) + b"\x00",
        gzip.compress(TEXT) + gzip.compress(TEXT)[:-3],
        gzip.compress(b"") * (MAX_MEMBERS + 1),
    ],
)
def test_damaged_gzip_is_refused(body: bytes) -> None:
    """Cut off, with a wrong checksum, followed by other bytes, or in too many pieces."""
    with pytest.raises(Damaged, match="gzip"):
        gunzip(body, 2**20)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("application/x-protobuf", "application/x-protobuf"),
        ("text/plain", "application/x-protobuf"),
        ("", "application/x-protobuf"),
    ],
)
def test_an_answer_is_in_the_request_s_encoding(content_type: str, expected: str) -> None:
    """JSON for JSON, protobuf for everything else."""
    assert answer_type(content_type) == expected


def test_a_failure_is_a_status() -> None:
    """google.rpc.Status: code 1, message 2; a lone surrogate does not break it."""
    body = error_body("application/x-protobuf", rpc_code(400), "bad é\ud83d")
    assert dict(read_fields(body)) == {1: 3, 2: "bad é\ufffd".encode()}
    body = error_body("application/json", rpc_code(413), 'too "large"')
    assert json.loads(body) == {"code": 8, "message": 'too "large"'}
    assert rpc_code(418) == 2


def test_success_is_the_empty_response() -> None:
    """ExportTraceServiceResponse without partial success."""
    assert success_body("application/x-protobuf") == b""
    assert success_body("application/json") == b"{}"


def test_retry_after_is_a_second_at_least() -> None:
    """Zero would be an invitation."""
    assert retry_after(0) == {"retry-after": "1"}
    assert retry_after(30) == {"retry-after": "30"}
