# SPDX-License-Identifier: MIT OR Apache-2.0
"""What can go wrong, and why a span was not delivered.

The law: raise at set-up, count at run time. `ConfigError` and `UnsupportedPlatformError` are raised
by `configure()` before anything is traced; a `MisuseError` or an `ExportError` is a value given to
the error handler and never raised into an application.

    AgentError                                 base, never raised itself
    |-- ConfigError(ValueError)                an option cannot be used as given
    |-- UnsupportedPlatformError(RuntimeError) this interpreter has no fetch
    |-- MisuseError                            a span was called wrongly; nothing changed
    `-- ExportError                            spans were not delivered, or not yet
        |-- TransportError                     no answer: network, CORS, timeout (retryable)
        |-- ThrottledError                     429, 502, 503, 504 (retryable)
        `-- RejectedError                      any other answer that is not 200 (final)

Source: OpenTelemetry specification, error-handling ("MUST NOT throw unhandled exceptions at run
time").
"""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = [
    "AgentError",
    "ConfigError",
    "DropReason",
    "ExportError",
    "MisuseError",
    "RejectedError",
    "ThrottledError",
    "TransportError",
    "UnsupportedPlatformError",
]


class DropReason(Enum):
    """Why an ended, sampled span was never delivered; the value names its counter."""

    QUEUE_FULL = "queue_full"
    TOO_LARGE = "too_large"
    UNENCODABLE = "unencodable"
    REJECTED = "rejected"
    PARTIAL_SUCCESS = "partial_success"
    RETRIES_EXHAUSTED = "retries_exhausted"
    SHUTDOWN = "shutdown"


class AgentError(Exception):
    """Base of everything edgetrace raises or reports; catch it, it is never raised itself."""

    def __new__(cls, *args: Any, **fields: Any) -> AgentError:
        """Refuse the base class: a bare AgentError would say nothing."""
        if cls is AgentError:
            raise TypeError("AgentError is a base class; raise one of its subclasses")
        return super().__new__(cls, *args)


class ConfigError(AgentError, ValueError):
    """An option cannot be used as given; raised by `configure()` and `Settings`.

    The message names the option, the value and the accepted form, so that it can be mended unread.
    """

    def __init__(self, option: str, value: object, remedy: str) -> None:
        """Keep the three facts; `value` is shown shortened to 80 characters.

        Args:
            option: As the user wrote it: a keyword, an `OTEL_*` variable or a `data-*` attribute.
            value: What was given.
            remedy: The accepted form, in the imperative.
        """
        self.option, self.value, self.remedy = option, value, remedy
        try:
            shown = repr(value)
        except Exception:  # an application's own type may do anything
            shown = f"<{type(value).__name__}>"
        if len(shown) > 80:
            shown = shown[:77] + "..."
        super().__init__(f"{option}={shown}: {remedy}")


class UnsupportedPlatformError(AgentError, RuntimeError):
    """This interpreter cannot send by itself; raised by `configure()` without a `transport`."""


class MisuseError(AgentError):
    """The application used the API wrongly, and nothing changed; given to the error handler, never
    raised.

    Mend the call that the message names.
    """


class ExportError(AgentError):
    """Spans were not delivered, or not yet; given to the error handler, never raised.

    Attributes:
        spans: How many spans the request carried.
        attempts: How often it has been sent, >= 1.
    """

    def __init__(self, message: str, *, spans: int = 0, attempts: int = 0) -> None:
        """Keep the facts that a report needs."""
        self.spans, self.attempts = spans, attempts
        super().__init__(message)


class TransportError(ExportError):
    """No answer came: the network, CORS or a timeout. Retried with backoff.

    A `Transport` raises it to the pump, with the platform's words as `cause`.
    """

    def __init__(self, cause: str, *, spans: int = 0, attempts: int = 0) -> None:
        """Keep the platform's own words."""
        self.cause = cause
        super().__init__(f"no answer from the endpoint: {cause}", spans=spans, attempts=attempts)


class ThrottledError(ExportError):
    """The endpoint asked to wait (429, 502, 503, 504). Retried, not before `retry_after_ns`."""

    def __init__(
        self, status: int, retry_after_ns: int | None = None, *, spans: int = 0, attempts: int = 0
    ) -> None:
        """Keep status and wait; `retry_after_ns` is None where the endpoint named none."""
        self.status, self.retry_after_ns = status, retry_after_ns
        wait = "" if retry_after_ns is None else f", retry after {retry_after_ns / 1e9:.1f} s"
        super().__init__(f"the endpoint answered {status}{wait}", spans=spans, attempts=attempts)


class RejectedError(ExportError):
    """The endpoint refused the spans for good; `body` is the first 200 bytes of its answer.

    Look at the endpoint's address and credentials: no retry can help.
    """

    def __init__(
        self, status: int, body: bytes = b"", *, spans: int = 0, attempts: int = 0
    ) -> None:
        """Keep status and the beginning of the answer."""
        self.status, self.body = status, body[:200]
        said = self.body.decode("utf-8", "replace")
        super().__init__(f"the endpoint answered {status}: {said}", spans=spans, attempts=attempts)
