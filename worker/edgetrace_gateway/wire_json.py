# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP/JSON: whether these are spans, how many, and what the edge says of their resources.

As `wire` and `resources`, but decoded: JSON has no lengths to walk by. Strict where OTLP is: ids
are hex of 32 and 16 digits, enums are numbers, the JSON itself has no NaN. Unknown fields are let
through, with one exception: `resource_spans` and `scope_spans`, which OTLP forbids and some
receivers read all the same, would carry spans past the count and resources past the edge's word.

Source: OTLP specification 1.10, "JSON Protobuf Encoding"; https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from edgetrace._nesting import is_nested_over
from edgetrace._otlp_json import any_value
from edgetrace._protobuf import utf8

from .wire import MAX_RESOURCES, MAX_SPANS, Garbage

_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9A-Fa-f]{32}")
_SPAN_ID: Final = re.compile(r"(?!0{16})[0-9A-Fa-f]{16}")
_PARENT_ID: Final = re.compile(r"(?:[0-9A-Fa-f]{16})?")
_LINK_TRACE_ID: Final = re.compile(r"(?:[0-9A-Fa-f]{32})?")
_UNSIGNED: Final = re.compile(r"[0-9]{1,20}")
_MAX_FLOAT_CHARS: Final = 400
"""The longest exact double has 767 digits, which nobody writes; 17 are enough."""


def count_spans(body: bytes) -> int:
    """Check a whole request and count its spans.

    Raises:
        Garbage: It is not OTLP/JSON, or over a bound; with the place in the document.
    """
    return count_and_add(body, {})[0]


def count_and_add(body: bytes, attributes: Mapping[str, str | int]) -> tuple[int, bytes]:
    """Check a request and add attributes to each of its resources, in place of those of the same
    keys.

    Returns:
        The number of spans; and the request, `body` itself where there is nothing to add. Else the
        text is written anew: everything keeps its meaning, lone surrogates become U+FFFD.

    Raises:
        Garbage: As `count_spans`.
    """
    document = _read(body)
    spans = _check(document)
    if not attributes:
        return spans, body
    added = [{"key": key, "value": any_value(value)} for key, value in attributes.items()]
    for resource_spans in document.get("resourceSpans") or ():
        resource = resource_spans.get("resource") or {}
        kept = [
            attribute
            for attribute in resource.get("attributes") or ()
            if attribute.get("key") not in attributes
        ]
        resource_spans["resource"] = {**resource, "attributes": kept + added}
    return spans, utf8(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def _read(body: bytes) -> dict[str, Any]:
    if is_nested_over(body):
        raise Garbage("the JSON is nested too deeply, or its brackets do not pair up")
    try:
        document = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_number)
    except UnicodeDecodeError:
        raise Garbage("the body is not UTF-8") from None
    except ValueError as error:
        raise Garbage(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Garbage('the JSON is not an object with "resourceSpans"')
    return document


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON; write it as a string")


def _number(text: str) -> float:
    number = float(text) if len(text) <= _MAX_FLOAT_CHARS else float("inf")
    if number - number != 0:
        raise ValueError("a number is out of range")
    return number


def _check(document: dict[str, Any]) -> int:
    spans = 0
    groups = _list(document, "resourceSpans", "the request")
    _refuse_snake_case(document, "resource_spans", "the request")
    if len(groups) > MAX_RESOURCES:
        raise Garbage(f"a request may have {MAX_RESOURCES} resources")
    for r, resource_spans in enumerate(groups):
        place = f"resourceSpans[{r}]"
        _refuse_snake_case(resource_spans, "scope_spans", place)
        resource = resource_spans.get("resource")
        if resource is not None:
            _attributes(_object(resource, f"{place}.resource"), f"{place}.resource")
        _text(resource_spans, "schemaUrl", place)
        for s, scope_spans in enumerate(_list(resource_spans, "scopeSpans", place)):
            inner = f"{place}.scopeSpans[{s}]"
            scope = scope_spans.get("scope")
            if scope is not None:
                _attributes(_object(scope, f"{inner}.scope"), f"{inner}.scope")
            found = _list(scope_spans, "spans", inner)
            spans += len(found)
            if spans > MAX_SPANS:
                raise Garbage(f"a request may have {MAX_SPANS} spans")
            for n, span in enumerate(found):
                _span(span, f"{inner}.spans[{n}]")
    return spans


def _span(span: dict[str, Any], place: str) -> None:
    _id(span, "traceId", _TRACE_ID, place)
    _id(span, "spanId", _SPAN_ID, place)
    _id(span, "parentSpanId", _PARENT_ID, place)
    _text(span, "name", place)
    _text(span, "traceState", place)
    _enum(span, "kind", place)
    for name in ("startTimeUnixNano", "endTimeUnixNano"):
        _unsigned(span, name, place)
    _attributes(span, place)
    for n, event in enumerate(_list(span, "events", place)):
        _unsigned(event, "timeUnixNano", f"{place}.events[{n}]")
        _text(event, "name", f"{place}.events[{n}]")
        _attributes(event, f"{place}.events[{n}]")
    for n, link in enumerate(_list(span, "links", place)):
        _id(link, "traceId", _LINK_TRACE_ID, f"{place}.links[{n}]")
        _id(link, "spanId", _PARENT_ID, f"{place}.links[{n}]")
        _attributes(link, f"{place}.links[{n}]")
    status = span.get("status")
    if status is not None:
        _enum(_object(status, f"{place}.status"), "code", f"{place}.status")
        _text(status, "message", f"{place}.status")


def _attributes(holder: dict[str, Any], place: str) -> None:
    for n, attribute in enumerate(_list(holder, "attributes", place)):
        _text(attribute, "key", f"{place}.attributes[{n}]")
        value = attribute.get("value")
        if value is not None:
            _object(value, f"{place}.attributes[{n}].value")


def _list(holder: dict[str, Any], name: str, place: str) -> list[dict[str, Any]]:
    """A list of objects; null and nothing are the empty one, as proto3's JSON has it."""
    found = holder.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Garbage(f"{name} of {place} is not a list of objects")
    return found


def _object(found: Any, place: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise Garbage(f"{place} is not an object")
    return found


def _text(holder: dict[str, Any], name: str, place: str) -> None:
    if not isinstance(holder.get(name, ""), str | None):
        raise Garbage(f"{name} of {place} is not a string")


def _id(holder: dict[str, Any], name: str, form: re.Pattern[str], place: str) -> None:
    found = holder.get(name)
    if not isinstance(found, str | None) or not form.fullmatch(found or ""):
        raise Garbage(f"{name} of {place} is not an id in hex")


def _enum(holder: dict[str, Any], name: str, place: str) -> None:
    found = holder.get(name)
    if found is not None and type(found) is not int:  # True is no number in JSON
        raise Garbage(f"{name} of {place} is not a number")


def _unsigned(holder: dict[str, Any], name: str, place: str) -> None:
    found = holder.get(name)
    if found is None:
        return
    text = found if isinstance(found, str) else str(found) if type(found) is int else ""
    if not _UNSIGNED.fullmatch(text) or int(text) >= 2**64:
        raise Garbage(f"{name} of {place} is not a whole number of 64 bits")


def _refuse_snake_case(holder: dict[str, Any], name: str, place: str) -> None:
    if name in holder:
        raise Garbage(f"{place} has {name}: OTLP's names are lowerCamelCase")
