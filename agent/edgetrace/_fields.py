# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP/protobuf field keys: what opens each field on the wire. Generated, do not edit.

`python3 build.py fields` writes this file from the message descriptors of
opentelemetry-proto 1.45.2: every message that can occur in an ExportTraceServiceRequest
or an ExportTraceServiceResponse, by name, and its fields by number. A key is the varint
of (field number << 3) | wire type. Nothing here knows how a value is written.

Source: https://protobuf.dev/programming-guides/encoding/#structure
"""

from __future__ import annotations

from typing import Final

# opentelemetry.proto.common.v1.AnyValue
ANY_VALUE_STRING_VALUE: Final = b"\x0a"  # 1
ANY_VALUE_BOOL_VALUE: Final = b"\x10"  # 2
ANY_VALUE_INT_VALUE: Final = b"\x18"  # 3
ANY_VALUE_DOUBLE_VALUE: Final = b"\x21"  # 4
ANY_VALUE_ARRAY_VALUE: Final = b"\x2a"  # 5
ANY_VALUE_KVLIST_VALUE: Final = b"\x32"  # 6
ANY_VALUE_BYTES_VALUE: Final = b"\x3a"  # 7
ANY_VALUE_STRING_VALUE_STRINDEX: Final = b"\x40"  # 8

# opentelemetry.proto.common.v1.ArrayValue
ARRAY_VALUE_VALUES: Final = b"\x0a"  # 1

# opentelemetry.proto.common.v1.EntityRef
ENTITY_REF_SCHEMA_URL: Final = b"\x0a"  # 1
ENTITY_REF_TYPE: Final = b"\x12"  # 2
ENTITY_REF_ID_KEYS: Final = b"\x1a"  # 3
ENTITY_REF_DESCRIPTION_KEYS: Final = b"\x22"  # 4

# opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess
EXPORT_TRACE_PARTIAL_SUCCESS_REJECTED_SPANS: Final = b"\x08"  # 1
EXPORT_TRACE_PARTIAL_SUCCESS_ERROR_MESSAGE: Final = b"\x12"  # 2

# opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest
EXPORT_TRACE_SERVICE_REQUEST_RESOURCE_SPANS: Final = b"\x0a"  # 1

# opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse
EXPORT_TRACE_SERVICE_RESPONSE_PARTIAL_SUCCESS: Final = b"\x0a"  # 1

# opentelemetry.proto.common.v1.InstrumentationScope
INSTRUMENTATION_SCOPE_NAME: Final = b"\x0a"  # 1
INSTRUMENTATION_SCOPE_VERSION: Final = b"\x12"  # 2
INSTRUMENTATION_SCOPE_ATTRIBUTES: Final = b"\x1a"  # 3
INSTRUMENTATION_SCOPE_DROPPED_ATTRIBUTES_COUNT: Final = b"\x20"  # 4

# opentelemetry.proto.common.v1.KeyValue
KEY_VALUE_KEY: Final = b"\x0a"  # 1
KEY_VALUE_VALUE: Final = b"\x12"  # 2
KEY_VALUE_KEY_STRINDEX: Final = b"\x18"  # 3

# opentelemetry.proto.common.v1.KeyValueList
KEY_VALUE_LIST_VALUES: Final = b"\x0a"  # 1

# opentelemetry.proto.resource.v1.Resource
RESOURCE_ATTRIBUTES: Final = b"\x0a"  # 1
RESOURCE_DROPPED_ATTRIBUTES_COUNT: Final = b"\x10"  # 2
RESOURCE_ENTITY_REFS: Final = b"\x1a"  # 3

# opentelemetry.proto.trace.v1.ResourceSpans
RESOURCE_SPANS_RESOURCE: Final = b"\x0a"  # 1
RESOURCE_SPANS_SCOPE_SPANS: Final = b"\x12"  # 2
RESOURCE_SPANS_SCHEMA_URL: Final = b"\x1a"  # 3

# opentelemetry.proto.trace.v1.ScopeSpans
SCOPE_SPANS_SCOPE: Final = b"\x0a"  # 1
SCOPE_SPANS_SPANS: Final = b"\x12"  # 2
SCOPE_SPANS_SCHEMA_URL: Final = b"\x1a"  # 3

# opentelemetry.proto.trace.v1.Span
SPAN_TRACE_ID: Final = b"\x0a"  # 1
SPAN_SPAN_ID: Final = b"\x12"  # 2
SPAN_TRACE_STATE: Final = b"\x1a"  # 3
SPAN_PARENT_SPAN_ID: Final = b"\x22"  # 4
SPAN_NAME: Final = b"\x2a"  # 5
SPAN_KIND: Final = b"\x30"  # 6
SPAN_START_TIME_UNIX_NANO: Final = b"\x39"  # 7
SPAN_END_TIME_UNIX_NANO: Final = b"\x41"  # 8
SPAN_ATTRIBUTES: Final = b"\x4a"  # 9
SPAN_DROPPED_ATTRIBUTES_COUNT: Final = b"\x50"  # 10
SPAN_EVENTS: Final = b"\x5a"  # 11
SPAN_DROPPED_EVENTS_COUNT: Final = b"\x60"  # 12
SPAN_LINKS: Final = b"\x6a"  # 13
SPAN_DROPPED_LINKS_COUNT: Final = b"\x70"  # 14
SPAN_STATUS: Final = b"\x7a"  # 15
SPAN_FLAGS: Final = b"\x85\x01"  # 16

# opentelemetry.proto.trace.v1.Span.Event
SPAN_EVENT_TIME_UNIX_NANO: Final = b"\x09"  # 1
SPAN_EVENT_NAME: Final = b"\x12"  # 2
SPAN_EVENT_ATTRIBUTES: Final = b"\x1a"  # 3
SPAN_EVENT_DROPPED_ATTRIBUTES_COUNT: Final = b"\x20"  # 4

# opentelemetry.proto.trace.v1.Span.Link
SPAN_LINK_TRACE_ID: Final = b"\x0a"  # 1
SPAN_LINK_SPAN_ID: Final = b"\x12"  # 2
SPAN_LINK_TRACE_STATE: Final = b"\x1a"  # 3
SPAN_LINK_ATTRIBUTES: Final = b"\x22"  # 4
SPAN_LINK_DROPPED_ATTRIBUTES_COUNT: Final = b"\x28"  # 5
SPAN_LINK_FLAGS: Final = b"\x35"  # 6

# opentelemetry.proto.trace.v1.Status
STATUS_MESSAGE: Final = b"\x12"  # 2
STATUS_CODE: Final = b"\x18"  # 3
