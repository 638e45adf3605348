# SPDX-License-Identifier: MIT OR Apache-2.0
"""OTLP's trace messages as tables that `wire` walks by: what each field's key leads to.

    key (field number << 3 | wire type) -> a table      the field is a message
                                           TEXT, ...    how the field is checked
                                           WRONG        the field is known, the wire type is not its
    keys that are not there                             unknown fields, which are skipped

Source: opentelemetry-proto 1.10; the numbers come from the generated `edgetrace._fields`.
"""

from __future__ import annotations

from typing import Any, Final

from edgetrace import _fields as f

Table = dict[int, Any]
"""Recursive, through AnyValue, so its values' type is said by the module's docstring."""

WRONG: Final = 0
PLAIN: Final = 1
"""Numbers, and bytes of any length."""
TEXT: Final = 2
"""UTF-8. Decoders refuse a whole request for a text that is none."""
TRACE_ID: Final = 4
"""16 bytes, not all zero."""
SPAN_ID: Final = 8
"""8 bytes, not all zero."""
PARENT_ID: Final = 16
"""8 bytes or none."""
LINK_TRACE_ID: Final = 32
"""16 bytes or none."""


def _table(*fields: tuple[bytes, Any]) -> Table:
    table: Table = {}
    for opening, action in fields:
        key = opening[0] | (opening[1] << 7) - 128 if len(opening) == 2 else opening[0]
        table.update({key & ~7 | wire_type: WRONG for wire_type in range(8)})
        table[key] = action
    return table


ANY_VALUE: Final = _table(
    (f.ANY_VALUE_STRING_VALUE, TEXT),
    (f.ANY_VALUE_BOOL_VALUE, PLAIN),
    (f.ANY_VALUE_INT_VALUE, PLAIN),
    (f.ANY_VALUE_DOUBLE_VALUE, PLAIN),
    (f.ANY_VALUE_BYTES_VALUE, PLAIN),
    (f.ANY_VALUE_STRING_VALUE_STRINDEX, PLAIN),
)
KEY_VALUE: Final = _table(
    (f.KEY_VALUE_KEY, TEXT),
    (f.KEY_VALUE_VALUE, ANY_VALUE),
    (f.KEY_VALUE_KEY_STRINDEX, PLAIN),
)
ANY_VALUE.update(
    _table(
        (f.ANY_VALUE_ARRAY_VALUE, _table((f.ARRAY_VALUE_VALUES, ANY_VALUE))),
        (f.ANY_VALUE_KVLIST_VALUE, _table((f.KEY_VALUE_LIST_VALUES, KEY_VALUE))),
    )
)
EVENT: Final = _table(
    (f.SPAN_EVENT_TIME_UNIX_NANO, PLAIN),
    (f.SPAN_EVENT_NAME, TEXT),
    (f.SPAN_EVENT_ATTRIBUTES, KEY_VALUE),
    (f.SPAN_EVENT_DROPPED_ATTRIBUTES_COUNT, PLAIN),
)
LINK: Final = _table(
    (f.SPAN_LINK_TRACE_ID, LINK_TRACE_ID),
    (f.SPAN_LINK_SPAN_ID, PARENT_ID),
    (f.SPAN_LINK_TRACE_STATE, TEXT),
    (f.SPAN_LINK_ATTRIBUTES, KEY_VALUE),
    (f.SPAN_LINK_DROPPED_ATTRIBUTES_COUNT, PLAIN),
    (f.SPAN_LINK_FLAGS, PLAIN),
)
SPAN: Final = _table(
    (f.SPAN_TRACE_ID, TRACE_ID),
    (f.SPAN_SPAN_ID, SPAN_ID),
    (f.SPAN_TRACE_STATE, TEXT),
    (f.SPAN_PARENT_SPAN_ID, PARENT_ID),
    (f.SPAN_NAME, TEXT),
    (f.SPAN_KIND, PLAIN),
    (f.SPAN_START_TIME_UNIX_NANO, PLAIN),
    (f.SPAN_END_TIME_UNIX_NANO, PLAIN),
    (f.SPAN_ATTRIBUTES, KEY_VALUE),
    (f.SPAN_DROPPED_ATTRIBUTES_COUNT, PLAIN),
    (f.SPAN_EVENTS, EVENT),
    (f.SPAN_DROPPED_EVENTS_COUNT, PLAIN),
    (f.SPAN_LINKS, LINK),
    (f.SPAN_DROPPED_LINKS_COUNT, PLAIN),
    (f.SPAN_STATUS, _table((f.STATUS_MESSAGE, TEXT), (f.STATUS_CODE, PLAIN))),
    (f.SPAN_FLAGS, PLAIN),
)
SCOPE: Final = _table(
    (f.INSTRUMENTATION_SCOPE_NAME, TEXT),
    (f.INSTRUMENTATION_SCOPE_VERSION, TEXT),
    (f.INSTRUMENTATION_SCOPE_ATTRIBUTES, KEY_VALUE),
    (f.INSTRUMENTATION_SCOPE_DROPPED_ATTRIBUTES_COUNT, PLAIN),
)
SCOPE_SPANS: Final = _table(
    (f.SCOPE_SPANS_SCOPE, SCOPE),
    (f.SCOPE_SPANS_SPANS, SPAN),
    (f.SCOPE_SPANS_SCHEMA_URL, TEXT),
)
RESOURCE: Final = _table(
    (f.RESOURCE_ATTRIBUTES, KEY_VALUE),
    (f.RESOURCE_DROPPED_ATTRIBUTES_COUNT, PLAIN),
    (
        f.RESOURCE_ENTITY_REFS,
        _table(
            (f.ENTITY_REF_SCHEMA_URL, TEXT),
            (f.ENTITY_REF_TYPE, TEXT),
            (f.ENTITY_REF_ID_KEYS, TEXT),
            (f.ENTITY_REF_DESCRIPTION_KEYS, TEXT),
        ),
    ),
)
RESOURCE_SPANS: Final = _table(
    (f.RESOURCE_SPANS_RESOURCE, RESOURCE),
    (f.RESOURCE_SPANS_SCOPE_SPANS, SCOPE_SPANS),
    (f.RESOURCE_SPANS_SCHEMA_URL, TEXT),
)
EXPORT_REQUEST: Final = _table((f.EXPORT_TRACE_SERVICE_REQUEST_RESOURCE_SPANS, RESOURCE_SPANS))
