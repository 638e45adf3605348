# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP/JSON to ExportTraceServiceRequest: proto3 JSON, but for the four things OTLP changes.

| OTLP/JSON                                  | proto3 JSON             | done here by           |
|--------------------------------------------|-------------------------|------------------------|
| traceId, spanId, parentSpanId are hex      | bytes are base64        | rewriting the ids      |
| enums are integers                         | names or integers       | nothing: both are read |
| keys are lowerCamelCase only               | also original names     | dropping snake_case ids|
| unknown fields are ignored                 | rejected by default     | ignore_unknown_fields  |

A lone surrogate (JSON.stringify writes "\\ud83d" for half an emoji that a page cut in two) cannot
be UTF-8; it becomes U+FFFD, because refusing a whole batch for it would lose every other span.

Source: OTLP specification 1.9, "JSON Protobuf Encoding".
"""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.errors import RequestError, RpcCode

_SPAN_IDS = {"traceId": 16, "spanId": 8, "parentSpanId": 8}
_LINK_IDS = {"traceId": 16, "spanId": 8}
_SNAKE_CASE_IDS = ("trace_id", "span_id", "parent_span_id")


def request_from_json(body: bytes) -> ExportTraceServiceRequest:
    """Parse an OTLP/JSON trace request.

    Raises:
        RequestError: 400, with the place in the document where that can be told.
    """
    try:
        document = json.loads(body.decode("utf-8-sig"))
        if b"\\ud" in body or b"\\uD" in body:
            document = _without_lone_surrogates(document)
    except UnicodeDecodeError as exc:
        raise _bad(f"the body is not UTF-8: {exc.reason} at byte {exc.start}") from exc
    except ValueError as exc:
        raise _bad(f"the body is not JSON: {exc}") from exc
    except RecursionError as exc:
        raise _bad("the JSON is nested too deeply") from exc
    if not isinstance(document, dict):
        raise _bad('the JSON must be an object with "resourceSpans"')
    _hex_ids_to_base64(document)
    try:
        request = ExportTraceServiceRequest()
        json_format.ParseDict(document, request, ignore_unknown_fields=True)
        return request
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as exc:
        # ParseDict raises more than ParseError when a value has an unexpected JSON type.
        raise _bad(f"the JSON is not an OTLP trace request: {str(exc)[:300]}") from exc


def _hex_ids_to_base64(document: dict[str, Any]) -> None:
    for r, resource_spans in _items(document, "resourceSpans"):
        for s, scope_spans in _items(resource_spans, "scopeSpans"):
            for n, span in _items(scope_spans, "spans"):
                place = f"resourceSpans[{r}].scopeSpans[{s}].spans[{n}]"
                _rewrite(span, _SPAN_IDS, place)
                for k, link in _items(span, "links"):
                    _rewrite(link, _LINK_IDS, f"{place}.links[{k}]")


def _items(parent: dict[str, Any], key: str) -> list[tuple[int, dict[str, Any]]]:
    """Return the objects in a list field with their indices; wrong shapes are left to ParseDict."""
    value = parent.get(key)
    if not isinstance(value, list):
        return []
    return [(i, item) for i, item in enumerate(value) if isinstance(item, dict)]


def _rewrite(holder: dict[str, Any], names: dict[str, int], place: str) -> None:
    for name in _SNAKE_CASE_IDS:
        holder.pop(name, None)
    for name, length in names.items():
        value = holder.get(name)
        if value is None or value == "":
            continue
        try:
            if not isinstance(value, str):
                raise ValueError(value)
            raw = bytes.fromhex(value)
        except ValueError as exc:
            raise _bad(
                f"{place}.{name} must be a string of {length * 2} hex digits, not {value!r:.60}"
            ) from exc
        holder[name] = base64.b64encode(raw).decode("ascii")


def _without_lone_surrogates(document: Any) -> Any:
    text = json.dumps(document, ensure_ascii=False)
    return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def _bad(message: str) -> RequestError:
    return RequestError(400, RpcCode.INVALID_ARGUMENT, message)
