# SPDX-License-Identifier: MIT OR Apache-2.0
"""`errors`: the tree, and what each error tells."""

from __future__ import annotations

import pytest

from edgetrace import errors
from edgetrace.errors import (
    AgentError,
    ConfigError,
    DropReason,
    ExportError,
    MisuseError,
    RejectedError,
    ThrottledError,
    TransportError,
    UnsupportedPlatformError,
)
from tests.strategies import Hostile


def test_the_base_refuses_to_be_raised() -> None:
    """A bare AgentError would say nothing, so it cannot be made."""
    with pytest.raises(TypeError, match="base class"):
        AgentError("boo")


def test_every_public_error_is_an_agent_error() -> None:
    """`except AgentError` catches whatever the agent raises or reports."""
    public = {getattr(errors, name) for name in errors.__all__} - {DropReason}
    assert all(issubclass(error, AgentError) for error in public)


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (ConfigError, ValueError),
        (UnsupportedPlatformError, RuntimeError),
        (TransportError, ExportError),
        (ThrottledError, ExportError),
        (RejectedError, ExportError),
    ],
)
def test_errors_are_what_python_would_call_them_too(kind: type, also: type) -> None:
    """Each error has the base that its neighbours in the tree have."""
    assert issubclass(kind, also)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x", "'x'"),
        (None, "None"),
        ("a" * 100, "'" + "a" * 76 + "..."),
        pytest.param(Hostile(), "<Hostile>", id="hostile"),
    ],
)
def test_a_config_error_names_option_value_and_remedy(value: object, shown: str) -> None:
    """The message is enough to mend the option, whatever the value's repr does."""
    error = ConfigError("endpoint", value, "use an absolute URL")
    assert str(error) == f"endpoint={shown}: use an absolute URL"
    assert (error.option, error.remedy) == ("endpoint", "use an absolute URL")
    assert error.value is value


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MisuseError("end() twice"), "end() twice"),
        (UnsupportedPlatformError("no fetch"), "no fetch"),
        (TransportError("ECONNREFUSED"), "no answer from the endpoint: ECONNREFUSED"),
        (ThrottledError(503), "the endpoint answered 503"),
        (ThrottledError(429, 1_500_000_000), "the endpoint answered 429, retry after 1.5 s"),
        (RejectedError(400, b"bad \xff"), "the endpoint answered 400: bad \ufffd"),
    ],
)
def test_messages(error: AgentError, message: str) -> None:
    """Each error says in one line what happened."""
    assert str(error) == message


def test_export_errors_carry_spans_and_attempts() -> None:
    """The facts that a report needs are fields, and a long answer is cut to 200 bytes."""
    error = RejectedError(413, b"x" * 999, spans=7, attempts=3)
    assert (error.spans, error.attempts, error.status, len(error.body)) == (7, 3, 413, 200)
    assert (ExportError("none").spans, ExportError("none").attempts) == (0, 0)
    assert (ThrottledError(503, 5).retry_after_ns, TransportError("dns").cause) == (5, "dns")


def test_drop_reasons_name_their_counters() -> None:
    """The values are the names under which `counters()` shows losses."""
    assert {reason.value for reason in DropReason} == {
        *("queue_full", "too_large", "unencodable", "rejected", "partial_success"),
        *("retries_exhausted", "shutdown"),
    }
