# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes agent/edgetrace/_fields.py: OTLP's protobuf field keys as ready bytes.

The encoder must not carry opentelemetry-proto or protobuf, and nobody should type tag numbers by
hand, so they are read from the descriptors of the pinned opentelemetry-proto and checked in. A test
regenerates the module and compares.

Runs in the project's venv (imports opentelemetry-proto when called); knows nothing of the agent.

Sources:
    Protocol Buffers encoding, "Message Structure": a key is the varint of (field number << 3) |
    wire type. https://protobuf.dev/programming-guides/encoding/#structure
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.console import say
from tasks.paths import ROOT

FIELDS_PATH = Path("agent/edgetrace/_fields.py")

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5

# google.protobuf.descriptor.FieldDescriptor.TYPE_* -> wire type (groups, 10, are not used by OTLP).
WIRE_TYPE = {
    1: FIXED64,  # double
    2: FIXED32,  # float
    3: VARINT,  # int64
    4: VARINT,  # uint64
    5: VARINT,  # int32
    6: FIXED64,  # fixed64
    7: FIXED32,  # fixed32
    8: VARINT,  # bool
    9: LENGTH_DELIMITED,  # string
    11: LENGTH_DELIMITED,  # message
    12: LENGTH_DELIMITED,  # bytes
    13: VARINT,  # uint32
    14: VARINT,  # enum
    15: FIXED32,  # sfixed32
    16: FIXED64,  # sfixed64
    17: VARINT,  # sint32
    18: VARINT,  # sint64
}


def key_bytes(number: int, wire_type: int) -> bytes:
    """The bytes that open a field on the wire: the varint of ``number << 3 | wire_type``."""
    value = number << 3 | wire_type
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def constant_name(message_name: str, field_name: str) -> str:
    """``("KeyValue", "key")`` -> ``"KEY_VALUE_KEY"``; ``Span.Event`` opens with ``SPAN_EVENT_``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", message_name.replace(".", "_"))
    return f"{words}_{field_name}".upper()


def reachable_messages(root: Any) -> dict[str, Any]:
    """Every message descriptor that can occur inside ``root``, itself included, by full name."""
    found: dict[str, Any] = {}
    waiting = [root]
    while waiting:
        message = waiting.pop()
        if message.full_name in found:
            continue
        found[message.full_name] = message
        waiting.extend(f.message_type for f in message.fields if f.message_type is not None)
    return found


def _local_name(message: Any) -> str:
    """The name below its package: ``Span.Event`` for ``….trace.v1.Span.Event``."""
    return str(message.full_name.removeprefix(message.file.package + "."))


def _constants(messages: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, int, bytes]]]]:
    for message in sorted(messages.values(), key=_local_name):
        name = _local_name(message)
        rows = [
            (
                constant_name(name, field.name),
                field.number,
                key_bytes(field.number, WIRE_TYPE[field.type]),
            )
            for field in sorted(message.fields, key=lambda f: f.number)
        ]
        yield message.full_name, rows


def render() -> str:
    """The whole text of ``_fields.py`` for the opentelemetry-proto installed beside us."""
    from importlib.metadata import version

    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

    messages = {
        **reachable_messages(service.ExportTraceServiceRequest.DESCRIPTOR),
        **reachable_messages(service.ExportTraceServiceResponse.DESCRIPTOR),
    }
    lines = [
        "# SPDX-License-Identifier: MIT OR Apache-2.0",
        '"""OTLP/protobuf field keys: what opens each field on the wire. Generated, do not edit.',
        "",
        "`python3 build.py fields` writes this file from the message descriptors of",
        f"opentelemetry-proto {version('opentelemetry-proto')}: every message that can occur in an "
        "ExportTraceServiceRequest",
        "or an ExportTraceServiceResponse, by name, and its fields by number. A key is the varint",
        "of (field number << 3) | wire type. Nothing here knows how a value is written.",
        "",
        "Source: https://protobuf.dev/programming-guides/encoding/#structure",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
    ]
    seen: dict[str, str] = {}
    for full_name, rows in _constants(messages):
        lines += ["", f"# {full_name}"]
        for name, number, key in rows:
            if name in seen:
                raise ValueError(f"{full_name} and {seen[name]} both make the constant {name}")
            seen[name] = full_name
            literal = "".join(f"\\x{byte:02x}" for byte in key)
            lines.append(f'{name}: Final = b"{literal}"  # {number}')
    return "\n".join(lines) + "\n"


def write(root: Path) -> Path:
    """Regenerate the module under ``root``; its text holds no time and no path."""
    path = root / FIELDS_PATH
    path.write_text(render(), encoding="utf-8")
    return path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`fields` has no options."""


def main(args: argparse.Namespace) -> int:
    """`build.py fields`."""
    say(f"wrote {write(ROOT).relative_to(ROOT)}")
    return 0
