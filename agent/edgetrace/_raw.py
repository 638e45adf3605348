# SPDX-License-Identifier: MIT OR Apache-2.0
"""Raw entries to an OTLP request: what a page without Python has beaconed, one body at a time.

Pure. Nothing is remembered between bodies: each says enough for the same trace decision, and gives
the same bytes again when it is sent twice. Knows no HTTP and no clock.

`_view_ids` has the ids: "span" is the root's, "first" counts the rows and spans before the body's.

Sources: docs/raw-entries.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from struct import Struct
from typing import Any, Final, TypeVar

from ._batch import Queued
from ._camel import camel_case
from ._clock import page_unix_nano
from ._config import Settings
from ._entries import Kind, TimingEntry, unpack_entries
from ._frame import Framer
from ._nesting import parse_json
from ._options import OPTIONS
from ._page import PageView
from ._page_info import PageInfo
from ._records import NamedTuple
from ._redact import span_redaction
from ._runtime import SCOPE
from ._sampler import ParentBased, Sampler, TraceIdRatioBased, sampler_from_settings
from ._types import AttributeValue, Resource, SpanContext, SpanData
from ._view_ids import MAX_FIRST, ViewIds
from .errors import ConfigError

FORMAT_VERSION: Final = 1
MAX_ROWS: Final = 2_000
"""Rows and spans of one body; 48 KB hold some 300. Below `_page.MAX_WAITING`, so that none is let
out before the navigation is known."""
MAX_NUMBER: Final = 1e18

SENDERS: Final = frozenset(
    ("endpoint", "base_endpoint", "headers", "protocol", "compression", "timeout_ms")
    + ("schedule_delay_ms", "export_timeout_ms", "max_queue_size", "max_export_batch_size")
    + ("max_request_bytes", "propagators", "debug")
)
"""Options that do not concern the one who only encodes."""

_Type = TypeVar("_Type")
_TRACE_ID: Final = re.compile("(?!0{32})[0-9a-f]{32}")
_SPAN_ID: Final = re.compile("(?!0{16})[0-9a-f]{16}")


class RawError(ValueError):
    """A body is not of the format; the message is one sentence, for the sender's eyes."""


class RawResult(NamedTuple):
    """What a body gave.

    Attributes:
        message: An ExportTraceServiceRequest in protobuf; b"" where no span goes out.
        spans: How many it holds.
        counters: As `PageView.counters`; and `malformed` rows, `unencodable` spans.
    """

    message: bytes
    spans: int
    counters: dict[str, int]


def read_raw(
    body: bytes,
    now_unix_nano: int,
    resource_attributes: Mapping[str, AttributeValue],
    base: Settings | None = None,
) -> RawResult:
    """Turn one body into spans.

    Args:
        body: UTF-8 JSON; its size is for the caller to limit.
        now_unix_nano: The wall time here. The page's own, which the body names, bounds the spans,
            unless it is more than a day ahead of this one.
        resource_attributes: Facts known here. They stand before what the page says; where one is
            "", the page's word for it is erased all the same.
        base: Options for what the tag leaves open; its `sample_ratio` is a ceiling on traces that
            the page begins.

    Raises:
        RawError: The body is not of the format, or an option of the tag not of its form.
    """
    data = _parse(body)
    if data.get("version") != FORMAT_VERSION:
        raise RawError(f"version is not {FORMAT_VERSION}")
    trace_id, root_id = _id(data, "trace", _TRACE_ID), _id(data, "span", _SPAN_ID)
    first, documents = _get(data, "first", int), _get(data, "documents", bool)
    if not 0 <= first < MAX_FIRST:
        raise RawError("first is not a count")
    try:
        settings, sampler = _configure(_get(data, "options", dict), base)
    except ConfigError as exc:
        raise RawError(str(exc)) from exc
    ids = ViewIds(trace_id, root_id, first)
    info = PageInfo.from_json(_get(data, "page", dict))
    view = PageView(info, settings, sampler, ids.new_trace_id, ids.new_span_id, ids.fetch_id)
    for key, value in _get(data, "attributes", dict).items():
        view.set_attribute(key, value)

    now = page_unix_nano(_number(data, "now"), now_unix_nano)
    spans, has_fetch, malformed = _tell(view, data, now)
    document, children = _split(spans, view.context, has_fetch)
    out = [] if settings.disabled else (document if documents else []) + children
    message, encoded = _encode(out, settings, resource_attributes)
    counters = {**view.counters, "malformed": malformed, "unencodable": len(out) - encoded}
    counters["spans"] = encoded
    if settings.disabled:
        counters["unsampled"] += len(children)
    return RawResult(message, encoded, counters)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        data = parse_json(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise RawError("the body is not JSON in UTF-8") from None
    if not isinstance(data, dict):
        raise RawError("the body is not a JSON object")
    return data


def _get(data: dict[str, Any], name: str, kind: type[_Type]) -> _Type:
    value = data.get(name)
    if type(value) is not kind:  # bool is an int elsewhere
        raise RawError(f"{name} is not of type {kind.__name__}")
    return value


def _number(data: dict[str, Any], name: str) -> float:
    value = data.get(name)
    if type(value) in (int, float) and abs(value) < MAX_NUMBER:  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    raise RawError(f"{name} is not a number")


def _id(data: dict[str, Any], name: str, form: re.Pattern[str]) -> bytes:
    text = _get(data, name, str)
    if not form.fullmatch(text):
        raise RawError(f"{name} is not an id in lower-case hexadecimal")
    return bytes.fromhex(text)


def _configure(dataset: dict[str, Any], base: Settings | None) -> tuple[Settings, Sampler]:
    """The tag's options, in front of ours, and the sampler; raises ConfigError."""
    given = {
        name: key
        for name in OPTIONS
        if name not in SENDERS and (key := camel_case(name)) in dataset
    }
    tag = Settings.from_dataset({key: dataset[key] for key in given.values()})
    settings = (base or Settings()).replace(**{name: getattr(tag, name) for name in given})
    ceiling = base.sample_ratio if base else None
    if "sampler" in given and "sample_ratio" not in given:
        settings = settings.replace(sample_ratio=None)  # ours must not stand before the tag's
    named = settings.sampler.removeprefix("parentbased_")
    if ceiling is None or (settings.sample_ratio is None and named == "always_off"):
        return settings, sampler_from_settings(settings)
    ratio = settings.sample_ratio
    if ratio is not None:
        return settings, ParentBased(TraceIdRatioBased(min(ratio, ceiling)))
    sampler_from_settings(settings)  # for what it raises
    ratio = float(settings.sampler_arg.strip() or 1.0) if named == "traceidratio" else 1.0
    root = TraceIdRatioBased(min(ratio, ceiling))
    return settings, root if named == settings.sampler else ParentBased(root)


def _tell(view: PageView, data: dict[str, Any], now: int) -> tuple[list[SpanData], bool, int]:
    """Tell a view all that a body says; the navigation last, since it lets out what waits.

    Returns:
        The spans, whether a documentFetch can be among them, and how many rows were malformed.
    """
    navigation: list[TimingEntry] = []
    origin, malformed = 0.0, 0
    if data.get("navigation") is not None:
        named = _get(data, "navigation", dict)
        origin = _number(named, "origin")
        navigation, malformed = _entries(named)
        if any(row.kind not in (Kind.NAVIGATION, Kind.RESTORE) for row in navigation):
            raise RawError("navigation is not the row of a navigation")
        view.add((), origin, now)
    rows = 0
    spans: list[SpanData] = []
    for message in _get(data, "messages", list):
        kind = message.get("kind") if isinstance(message, dict) else None
        if kind not in ("entries", "span"):
            raise RawError("a message is neither entries nor a span")
        at = _number(message, "origin")
        entries, incomplete = _entries(message) if kind == "entries" else ([], 0)
        malformed += incomplete
        rows += len(entries) if kind == "entries" else 1
        if rows > MAX_ROWS:
            raise RawError(f"there are more than {MAX_ROWS} rows and spans")
        if kind == "span":
            _tell_span(view, message, at, now)
        else:
            spans += view.add(entries, at, now)
    spans += view.add(navigation, origin, now)
    spans += view.finish(now)
    has_fetch = bool(navigation) and navigation[-1].kind == Kind.NAVIGATION
    return spans, has_fetch, malformed


def _entries(message: dict[str, Any]) -> tuple[list[TimingEntry], int]:
    numbers = _get(message, "numbers", list)
    try:
        block = Struct(f"<{len(numbers)}d").pack(*numbers)
    except Exception:  # struct.error has many fathers; integers overflow
        raise RawError("numbers is not a list of numbers") from None
    return unpack_entries(block, _get(message, "text", str))


def _tell_span(view: PageView, message: dict[str, Any], origin: float, now: int) -> None:
    text = message.get("attributes")
    try:
        attributes = parse_json(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        attributes = None
    view.span(
        message.get("name", ""),
        message.get("start", -1),
        message.get("end", -1),
        attributes,
        message.get("error") or None,
        origin_unix_ms=origin,
        now_unix_nano=now,
    )


def _split(
    spans: list[SpanData], context: SpanContext | None, has_fetch: bool
) -> tuple[list[SpanData], list[SpanData]]:
    """The documents, which PageView puts side by side, and the others."""
    for at, span in enumerate(spans):
        if span.context == context:
            behind = at + 1 + has_fetch
            return spans[at:behind], spans[:at] + spans[behind:]
    return [], spans


def _encode(
    spans: list[SpanData], settings: Settings, facts: Mapping[str, AttributeValue]
) -> tuple[bytes, int]:
    """The request, and how many of the spans it holds."""
    resource = {**settings.resource().attributes, **facts}
    known = {key: value for key, value in resource.items() if value != ""}
    framer = Framer(settings.replace(protocol="http/protobuf"), Resource(known))
    scope, redacted = framer.add_scope(SCOPE), span_redaction(settings)
    queued = []
    for span in spans:
        try:
            queued.append(Queued(scope, framer.encoding.span(redacted(span))))
        except Exception:  # a time after 2554: what cannot be encoded is counted
            continue
    return framer.frame(queued) if queued else b"", len(queued)
