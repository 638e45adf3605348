# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_binding_calls`, `_binding_names`: what the spans of each kind of binding say."""

from __future__ import annotations

from typing import Any

import pytest

from edgetrace._binding_calls import Call
from edgetrace._binding_names import KINDS, kind_of, raw
from edgetrace._types import SpanKind


def said(kind: str, method: str, *args: Any, **more: Any) -> tuple[str, dict[str, Any]]:
    """The span's name and attributes of one call of binding B."""
    describe = KINDS[kind].methods[method].describe
    assert describe is not None
    return describe(Call("B", method, args, **more))


def database(system: str, method: str) -> dict[str, Any]:
    """What all calls of one have."""
    return {"db.system.name": system, "db.operation.name": method, "db.namespace": "B"}


@pytest.mark.parametrize(
    ("method", "args", "kwargs", "attributes", "keys"),
    [
        ("get", ("k",), {}, {"keys.count": 1}, {"keys": "k"}),
        ("get", (["a", "b"], "json"), {}, {"keys.count": 2, "type": "json"}, {"keys": "a, b"}),
        ("get", ("k",), {"type": "text"}, {"keys.count": 1, "type": "text"}, {"keys": "k"}),
        ("getWithMetadata", ("k", {"cacheTtl": 60}), {}, {"keys.count": 1, "cache_ttl": 60}, None),
        ("put", ("k", "four"), {}, {"keys.count": 1, "payload.size": 4}, None),
        ("put", ("k", "é"), {"expiration": 9}, {"keys.count": 1, "expiration": 9}, None),
        (
            "put",
            ("k", b"12", {"expirationTtl": 60}),
            {},
            {"keys.count": 1, "payload.size": 2, "expiration_ttl": 60},
            None,
        ),
        ("delete", ("k",), {}, {"keys.count": 1}, {"keys": "k"}),
        ("list", (), {"prefix": "p", "limit": 5}, {"limit": 5}, {"prefix": "p"}),
        ("list", ({"prefix": "p"},), {}, {}, {"prefix": "p"}),
        ("list", (object(),), {}, {}, None),
    ],
)
def test_kv(method: str, args: Any, kwargs: Any, attributes: Any, keys: Any) -> None:
    """Keys and prefixes are told only where that is allowed; values never."""
    own = {f"cloudflare.kv.query.{name}": value for name, value in attributes.items()}
    common = database("cloudflare-kv", method)
    assert said("KvNamespace", method, *args, kwargs=kwargs) == ("", {**common, **own})
    if keys:
        more = {f"cloudflare.kv.query.{name}": value for name, value in keys.items()}
        answer = said("KvNamespace", method, *args, kwargs=kwargs, keys=True)
        assert answer == ("", {**common, **own, **more})


@pytest.mark.parametrize(
    ("kind", "method", "args", "operation", "attributes", "keys"),
    [
        ("R2Bucket", "get", ("k",), "GetObject", {}, {"key": "k"}),
        ("R2Bucket", "head", ("k",), "HeadObject", {}, {"key": "k"}),
        ("R2Bucket", "put", ("k", b"123"), "PutObject", {"size": 3}, {"key": "k"}),
        ("R2Bucket", "delete", (["a", "b"],), "DeleteObject", {}, {"keys": "a, b"}),
        ("R2Bucket", "list", ({"limit": 3, "prefix": "p"},), "ListObjects", {"limit": 3},
         {"prefix": "p"}),
        ("R2Bucket", "createMultipartUpload", ("k",), "CreateMultipartUpload", {}, {"key": "k"}),
        ("R2MultipartUpload", "uploadPart", (2, "ab"), "UploadPart", {"part_number": 2, "size": 2},
         {}),
        ("R2MultipartUpload", "complete", ([],), "CompleteMultipartUpload", {}, {}),
        ("R2MultipartUpload", "abort", (), "AbortMultipartUpload", {}, {}),
    ],
)  # fmt: skip
def test_r2(kind: str, method: str, args: Any, operation: str, attributes: Any, keys: Any) -> None:
    """The operation has the name that S3's interface gives it, as in Cloudflare's own spans."""
    own = {"cloudflare.r2.operation": operation}
    own |= {f"cloudflare.r2.request.{name}": value for name, value in attributes.items()}
    assert said(kind, method, *args) == ("", own)
    more = {f"cloudflare.r2.request.{name}": value for name, value in keys.items()}
    assert said(kind, method, *args, keys=True) == ("", {**own, **more})


@pytest.mark.parametrize("method", ["first", "run", "all", "raw"])
def test_a_prepared_statement_is_named_by_its_summary(method: str) -> None:
    """With the text as prepared; what was bound is not in it."""
    sql = "SELECT a FROM t WHERE b = ?"
    name, attributes = said("D1PreparedStatement", method, sql=sql)
    assert name == "SELECT t"
    assert attributes == {
        **database("cloudflare-d1", method),
        "db.query.text": sql,
        "db.query.summary": "SELECT t",
    }


def test_a_statement_without_text_has_the_usual_name() -> None:
    """Nothing is said that is not known."""
    assert said("D1PreparedStatement", "all") == ("", database("cloudflare-d1", "all"))


def test_exec_is_sanitised() -> None:
    """Nothing can be bound to it."""
    name, attributes = said("D1Database", "exec", "INSERT INTO t VALUES ('x', ?)")
    assert name == "INSERT t"
    assert attributes["db.query.text"] == "INSERT INTO t VALUES (?, ?)"


@pytest.mark.parametrize(
    ("texts", "name", "attributes"),
    [
        ((), "", {}),
        (("DELETE FROM t",), "DELETE t", {"text": "DELETE FROM t", "summary": "DELETE t"}),
        (
            ("DELETE FROM t",) * 2,
            "",
            {"text": "DELETE FROM t", "summary": "DELETE t", "batch": 2},
        ),
        (("SELECT 1", "DELETE FROM t"), "", {"text": "SELECT ?; DELETE FROM t", "batch": 2}),
    ],
)
def test_a_batch_has_each_text_once(texts: Any, name: str, attributes: Any) -> None:
    """It is a batch from two statements on."""
    names = {"text": "db.query.text", "summary": "db.query.summary"}
    names["batch"] = "db.operation.batch.size"
    own = {names[key]: value for key, value in attributes.items()}
    answer = said("D1Database", "batch", list(texts), statements=texts)
    assert answer == (name, {**database("cloudflare-d1", "batch"), **own})


def test_the_databases_own_figures_are_attributes() -> None:
    """Where the SDK made a dictionary of the result; anything else is left alone."""
    answer = KINDS["D1PreparedStatement"].methods["all"].answer
    assert answer is not None
    meta = {"rows_read": 3, "duration": 0.5, "served_by_primary": True, "other": 1, "changes": None}
    assert answer({"meta": meta}) == {
        "cloudflare.d1.response.rows_read": 3,
        "cloudflare.d1.response.sql_duration_ms": 0.5,
        "cloudflare.d1.response.served_by_primary": True,
    }
    assert answer(None) == answer({"meta": None}) == answer(object()) == {}


@pytest.mark.parametrize(
    ("method", "args", "count"),
    [("send", ({"a": 1},), None), ("sendBatch", ([1, 2],), 2), ("sendBatch", (object(),), None)],
)
def test_queue(method: str, args: Any, count: int | None) -> None:
    """A producer; only the batch interface has a count, and no message shows."""
    assert KINDS["WorkerQueue"].methods[method].span_kind is SpanKind.PRODUCER
    expected: dict[str, Any] = {
        "messaging.system": "cloudflare-queues",
        "messaging.operation.name": method,
        "messaging.operation.type": "send",
        "messaging.destination.name": "B",
    }
    if count is not None:
        expected["messaging.batch.message_count"] = count
    assert said("WorkerQueue", method, *args) == ("", expected)


@pytest.mark.parametrize(
    ("method", "args", "size"),
    [("query", ([0.1, 0.2],), None), ("insert", ([{}, {}],), 2), ("upsert", ([{}],), None)]
    + [("describe", (), None), ("getByIds", (["a", "b", "c"],), 3)],
)
def test_vectorize(method: str, args: Any, size: int | None) -> None:
    """A query's vector is no batch."""
    own = {"db.operation.batch.size": size} if size else {}
    expected = {**database("cloudflare-vectorize", method), **own}
    assert said("VectorizeIndexImpl", method, *args) == ("", expected)


@pytest.mark.parametrize(
    ("model", "inputs", "operation"),
    [
        ("@cf/meta/llama-3", {"messages": []}, "chat"),
        ("@cf/baai/bge-m3", {"text": "x"}, "embeddings"),
        ("@cf/google/embeddinggemma", {"text": "x"}, "embeddings"),
        ("@cf/flux", {"prompt": "x"}, "generate_content"),
    ],
)
def test_workers_ai(model: str, inputs: Any, operation: str) -> None:
    """The model names the span; no prompt shows."""
    assert said("Ai", "run", model, inputs) == (
        f"{operation} {model}",
        {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": "cloudflare.workers_ai",
            "gen_ai.request.model": model,
        },
    )


def test_a_model_that_is_no_text_is_not_named() -> None:
    """An object of JavaScript may be given; it is not read."""
    assert said("Ai", "run", object()) == ("", {})


@pytest.mark.parametrize(
    ("kind", "methods"),
    [
        ("WorkflowImpl", "create createBatch create_batch get"),
        ("Ratelimit", "limit"),
        ("Cache", "match put delete"),
        ("Ai", "toMarkdown"),
    ],
)
def test_the_rest_has_the_binding_only(kind: str, methods: str) -> None:
    """No convention says more."""
    for method in methods.split():
        assert said(kind, method) == ("", {})
    assert KINDS[kind].attributes("B")["cloudflare.binding.name"] == "B"


def test_every_chain_leads_to_a_kind() -> None:
    """What a method returns is in the table."""
    methods = [method for kind in KINDS.values() for method in kind.methods.values()]
    assert {method.returns for method in methods} - {""} <= KINDS.keys()
    assert all(method.describe or method.returns for method in methods)


def test_a_kind_is_told_without_asking_a_stub() -> None:
    """A stub answers any name with a remote procedure, so instances are looked into."""

    class Stub:
        __slots__ = ()

        def __getattr__(self, name: str) -> Any:
            if name == "constructor":
                return type("C", (), {"name": "Fetcher"})
            raise AssertionError(name)

    class OwnDict:
        __slots__ = ("__dict__",)

    stub = Stub()
    assert raw(stub) is stub
    assert kind_of(stub) is KINDS["Fetcher"]
    assert raw(OwnDict()) is not None


@pytest.mark.parametrize("name", [None, 3, ["KvNamespace"], "Unknown"])
def test_a_constructor_without_a_known_name_is_no_kind(name: Any) -> None:
    """Nor is one whose name is no text."""
    constructor = type("C", (), {"name": name})
    assert kind_of(type("Js", (), {"constructor": constructor})()) is None
