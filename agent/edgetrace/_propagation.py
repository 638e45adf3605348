# SPDX-License-Identifier: MIT OR Apache-2.0
"""Context in and out of message headers: `traceparent`, `tracestate` and `baggage`.

    headers -> extract -> Context -> inject -> headers

A carrier is a mapping or an iterable of pairs; HTTP clients, servers and JS are not known here.
Headers come from strangers: `extract` takes anything, does bounded work and raises nothing,
`inject` writes only what the parsers accept, so no value can end a header early. Not as specified:

| header      | what becomes of it                                                                 |
| ----------- | ---------------------------------------------------------------------------------- |
| traceparent | ignored, and tracestate with it; also where there are two                          |
| tracestate  | ignored as a whole, as W3C's test suite asks; also where it has over 32 members    |
| baggage     | the member, or the property, is left out (`_baggage`)                              |

Of a tracestate 512 characters are kept, in whole members: every span of the trace is sent with it,
so what a stranger may put into it has to be small.

Sources: W3C Trace Context Level 2, https://www.w3.org/TR/trace-context-2/ (editors' draft acab820,
June 2026); OpenTelemetry specification, context/api-propagators.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, cast

from ._baggage import format_baggage, parse_baggage
from ._context import EMPTY, Context, NonRecordingSpan, get_current
from ._records import NamedTuple, pattern
from ._types import RANDOM, SAMPLED, SpanContext, TraceState
from .errors import ConfigError

MAX_TRACESTATE_MEMBERS: Final = 32
MAX_TRACESTATE_CHARS: Final = 512
"""What is kept: "Vendors SHOULD propagate at least 512 characters". "tracestate Limits"."""
LONG_MEMBER_CHARS: Final = 128
"""Longer members are the first to go where a tracestate is too long. "tracestate Limits"."""
MAX_HEADER_CHARS: Final = 32768
"""What is read of one header, its lines together: twice the longest legal tracestate (16,447)."""
FIELDS: Final = ("traceparent", "tracestate", "baggage")
"""The headers of a trace, in the order of `Propagators.parse`."""
MAX_CARRIER_FIELDS: Final = 1024
"""How far a carrier is read, which may be endless; Apache httpd stops at 100, Node at 2,000."""

_TRACEPARENT: Final = pattern(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|\Z)")
_TRACEPARENT_CHARS: Final = 55
_MEMBER: Final = pattern(r"([a-z0-9][a-z0-9_*/@-]{0,255})=([ -+\--<>-~]{0,255}[!-+\--<>-~])")
_HEAD: Final = slice(MAX_HEADER_CHARS + 1)  # one more than is read, so that too long shows
_OWS: Final = " \t"


def parse_traceparent(value: object) -> SpanContext | None:
    """Read a traceparent of this or a later version; None where a new trace has to begin.

    Of a later version the fields of version 00 are taken, what follows is ignored. Flags other than
    sampled and random are not defined yet and come out as zero, as they have to be sent.

    Args:
        value: A header's value, str or bytes; anything else is None.

    Source: W3C Trace Context Level 2, "Versioning of traceparent", "Other Flags".
    """
    text = _text(value).strip(_OWS)
    match = _TRACEPARENT.match(text)
    if match is None or match[1] == "ff":
        return None
    if match[1] == "00" and len(text) != _TRACEPARENT_CHARS:
        return None
    flags = int(match[4], 16) & (SAMPLED | RANDOM)
    context = SpanContext(bytes.fromhex(match[2]), bytes.fromhex(match[3]), flags, (), True)
    return context if context.is_valid else None


def format_traceparent(context: SpanContext) -> str:
    """Write a version 00 traceparent; "" for a context that is not valid."""
    if not context.is_valid:
        return ""
    flags = context.trace_flags & (SAMPLED | RANDOM)
    return f"00-{context.trace_id.hex()}-{context.span_id.hex()}-{flags:02x}"


def parse_tracestate(value: object) -> TraceState:
    """Read a tracestate, several joined by ","; () where any of it is not as specified.

    Empty members are skipped. Of members with one key the left-most is kept: it is the newest. More
    than 512 characters are shortened as in `format_tracestate`.

    Args:
        value: A header's value, str or bytes; anything else is ().

    Source: W3C Trace Context Level 2, "Tracestate Header".
    """
    text = _text(value)
    members: dict[str, str] = {}
    count = 0
    for part in text.split(",") if len(text) <= MAX_HEADER_CHARS else ("=",):
        member = part.strip(_OWS)
        if member:
            count += 1
            match = _MEMBER.fullmatch(member)
            if match is None or count > MAX_TRACESTATE_MEMBERS:
                return ()
            members.setdefault(match[1], match[2])
    return _shorten(list(members.items()))


def format_tracestate(trace_state: TraceState) -> str:
    """Write a tracestate of at most 32 members and 512 characters; "" where nothing is left.

    Members that could not be read back are left out. Of what is too long whole members go: those of
    more than 128 characters first, then any; each time from the right, where the oldest are.

    Source: W3C Trace Context Level 2, "tracestate Limits".
    """
    if not trace_state:
        return ""
    members: dict[str, str] = {}
    for key, value in trace_state:
        if _MEMBER.fullmatch(f"{key}={value}"):
            members.setdefault(key, value)
    kept = _shorten(list(members.items())[:MAX_TRACESTATE_MEMBERS])
    return ",".join(["=".join(member) for member in kept])


def _shorten(members: list[tuple[str, str]]) -> TraceState:
    size = sum([len(key) + len(value) + 2 for key, value in members]) - 1
    for least in (LONG_MEMBER_CHARS + 1, 0):
        for index in range(len(members) - 1, -1, -1):
            chars = len("=".join(members[index]))
            if size > MAX_TRACESTATE_CHARS and chars >= least:
                size -= chars + 1
                del members[index]
    return tuple(members)


class Propagators(NamedTuple):
    """Which headers are read and written."""

    tracecontext: bool = True
    baggage: bool = True

    @property
    def fields(self) -> tuple[str, ...]:
        """The headers' names."""
        return ("traceparent", "tracestate") * self.tracecontext + ("baggage",) * self.baggage

    def extract(self, carrier: object, context: Context | None = None) -> Context:
        """Read the caller's trace and baggage; see the function `extract`."""
        found = _read(carrier, self.fields)
        parents, states, members = [found.get(name, []) for name in FIELDS]
        parent = parents[0] if len(parents) == 1 else ""
        start = context if type(context) is Context else EMPTY
        return self.parse(parent, ",".join(states), ",".join(members), start)

    def parse(
        self, traceparent: str, tracestate: str, baggage: str, context: Context = EMPTY
    ) -> Context:
        """As `extract`, of headers whose lines are joined, "" for none: a third of its time."""
        span, members = context.span, context.baggage
        parent = parse_traceparent(traceparent) if traceparent and self.tracecontext else None
        if parent is not None:
            state = parse_tracestate(tracestate) if tracestate else ()
            span = NonRecordingSpan(parent._replace(trace_state=state) if state else parent)
        if baggage and self.baggage:
            members = MappingProxyType(parse_baggage(baggage)) or members
        return Context(span, members)

    def headers(self, context: Context | None = None) -> dict[str, str]:
        """The headers of a request that has none of them yet; see the function `inject`."""
        source = get_current() if context is None else context
        headers: dict[str, str] = {}
        with suppress(Exception):  # of a context that is not what it should be
            own = source.span.context if self.tracecontext and source.span else None
            if own and (traceparent := format_traceparent(own)):
                headers["traceparent"] = traceparent
                if state := format_tracestate(own.trace_state):
                    headers["tracestate"] = state
        with suppress(Exception):
            if self.baggage and source.baggage and (members := format_baggage(source.baggage)):
                headers["baggage"] = members
        return headers

    def inject(self, carrier: MutableMapping[str, str], context: Context | None = None) -> None:
        """Write a trace and baggage; see the function `inject`."""
        headers = self.headers(context)
        if "traceparent" in headers:  # a tracestate that is there belongs to another one
            headers = {"traceparent": "", "tracestate": "", **headers}
        for name, value in headers.items():
            with suppress(Exception):  # of a carrier that is not what it should be
                _set(carrier, name, value)


_global: Final[list[Propagators]] = [Propagators()]


def set_propagators(propagators: Propagators) -> None:
    """Choose the headers of the program's `extract` and `inject`; at first they are all."""
    _global[0] = propagators


def get_propagators() -> Propagators:
    """The program's."""
    return _global[0]


def extract(carrier: object, context: Context | None = None) -> Context:
    """Read the caller's trace and baggage out of headers; never raises, whatever it is given.

    Args:
        carrier: A mapping, an object with `items()`, or an iterable of (name, value). Names in any
            case; names and values str or bytes; repeated names, or a list of values, for repeated
            headers. Of anything else, and after anything that the carrier raises, nothing is taken.
        context: What to start from: what cannot be read leaves its part as it is. None is the empty
            context, not the one in force, so that a request without a traceparent begins a trace.

    Returns:
        `context` with the caller's span, as a `NonRecordingSpan`, and the caller's baggage in place
        of its own.
    """
    return _global[0].extract(carrier, context)


def inject(carrier: MutableMapping[str, str], context: Context | None = None) -> None:
    """Write a trace and baggage into headers; never raises.

    With a valid span, traceparent and tracestate are replaced, in whatever case they are there, or
    taken away; baggage is replaced where there is some to send.

    Args:
        carrier: Gets lower-case names; one that cannot be written to stays as it is.
        context: What to write; the one in force where None.
    """
    _global[0].inject(carrier, context)


def propagators_from_names(names: str | Iterable[str]) -> Propagators:
    """Choose headers as OTEL_PROPAGATORS does: tracecontext, baggage, or none by itself.

    Args:
        names: Joined by "," or one by one, in any case; empty for the default, both.

    Raises:
        ConfigError: Another name, or `none` beside one.
    """
    given = names.split(",") if isinstance(names, str) else list(names)
    chosen = {name.strip().lower() for name in given} - {""}
    known = chosen <= {"tracecontext", "baggage"} or chosen == {"none"}
    if not known:
        form = "use tracecontext, baggage, both joined by a comma, or none"
        raise ConfigError("OTEL_PROPAGATORS", ",".join(given), form)
    if not chosen:
        return Propagators()
    return Propagators("tracecontext" in chosen, "baggage" in chosen)


def _read(carrier: Any, fields: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in fields}
    room = dict.fromkeys(fields, MAX_HEADER_CHARS)
    lengths = {len(name) for name in fields}
    with suppress(Exception):  # of the carrier's methods
        items = getattr(carrier, "items", None)
        for item in islice(items() if callable(items) else carrier, MAX_CARRIER_FIELDS):
            try:
                name, values = item
            except Exception:  # an item that is no pair, in its own way
                continue
            text = _text(name)
            field = text.lower() if len(text) in lengths else ""
            if field in found:
                for value in values if type(values) in (list, tuple) else (values,):
                    if room[field] < 0:
                        break
                    found[field].append(_text(value))
                    room[field] -= len(found[field][-1]) + 1
    return found


def _set(carrier: MutableMapping[str, str], name: str, value: str) -> None:
    # A proxy forwards the `Traceparent` it got; beside ours it would make two, and two are none.
    with suppress(Exception):  # of a carrier that can only be written to
        for other in [key for key in carrier if isinstance(key, str) and key.lower() == name]:
            del carrier[other]
    if value:
        carrier[name] = value


def _text(value: object) -> str:
    # By type, not isinstance: a hostile `__class__` raises, and a subclass may override anything.
    kind = type(value)
    if issubclass(kind, str):
        return str.__getitem__(cast(str, value), _HEAD)
    if issubclass(kind, bytes | bytearray):
        return bytes(memoryview(cast(bytes, value))[_HEAD]).decode("latin-1")
    return ""
