# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the span of a binding's call says: a name and attributes, from its arguments alone.

Names are OpenTelemetry's where it has them, else those that Cloudflare's own tracing gives. Keys,
prefixes and names of objects may be personal: they are left out unless asked for; values,
parameters and messages always are. Pure: touches no JavaScript object, knows no span. Any function
here may raise whatever comes of arguments that no binding would take.

Source: semantic conventions 1.44, db, messaging, rpc and gen-ai spans;
developers.cloudflare.com/workers/observability/traces/spans-and-attributes, workerd's kv and r2
instrumentation tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from ._binding_sql import describe_query
from ._records import NamedTuple
from ._types import AttributeValue

Said: TypeAlias = dict[str, AttributeValue]


class Call(NamedTuple):
    """One call of a binding's method.

    Attributes:
        binding: Its name in `env`.
        method: As the application wrote it.
        args: As given.
        kwargs: As given; JavaScript gets them as its last argument, an object.
        keys: Whether keys may be recorded.
        sql: Of the prepared statement that is called, else "".
        statements: SQL of the traced statements among the arguments.
    """

    binding: str
    method: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = {}
    keys: bool = False
    sql: str = ""
    statements: tuple[str, ...] = ()

    def option(self, index: int, name: str) -> Any:
        """One member of the options object, the argument at `index` or the keywords; or None."""
        given = self.args[index] if len(self.args) > index else self.kwargs
        return given.get(name) if isinstance(given, Mapping) else None


def rpc(call: Call) -> tuple[str, Said]:
    """A remote procedure; the binding stands for the service, whose name it is to the caller."""
    method = f"{call.binding}/{call.method}"
    return method, {
        "rpc.system.name": "cloudflare.jsrpc",
        "rpc.method": method,
        "cloudflare.jsrpc.method": call.method,
    }


def usual(_: Call) -> tuple[str, Said]:
    """Nothing but the binding itself."""
    return "", {}


def _put(said: Said, name: str, value: object) -> None:
    """Set what is a plain value; None, objects and JavaScript's are left out."""
    if isinstance(value, str | int | float):
        said[name] = value


def _size(value: object) -> int | None:
    """Bytes of a body, where they can be told without encoding it."""
    if isinstance(value, str):
        return len(value) if value.isascii() else None
    return len(value) if isinstance(value, bytes | bytearray) else None


def _names(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, list | tuple) else [str(value)]


def _database(system: str, call: Call) -> Said:
    return {
        "db.system.name": system,
        "db.operation.name": call.method,
        "db.namespace": call.binding,
    }


def kv(call: Call) -> tuple[str, Said]:
    """Workers KV; a key is counted, and named if allowed."""
    said = _database("cloudflare-kv", call)
    query = "cloudflare.kv.query."
    if call.method == "list":
        _put(said, query + "limit", call.option(0, "limit"))
        if call.keys:
            _put(said, query + "prefix", call.option(0, "prefix"))
        return "", said
    names = _names(call.args[0])
    said[query + "keys.count"] = len(names)
    if call.keys:
        said[query + "keys"] = ", ".join(names)
    if call.method in ("get", "getWithMetadata"):
        as_text = len(call.args) > 1 and isinstance(call.args[1], str)
        _put(said, query + "type", call.args[1] if as_text else call.option(1, "type"))
        _put(said, query + "cache_ttl", call.option(1, "cacheTtl"))
    elif call.method == "put":
        _put(said, query + "payload.size", _size(call.args[1]))
        _put(said, query + "expiration", call.option(2, "expiration"))
        _put(said, query + "expiration_ttl", call.option(2, "expirationTtl"))
    return "", said


_R2_OPERATIONS: Final = {
    "get": "GetObject",
    "put": "PutObject",
    "head": "HeadObject",
    "delete": "DeleteObject",
    "list": "ListObjects",
    "createMultipartUpload": "CreateMultipartUpload",
    "uploadPart": "UploadPart",
    "complete": "CompleteMultipartUpload",
    "abort": "AbortMultipartUpload",
}


def r2(call: Call) -> tuple[str, Said]:
    """An R2 bucket, or a multipart upload to one."""
    said: Said = {"cloudflare.r2.operation": _R2_OPERATIONS[call.method]}
    request = "cloudflare.r2.request."
    if call.method == "list":
        _put(said, request + "limit", call.option(0, "limit"))
        if call.keys:
            _put(said, request + "prefix", call.option(0, "prefix"))
    elif call.method == "uploadPart":
        _put(said, request + "part_number", call.args[0])
        _put(said, request + "size", _size(call.args[1]))
    elif call.method not in ("complete", "abort"):
        if call.keys:
            plural = "keys" if call.method == "delete" else "key"
            said[request + plural] = ", ".join(_names(call.args[0]))
        if call.method == "put":
            _put(said, request + "size", _size(call.args[1]))
    return "", said


def d1_statement(call: Call) -> tuple[str, Said]:
    """A prepared statement of D1."""
    return _d1_queries(call, [call.sql])


def d1_exec(call: Call) -> tuple[str, Said]:
    """SQL that D1 runs as it is."""
    # Nothing can be bound to these, so placeholders do not vouch for what stands beside them.
    query = describe_query(call.args[0], sanitize=True)
    return query.summary, {**_database("cloudflare-d1", call), **_query(query.text, query.summary)}


def d1_batch(call: Call) -> tuple[str, Said]:
    """Prepared statements that D1 runs together."""
    name, said = _d1_queries(call, list(call.statements))
    size = len(call.args[0])
    if size == 1:
        return name, said
    if size:  # conventions: a batch holds two or more
        said["db.operation.batch.size"] = size
    return "", said


def _d1_queries(call: Call, texts: list[str]) -> tuple[str, Said]:
    queries = [describe_query(text) for text in dict.fromkeys(texts) if text]
    summary = queries[0].summary if len(queries) == 1 else ""
    said = _database("cloudflare-d1", call)
    return summary, {**said, **_query("; ".join(query.text for query in queries), summary)}


def _query(text: str, summary: str) -> Said:
    found = {"db.query.text": text, "db.query.summary": summary}
    return {name: value for name, value in found.items() if value}


_D1_META: Final = {
    "rows_read": "rows_read",
    "rows_written": "rows_written",
    "changes": "changes",
    "size_after": "size_after",
    "duration": "sql_duration_ms",
    "served_by_region": "served_by_region",
    "served_by_primary": "served_by_primary",
    "total_attempts": "total_attempts",
}


def d1_answer(result: Any) -> Said:
    """The database's own figures, where the SDK has made the result a dictionary anyway."""
    said: Said = {}
    meta = result.get("meta") if isinstance(result, Mapping) else None
    if isinstance(meta, Mapping):
        for key, name in _D1_META.items():
            _put(said, f"cloudflare.d1.response.{name}", meta.get(key))
    return said


def queue(call: Call) -> tuple[str, Said]:
    """A message or several to a queue; the binding stands for its name, which it does not tell."""
    said: Said = {
        "messaging.system": "cloudflare-queues",
        "messaging.operation.name": call.method,
        "messaging.operation.type": "send",
        "messaging.destination.name": call.binding,
    }
    if call.method == "sendBatch" and isinstance(call.args[0], list | tuple):
        said["messaging.batch.message_count"] = len(call.args[0])
    return "", said


def vectorize(call: Call) -> tuple[str, Said]:
    """A Vectorize index."""
    said = _database("cloudflare-vectorize", call)
    # query takes one vector, a list of numbers; the others take a list of what they work on
    if "query" not in call.method and call.args and isinstance(call.args[0], list | tuple):
        count = len(call.args[0])
        if count > 1:
            said["db.operation.batch.size"] = count
    return "", said


def analytics(call: Call) -> tuple[str, Said]:
    """A data point for Analytics Engine."""
    return "", _database("cloudflare-analytics-engine", call)


def workers_ai(call: Call) -> tuple[str, Said]:
    """A model of Workers AI; prompts and answers are never recorded."""
    if not isinstance(call.args[0], str):
        return "", {}
    model = call.args[0]
    if call.option(1, "messages") is not None:
        operation = "chat"
    elif "embed" in model or "/bge-" in model:
        operation = "embeddings"
    else:
        operation = "generate_content"
    return f"{operation} {model}", {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "cloudflare.workers_ai",
        "gen_ai.request.model": model,
    }
