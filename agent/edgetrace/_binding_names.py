# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a Worker's bindings are, and which of their methods are traced: one table, `KINDS`.

    binding                     span name                  kind      conventions
    KV, Vectorize, Analytics    get CARTS                  CLIENT    db.*, cloudflare.kv.*
    R2                          put UPLOADS                CLIENT    cloudflare.r2.*
    D1                          SELECT orders, batch DB    CLIENT    db.*, cloudflare.d1.*
    Queue                       send JOBS                  PRODUCER  messaging.*
    RPC of a Worker or object   COUNTER/increment          CLIENT    rpc.*
    Workers AI                  chat @cf/meta/llama-3      CLIENT    gen_ai.*
    Workflow, Ratelimit, Cache  create SIGNUP              CLIENT    cloudflare.binding.*

A binding is told by the name of its JavaScript constructor; duck typing, so this runs on any host.

Source: workerd's and miniflare's class names; workers-runtime-sdk 1.9, `workers/rpc.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ._binding_calls import (
    Call,
    Said,
    analytics,
    d1_answer,
    d1_batch,
    d1_exec,
    d1_statement,
    kv,
    queue,
    r2,
    usual,
    vectorize,
    workers_ai,
)
from ._records import NamedTuple
from ._types import SpanKind

PLAIN: Final = (str, int, float, bytes, type(None))
"""What is never a binding: variables and secrets."""


class Method(NamedTuple):
    """A method that is known.

    Attributes:
        describe: The span's name, "" for the usual one, and attributes; None makes no span.
        span_kind: The span's.
        answer: Attributes from what the call returned.
        returns: The kind in `KINDS` of what it returns, "" where that stays untouched.
    """

    describe: Callable[[Call], tuple[str, Said]] | None = None
    span_kind: SpanKind = SpanKind.CLIENT
    answer: Callable[[Any], Said] | None = None
    returns: str = ""


class Kind(NamedTuple):
    """A kind of binding.

    Attributes:
        type: `cloudflare.binding.type`.
        methods: Those that are known.
        is_rpc: Whether any other method is a remote procedure, and `fetch` a request.
    """

    type: str
    methods: Mapping[str, Method] = {}
    is_rpc: bool = False

    def attributes(self, binding: str) -> Said:
        """What every span of one binding has."""
        return {"cloudflare.binding.type": self.type, "cloudflare.binding.name": binding}


def _all(names: str, method: Method) -> dict[str, Method]:
    return dict.fromkeys(names.split(), method)


_STATEMENT: Final = Method(returns="D1PreparedStatement")
_D1: Final = {"prepare": _STATEMENT, "batch": Method(d1_batch)}
_UPLOAD: Final = "R2MultipartUpload"
_ANALYTICS: Final = Kind("analytics_engine", {"writeDataPoint": Method(analytics)})

KINDS: Final[Mapping[str, Kind]] = {
    "KvNamespace": Kind("KV", _all("get getWithMetadata put delete list", Method(kv))),
    "R2Bucket": Kind(
        "r2",
        {
            **_all("get put head delete list", Method(r2)),
            "createMultipartUpload": Method(r2, returns=_UPLOAD),
            "resumeMultipartUpload": Method(returns=_UPLOAD),
        },
    ),
    _UPLOAD: Kind("r2", _all("uploadPart complete abort", Method(r2))),
    "D1Database": Kind(
        "D1", {**_D1, "exec": Method(d1_exec), "withSession": Method(returns="D1DatabaseSession")}
    ),
    "D1DatabaseSession": Kind("D1", _D1),
    "D1PreparedStatement": Kind(
        "D1",
        {
            "bind": _STATEMENT,
            **_all("run all", Method(d1_statement, answer=d1_answer)),
            **_all("first raw", Method(d1_statement)),
        },
    ),
    "WorkerQueue": Kind("queue", _all("send sendBatch", Method(queue, SpanKind.PRODUCER))),
    "Fetcher": Kind("service", is_rpc=True),
    "DurableObject": Kind("durable_object", is_rpc=True),
    "DurableObjectNamespace": Kind(
        "durable_object",
        {
            **_all("get getByName", Method(returns="DurableObject")),
            "jurisdiction": Method(returns="DurableObjectNamespace"),
        },
    ),
    "WorkflowImpl": Kind("workflow", _all("create createBatch create_batch get", Method(usual))),
    "VectorizeIndexImpl": Kind(
        "vectorize",
        _all("query queryById insert upsert getByIds deleteByIds describe", Method(vectorize)),
    ),
    "Ai": Kind("ai", {"run": Method(workers_ai), "toMarkdown": Method(usual)}),
    "AnalyticsEngine": _ANALYTICS,
    "AnalyticsEngineDataset": _ANALYTICS,
    "LocalAnalyticsEngineDataset": _ANALYTICS,
    "Ratelimit": Kind("rate_limit", {"limit": Method(usual)}),
    "Cache": Kind("cache", _all("match put delete", Method(usual))),
}
"""By the name of the JavaScript constructor; what has no entry is not traced."""


def kind_of(binding: Any) -> Kind | None:
    """What a binding is; None where it is not known, or cannot be asked."""
    if isinstance(binding, PLAIN):
        return None
    try:
        name = raw(binding).constructor.name
        return KINDS.get(name) if isinstance(name, str) else None
    except Exception:  # no JavaScript object, or a broken one
        return None


def raw(value: Any, member: str = "_binding") -> Any:
    """The JavaScript object in a wrapper of the SDK, or the value itself.

    Looks into the instance and asks it nothing: a stub answers every name with a remote procedure.
    """
    try:
        own = object.__getattribute__(value, "__dict__")
        return own.get(member, value) if type(own) is dict else value
    except Exception:  # no instance dictionary: a proxy, or something with slots
        return value
